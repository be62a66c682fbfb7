"""Alignments of layers: against brute force, and on the changes that people make to models."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim import alignment
from mcusim.alignment import Features, align


def layers(text):
    """One layer a word: operator, a name behind ":", a width behind "@"."""
    found = []
    for word in text.split():
        rest, _, width = word.partition("@")
        op, _, name = rest.partition(":")
        found.append(Features(op, name or op, (1, int(width or 1)), int(width or 1) * 10))
    return found


def told(before, after):
    aligned = align(layers(before), layers(after))
    return list(aligned.pairs), list(aligned.moved)


def test_the_same_layers_are_paired_one_by_one():
    assert told("a b c", "a b c") == ([(0, 0), (1, 1), (2, 2)], [])


def test_nothing_is_aligned_with_nothing():
    assert told("", "") == ([], [])
    assert told("a", "") == ([], [])


def test_a_layer_is_put_in_and_taken_out():
    assert told("conv:a pool:p conv:b", "conv:a pool:p conv:n@9 conv:b")[0] == [(0, 0), (1, 1), (2, 3)]
    assert told("conv:a conv:x@7 pool:p conv:b", "conv:a pool:p conv:b")[0] == [(0, 0), (2, 1), (3, 2)]


def test_a_layer_that_stands_elsewhere_is_moved():
    assert told("conv:a pool:p soft:s", "pool:p conv:a soft:s") == ([(1, 0), (2, 2)], [(0, 1)])


def test_names_that_shift_follow_their_shapes():
    """Putting a layer in renumbers Keras's names behind it."""
    before = "conv:c@8 conv:c_1@16 conv:c_2@32 soft"
    after = "conv:c@8 conv:c_1@99 conv:c_2@16 conv:c_3@32 soft"
    assert told(before, after)[0] == [(0, 0), (1, 2), (2, 3), (3, 4)]


def test_layers_of_other_shapes_follow_their_names():
    assert told("conv:a@8 conv:b@8 conv:c@8", "conv:b@4 conv:c@4")[0] == [(1, 0), (2, 1)]


def test_operators_are_never_paired_with_others():
    assert told("conv:a pool:b", "pool:a conv:b")[0] in ([(0, 1)], [(1, 0)])


def test_a_moved_layer_is_not_taken_for_a_new_one():
    """Without its name, the new convolution at the beginning would be as good."""
    pairs, moved = told("conv:a pool:p conv:b", "conv:x pool:p conv:a")
    assert moved == [(0, 2)]
    assert pairs == [(1, 1)]


words = st.lists(
    st.builds(Features, st.sampled_from("cp"), st.sampled_from("xyz"), st.sampled_from([(1,), (2,)]), st.just(0)),
    max_size=5,
)


def worth(one, other):
    if one.op != other.op:
        return 0
    agree = alignment.SHAPE * (one.shape == other.shape) + alignment.NAME * (one.name == other.name)
    return alignment.OPERATOR + agree + alignment.WORK * (one.macs == other.macs)


@settings(max_examples=60)
@given(words, words)
def test_the_most_alike_is_what_brute_force_finds(before, after):
    best = 0
    for count in range(min(len(before), len(after)) + 1):
        for rows in itertools.combinations(range(len(before)), count):
            for columns in itertools.combinations(range(len(after)), count):
                values = [worth(before[row], after[column]) for row, column in zip(rows, columns, strict=True)]
                best = max(best, sum(values))
    found = alignment._most_alike(before, after)
    assert sum(worth(before[row], after[column]) for row, column in found) == best
    assert all(worth(before[row], after[column]) for row, column in found)


@settings(max_examples=60)
@given(words, words)
def test_every_layer_is_paired_at_most_once(before, after):
    aligned = align(before, after)
    both = [*aligned.pairs, *aligned.moved]
    for side in (0, 1):
        assert len({pair[side] for pair in both}) == len(both)
        assert [pair[side] for pair in aligned.pairs] == sorted(pair[side] for pair in aligned.pairs)
    assert all(before[row].op == after[column].op for row, column in both)
    if before == after:
        assert aligned.pairs == tuple((index, index) for index in range(len(before)))


@settings(max_examples=60)
@given(words, words)
def test_halving_a_table_loses_nothing(before, after):
    whole = alignment._most_alike(before, after)
    kept = alignment.WHOLE_TABLE
    try:
        alignment.WHOLE_TABLE = 1
        halved = alignment._most_alike(before, after)
    finally:
        alignment.WHOLE_TABLE = kept
    values = [sum(worth(before[row], after[column]) for row, column in found) for found in (whole, halved)]
    assert values[0] == values[1]


@pytest.mark.slow
def test_ten_thousand_layers_that_all_differ():
    random = np.random.default_rng(1)
    before, after = (
        [Features("conv", f"{side}{index}", (int(random.integers(100)),), 0) for index in range(10_000)]
        for side in "ab"
    )
    found = sum(worth(before[row], after[column]) for row, column in align(before, after).pairs)
    in_turn = sum(worth(one, other) for one, other in zip(before, after, strict=True))
    assert found > in_turn > 10_000
