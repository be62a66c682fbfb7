"""Owners and buffers: what is new, gone or larger, and what is alive when the arena is fullest."""

import dataclasses

from run_variants import with_layers

from mcusim.byte_changes import Renames, at_peak, buffer_changes, buffer_words, owner_changes, renames
from mcusim.delta import OwnerChange
from mcusim.layer_changes import layer_changes
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


def renamed_tensors(layer):
    """The layer with other names of everything that it reads and writes."""
    inputs, outputs = (
        tuple(dataclasses.replace(one, name=f"v2/{one.name}") for one in tensors)
        for tensors in (layer.inputs, layer.outputs)
    )
    return dataclasses.replace(layer, name=f"v2/{layer.name}", inputs=inputs, outputs=outputs)


def test_tensors_are_told_by_the_layers_that_use_them(example_run):
    after = with_layers(example_run, [renamed_tensors(one) for one in example_run.layers])
    found = renames(example_run, after, layer_changes(example_run, after))
    assert found.tensors["layer_3/depthwise_conv_2d"] == "v2/layer_3/depthwise_conv_2d"
    assert len(set(found.tensors.values())) == len(found.tensors)
    before = [Owner("layer_3/depthwise_conv_2d", 100, "tensor")]
    assert owner_changes(before, [Owner("v2/layer_3/depthwise_conv_2d", 100, "tensor")], found) == ()


def test_layers_are_told_by_their_numbers():
    """The layer 4 is layer 5 after, and what was layer 5 is gone."""
    found = Renames({"a": "b"}, {4: 5})
    assert found.name("kernel data of layer 4 (CONV_2D)", "persistent") == "kernel data of layer 5 (CONV_2D)"
    assert found.name("scratch 0 of layer 5", "scratch") == "scratch 0 of former layer 5"
    assert found.name("layer 4", "tensor") == "layer 4"
    assert (found.name("a", "tensor"), found.name("b", "tensor")) == ("b", "b (before)")
