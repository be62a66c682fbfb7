"""Counts of loops against plain counting."""

import itertools

import pytest

from mcusim.cost import Target, copy, fill, misaligned, misaligned_rows, positions_inside, reached, words

DSP, PLAIN, ARMV6M = Target(True, True), Target(False, True), Target(False, False)


@pytest.mark.parametrize("rows", range(1, 12))
@pytest.mark.parametrize("step", range(1, 9))
def test_misaligned_rows(rows, step):
    addresses = [row * step for row in range(rows)]
    assert misaligned_rows(rows, step) == sum(address % 4 != 0 for address in addresses)
    paired = addresses + addresses[-1:] * (rows % 2)
    assert misaligned_rows(rows, step, in_pairs=True) == sum(address % 4 != 0 for address in paired)


@pytest.mark.parametrize("step", range(1, 9))
def test_misaligned_is_the_share_of_many(step):
    assert misaligned(step) == misaligned_rows(400, step) / 400


def test_positions_inside():
    for output, stride, pad, size, kernel, dilation in itertools.product(
        (1, 3), (1, 2), (0, 1, 4), (1, 5), (1, 3), (1, 2)
    ):
        places = [out * stride - pad + k * dilation for out in range(output) for k in range(kernel)]
        expected = sum(0 <= place < size for place in places)
        assert positions_inside(output, stride, pad, size, kernel, dilation) == expected
        windows = [places[at : at + kernel] for at in range(0, len(places), kernel)]
        touching = sum(any(0 <= place < size for place in window) for window in windows)
        assert reached(output, stride, pad, size, kernel, dilation) == touching


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 31, 36, 200])
@pytest.mark.parametrize("target", [DSP, ARMV6M])
@pytest.mark.parametrize("aligned", [1.0, 0.0])
def test_every_byte_is_filled_and_copied_once(size, target, aligned):
    filled = fill("x", 3, size, aligned, target)
    assert 16 * filled["x_16"] + filled["x_bytes"] == 3 * size
    copied = copy("x", 3, size, aligned, target)
    assert 16 * copied["x_16"] + 4 * copied["x_words"] + copied["x_bytes"] == 3 * size


def test_armv6m_copies_what_is_not_aligned_byte_by_byte():
    assert copy("x", 2, 64, 0.0, ARMV6M)["x_bytes"] == 128
    assert copy("x", 2, 64, 0.0, PLAIN) == copy("x", 2, 64, 1.0, PLAIN) | {"x_misaligned": 32.0}


def test_words_with_and_without_dsp():
    assert words("x", 5, 7, 2, DSP) == {
        "x_words": 5,
        "x_has_words": 5,
        "x_rest": 15,
        "x_has_rest": 5,
        "x_misaligned": 2,
    }
    assert words("x", 5, 7, 2, PLAIN) == {"x_elements": 35}
