"""Windows that become columns, against visiting each position."""

import itertools

import pytest

from mcusim.cost import Target
from mcusim.costs.windows import Layer, inside, layer_of, unrolling
from mcusim.errors import UnsupportedError
from mcusim.geometry import Window, slide
from mcusim.sketch import Sketch

ARMV6M, DSP = Target(False, False), Target(True, True)


def layer(shape, filters=(3, 3), stride=1, dilation=1, kind="s16"):
    n, h, w, c = shape
    output_h, pad_h = slide(h, filters[0], stride, dilation, "SAME")
    output_w, pad_w = slide(w, filters[1], stride, dilation, "SAME")
    reach = Window(*filters, stride, stride, dilation, dilation, pad_h, pad_w, output_h, output_w)
    return Layer((n, h, w, c), None, 4, reach, kind)


def positions(of):
    """(pixel of the output, position in the window, row and column of the input) of one image."""
    reach = of.reach
    pixels = itertools.product(range(reach.output_h), range(reach.output_w))
    for pixel, (y, x) in enumerate(pixels):
        for number, (ky, kx) in enumerate(itertools.product(range(reach.filter_h), range(reach.filter_w))):
            row = y * reach.stride_h - reach.pad_h + ky * reach.dilation_h
            column = x * reach.stride_w - reach.pad_w + kx * reach.dilation_w
            yield pixel, number, row, column


def is_inside(of, row, column):
    return 0 <= row < of.shape[1] and 0 <= column < of.shape[2]


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("kind", ["s8", "s16"])
def test_each_position_is_taken_once(stride, dilation, kind):
    of = layer((2, 7, 6, 4), (3, 2), stride, dilation, kind)
    held = sum(is_inside(of, row, column) for _, _, row, column in positions(of))
    counts = unrolling(of, 2, DSP)
    assert counts["inside"] == 2 * 2 * held  # images and groups
    assert counts["inside"] + counts["outside"] == counts["windows"] * 6


@pytest.mark.parametrize("shape", [(1, 5, 6, 3), (1, 4, 5, 9), (1, 3, 3, 11)])
@pytest.mark.parametrize("filters", [(1, 1), (3, 3), (2, 3)])
@pytest.mark.parametrize("stride", [1, 2])
def test_odd_channels_of_int16_are_copied_between_words(shape, filters, stride):
    """Where a word cannot be read anywhere, memcpy takes bytes unless both addresses are multiples of 4."""
    of, (_, _, w, c) = layer(shape, filters, stride), shape
    size, depth = 2 * c, filters[0] * filters[1] * c
    copied_by_bytes = 0
    for pixel, number, row, column in positions(of):
        if is_inside(of, row, column):
            source, target = 2 * (row * w + column) * c, 2 * (pixel % 2 * depth + number * c)
            by_words = size >= 16 and source % 4 == target % 4 == 0
            copied_by_bytes += size % 4 if by_words else size
    assert unrolling(of, c, ARMV6M)["inside_bytes"] == pytest.approx(copied_by_bytes)


def test_rows_and_columns_that_are_thought_between():
    """Of an input of 3 × 2 with strides of 2: positions of a 5 × 3 input are there where both are even."""
    reach = Window(3, 3, 1, 1, 1, 1, 1, 1, 6, 4)
    expected = 0
    for y, x, ky, kx in itertools.product(range(6), range(4), range(3), range(3)):
        row, column = y - 1 + ky, x - 1 + kx
        expected += 0 <= row < 6 and 0 <= column < 4 and row % 2 == column % 2 == 0
    assert inside(3, 2, reach, (2, 2)) == expected


def test_other_types_are_not_counted():
    sketch = Sketch()
    source, weights = sketch.activation((1, 4, 4, 2), dtype="float32"), sketch.activation((2, 1, 1, 2), dtype="float32")
    options = {"stride_h": 1, "stride_w": 1, "padding": "SAME", "dilation_h_factor": 1, "dilation_w_factor": 1}
    sketch.op("CONV_2D", (source, weights), (sketch.activation((1, 4, 4, 2), dtype="float32"),), **options)
    model = sketch.model()
    with pytest.raises(UnsupportedError, match="float32 with float32 weights is not counted"):
        layer_of(model, model.ops[0])
