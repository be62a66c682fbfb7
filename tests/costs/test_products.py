"""Loops of products against walking them as the C kernels do."""

import itertools

import pytest

from mcusim.cost import Target
from mcusim.costs.products import (
    by_threes,
    matrix,
    misaligned_values,
    misaligned_weights,
    packed,
    vector_counts,
)

DSP, PLAIN = Target(True, True), Target(False, True)
SIZES = list(itertools.product((1, 2, 3, 7, 8), (1, 2, 7, 8, 9, 17, 24, 31)))


def walked(channels, depth):
    """What multiply_1x2 of mcusim_nn_mat_mult_nt_t_s4.c does: (first element of a row, heads, eights' starts, rest)."""
    for channel in range(channels):
        element, end = channel * depth, (channel + 1) * depth
        head = element & 1
        starts = list(range(element + head, end - 7, 8))
        yield element, head, starts, depth - head - 8 * len(starts)


@pytest.mark.parametrize(("channels", "depth"), SIZES)
def test_rows_of_packed_weights(channels, depth):
    rows = list(walked(channels, depth))
    assert packed("x", 3, channels, depth, (8, 1)) == {
        "x_heads": 3 * sum(head for _, head, _, _ in rows),
        "x_8": 3 * sum(len(starts) for _, _, starts, _ in rows),
        "x_8_any": 3 * sum(bool(starts) for _, _, starts, _ in rows),
        "x_1": 3 * sum(rest for *_, rest in rows),
        "x_1_any": 3 * sum(rest > 0 for *_, rest in rows),
    }


@pytest.mark.parametrize(("channels", "depth"), SIZES)
def test_blocks_of_packed_weights_cover_each_weight_once(channels, depth):
    counts = packed("x", 1, channels, depth, (4, 2, 1))
    weights = counts["x_heads"] + 4 * counts["x_4"] + 2 * counts["x_2"] + counts["x_1"]
    assert weights == channels * depth


@pytest.mark.parametrize(("channels", "depth"), SIZES)
def test_words_of_packed_weights_between_words(channels, depth):
    starts = [start for row in walked(channels, depth) for start in row[2]]
    assert misaligned_weights(channels, depth) == sum(start // 2 % 4 != 0 for start in starts)


@pytest.mark.parametrize(("channels", "depth"), SIZES)
@pytest.mark.parametrize(("rows", "step"), [(1, 8), (2, 9), (3, 6), (5, 4)])
def test_values_beside_packed_weights_between_words(channels, depth, rows, step):
    paired = [*range(rows), *([rows - 1] if rows % 2 else [])]
    places = [
        row * step + start - element
        for element, _, starts, _ in walked(channels, depth)
        for start in starts
        for row in paired
    ]
    assert misaligned_values(rows, step, channels, depth) == sum(place % 4 != 0 for place in places)


def test_three_rows_at_a_time():
    assert by_threes(2, 10, 8) == {"triples": 4, "triples_elements": 40, "singles": 4, "singles_elements": 40}


@pytest.mark.parametrize(("rows", "depth", "channels"), [(1, 7, 5), (4, 8, 2), (3, 6, 1)])
def test_products_of_a_vector(rows, depth, channels):
    """Every product once without DSP instructions; with them an odd last channel twice."""
    plain = vector_counts(rows, depth, channels, PLAIN)
    assert 3 * plain["triples_elements"] + plain["singles_elements"] == rows * depth * channels
    dsp = vector_counts(rows, depth, channels, DSP)
    assert 2 * (4 * dsp["product_words"] + dsp["product_rest"]) == rows * depth * (channels + channels % 2)


def test_products_of_a_matrix():
    """Of 5 rows and 3 channels: six pairs of rows and channels, of 2 words and 1 byte each."""
    counts = matrix("x", 1, 5, 9, 3, DSP, 0).counts
    assert (counts["tiles"], counts["product_words"], counts["product_rest"]) == (6, 12, 6)
    # Rows begin at 0, 9, 18, 27 and 36, where the last is paired with itself; channels at 0, 9 and 18, and again.
    assert counts["product_misaligned"] == (2 * 3 + 3 * 3) * 2


def test_one_row_is_another_kernel():
    assert matrix("x", 4, 1, 8, 8, DSP, 0).kernel == "arm_convolve_1x1_s8 of single rows"
