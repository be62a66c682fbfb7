"""Owners and buffers: what is new, gone or larger, and what is alive when the arena is fullest."""

from mcusim.byte_changes import at_peak, buffer_changes, buffer_words, owner_changes
from mcusim.delta import OwnerChange
from mcusim.record import ArenaBuffer, Owner


def buffer(name, size, first, last, kind="intermediate"):
    return ArenaBuffer(name, kind, 0, size, size, first, last)


def test_owners_that_differ():
    before = (Owner("a", 10, "tensor"), Owner("a", 5, "tensor"), Owner("b", 7, "code"), Owner("free", 9, "free"))
    after = (Owner("a", 15, "tensor"), Owner("b", 3, "code"), Owner("b", 4, "tensor"), Owner("free", 1, "free"))
    assert owner_changes(before, after) == (OwnerChange("b", "code", 7, 3), OwnerChange("b", "tensor", 0, 4))


def test_the_fullest_moment():
    """At moment 2 lie 30 bytes, at 1 and 3 20; a tensor that nothing uses lies nowhere."""
    buffers = (buffer("a", 10, 0, 2), buffer("b", 10, 1, 3), buffer("c", 10, 2, 3), buffer("unused", 99, -1, -1))
    assert at_peak(buffers) == {(name, "intermediate") for name in "abc"}
    assert at_peak(()) == set()


def test_buffers_that_are_new_gone_or_live_longer():
    before = (buffer("a", 10, 0, 1), buffer("gone", 20, 1, 1), buffer("same", 5, 1, 2))
    after = (buffer("a", 10, 0, 3), buffer("new", 30, 2, 2), buffer("same", 5, 2, 3))
    words = [buffer_words(one) for one in buffer_changes(before, after)]
    assert words == [
        "new intermediate new, 30 bytes",
        "intermediate a, 10 bytes, lives longer (2 → 4 layers)",
        "intermediate gone of 20 bytes is gone",
    ]
    assert buffer_words(buffer_changes((buffer("a", 10, 0, 1),), (buffer("a", 16, 0, 1),))[0]) == (
        "intermediate a 10 → 16 bytes"
    )


def test_buffers_of_one_name_are_told_by_their_order():
    twice = (buffer("a", 10, 0, 1), buffer("a", 10, 2, 3))
    (change,) = buffer_changes(twice, (twice[0], buffer("a", 12, 2, 3)))
    assert (change.before, change.after) == (10, 12)
