"""Counts of copies and fills against walking their addresses one by one."""

import itertools
from collections import Counter

import pytest

from mcusim.byte_runs import addresses, copies, fills, looped
from mcusim.cost import Target

WORDS_ANYWHERE, ALIGNED_ONLY = Target(True, True), Target(False, False)
SIZES = [1, 3, 4, 6, 7, 11, 15, 16, 17, 31, 32, 36, 48, 61, 200]
LOOPS = [((1, 0, 0),), ((3, 5, 8),), ((2, 12, 7), (11, 1, 4)), ((3, 40, 2), (2, 7, 9), (5, 3, 3))]


def walked(offsets, loops):
    """Every pair of addresses of nested loops."""
    for turns in itertools.product(*(range(times) for times, *_ in loops)):
        yield tuple(
            (offset + sum(turn * loop[1 + number] for turn, loop in zip(turns, loops, strict=True))) % 8
            for number, offset in enumerate(offsets)
        )


@pytest.mark.parametrize("loops", LOOPS)
@pytest.mark.parametrize("offsets", [(0, 0), (3, 6)])
def test_addresses(offsets, loops):
    places = Counter(walked(offsets, loops))
    found = dict(addresses(offsets, loops))
    assert found == pytest.approx({place: count / places.total() for place, count in places.items()})


@pytest.mark.parametrize("loops", LOOPS)
@pytest.mark.parametrize("size", SIZES)
def test_every_byte_is_copied_once(size, loops):
    times = sum(1 for _ in walked((1, 2), loops))
    words = copies("x", size, loops, (1, 2), WORDS_ANYWHERE)
    assert 16 * words["x_16"] + 4 * words["x_words"] + words["x_rest"] == times * size
    aligned = Counter(copies("x", size, loops, (1, 2), ALIGNED_ONLY))
    by_words = 16 * (aligned["x_16"] + aligned["x_paired_16"]) + 4 * (aligned["x_words"] + aligned["x_short_words"])
    assert by_words + aligned["x_bytes"] + aligned["x_short_rest"] == pytest.approx(times * size)


@pytest.mark.parametrize("loops", [((1, 0),), ((5, 3),), ((4, 20), (3, 6))])
@pytest.mark.parametrize("size", SIZES)
def test_every_byte_is_filled_once(size, loops):
    times = sum(1 for _ in walked((5,), loops))
    words = fills("x", size, loops, 5, WORDS_ANYWHERE)
    assert 16 * words["x_16"] + 4 * words["x_words"] + words["x_rest"] == times * size
    aligned = Counter(fills("x", size, loops, 5, ALIGNED_ONLY))
    by_words = 16 * (aligned["x_16"] + aligned["x_paired_16"]) + 4 * aligned["x_rest_words"] + aligned["x_lead"]
    assert by_words + aligned["x_bytes"] == pytest.approx(times * size)


def test_nothing_is_a_call_all_the_same():
    assert copies("x", 0, ((3, 1, 1),), (0, 0), WORDS_ANYWHERE) == {"x_empty": 3}
    assert fills("x", 0, ((3, 1),), 0, ALIGNED_ONLY) == {"x_empty": 3}


def test_further_accesses_of_loads():
    """A word at an odd address takes two more, at address % 4 = 2 one (Cortex-M4 TRM DDI 0439D, section 3.3.2)."""
    for offset, each in ((0, 0), (1, 2), (2, 1), (3, 2)):
        assert copies("x", 8, ((1, 0, 0),), (offset, 1), WORDS_ANYWHERE)["x_extra_accesses"] == 2 * each


@pytest.mark.parametrize("size", [1, 6, 7, 8, 23])
def test_loops_over_elements(size):
    found = Counter(looped("x", 2, size))
    assert found["x_elements"] == 2 * size
    assert found["x_few"] + found["x_rest"] == 2 * (size if size <= 6 else size % 4)
