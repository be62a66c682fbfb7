"""CONV_2D: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import numpy as np

from mcusim.cost import CALL, Cost, Costing, Counts, Stream, Target, misaligned_rows, words
from mcusim.costs.drawing import INT4_WEIGHTS, INT8, INT16, INT16_SHORT_BIAS, Draw, Types, extent, one_of
from mcusim.costs.products import (
    SHORT_DEPTH,
    matrix,
    misaligned_values,
    misaligned_weights,
    packed,
    pairs,
)
from mcusim.costs.windows import Layer, draw_window, layer_of, unrolling
from mcusim.model import Model, Op
from mcusim.operands import bad
from mcusim.sketch import Sketch

MOST_DRAWN_WEIGHTS = 40_000
SHALLOW_SHARE = 0.06  # of layers with fewer products for an output than a word has


def _count(model: Model, op: Op, target: Target) -> Cost:
    layer = layer_of(model, op)
    input_c, group_c = layer.shape[3], layer.weights.shape[3]
    if input_c % group_c or layer.channels % (input_c // group_c):
        raise bad(op, f"has filters of {group_c} channels for {input_c} input and {layer.channels} output channels")
    if layer.kind != "s16" and layer.reach.is_1x1 and group_c == input_c:
        return _single_pixels(layer, target)
    if layer.kind == "s8":
        return unrolled("arm_convolve_s8", layer, target)
    if layer.kind == "s4":
        return _unrolled_s4(layer, target)
    bias = model.operand(op, 2)
    return _unrolled_s16(layer, target, is_long=bias is not None and bias.dtype == "int64")


def _single_pixels(layer: Layer, target: Target) -> Cost:
    """A filter of 1 × 1: with a stride every row of the output is a matrix, without all pixels are one."""
    (n, h, w, c), reach = layer.shape, layer.reach
    calls, rows, step, kernel = n * reach.output_h, reach.output_w, reach.stride_w * c, f"arm_convolve_1x1_{layer.kind}"
    if reach.stride_h == reach.stride_w == 1:
        calls, rows, step, kernel = 1, n * h * w, c, f"{kernel}_fast"
    if layer.kind == "s4":
        return _packed_matrix(kernel, layer, (calls, rows, step), target)
    return matrix(kernel, calls, rows, c, layer.channels, target, layer.weights.file_offset or 0, step)


def _packed_matrix(kernel: str, layer: Layer, sizes: tuple[int, int, int], target: Target) -> Cost:
    """Two rows by one channel of int4 at a time, eight weights at a time."""
    calls, rows, step = sizes
    depth, channels = layer.shape[3], layer.channels
    row_pairs = calls * pairs(rows)
    counts: Counts = {CALL: 1, "matrices": calls, "row_pairs": row_pairs, "row_pair_channels": row_pairs * channels}
    counts |= packed("weights", row_pairs, channels, depth, (8, 1))
    if target.dsp:
        counts["weights_misaligned"] = row_pairs * misaligned_weights(channels, depth)
        counts["values_misaligned"] = calls * misaligned_values(rows, step, channels, depth)
    weights = Stream(channels * depth // 2 + 4 * channels, row_pairs, 2 * depth, constant=True)
    values = Stream(2 * depth, channels, depth // 2, constant=False, repeats=row_pairs)
    return Cost(kernel, counts, (weights, values))


def _walk(layer: Layer) -> tuple[Counts, int, int, int]:
    """Loops over images, groups and rows; images of groups, channels of a group, and the elements of its filters."""
    group_c = layer.weights.shape[3]
    groups = layer.shape[3] // group_c
    images = layer.shape[0] * groups
    counts: Counts = {CALL: 1, "images": images, "rows": images * layer.reach.output_h}
    return counts, images, layer.channels // groups, layer.reach.filter_h * layer.reach.filter_w * group_c


def _streams(layer: Layer, images: int, channels: int, depth: int, column_pairs: float) -> tuple[Stream, Stream]:
    weight_bytes = depth // 2 if layer.kind == "s4" else depth
    values = Stream(
        layer.reach.filter_h * layer.shape[2] * layer.shape[3] * layer.element_bytes,
        images * layer.reach.output_h,
        channels * weight_bytes,
        constant=False,
    )
    return Stream(channels * (weight_bytes + 4), column_pairs, 4 * depth + 8 * channels, constant=True), values


def unrolled(kernel: str, layer: Layer, target: Target, upscale: tuple[int, int] = (1, 1)) -> Cost:
    """Windows unrolled into columns, two of them times two channels at a time.

    `upscale`: 2 where a row or column of zeros is thought behind each of the input.
    """
    counts, images, channels, depth = _walk(layer)
    column_pairs = images * pairs(layer.reach.output_h * layer.reach.output_w)
    tiles = column_pairs * pairs(channels)
    counts |= unrolling(layer, layer.weights.shape[3], target, upscale) | {"column_pairs": column_pairs, "tiles": tiles}
    counts |= words("product", tiles, depth, column_pairs * misaligned_rows(channels, depth, True), target)
    return Cost(kernel, counts, _streams(layer, images, channels, depth, column_pairs))


def _unrolled_s4(layer: Layer, target: Target) -> Cost:
    """Two columns times one channel of int4 at a time, eight weights at a time."""
    counts, images, channels, depth = _walk(layer)
    column_pairs = images * pairs(layer.reach.output_h * layer.reach.output_w)
    counts |= unrolling(layer, layer.weights.shape[3], target)
    counts |= {"column_pairs": column_pairs, "column_pair_channels": column_pairs * channels}
    counts |= packed("weights", column_pairs, channels, depth, (8, 1))
    if target.dsp:
        counts["weights_misaligned"] = column_pairs * misaligned_weights(channels, depth)
        # One of the two columns begins between words where they are odd.
        counts["columns_misaligned"] = counts["weights_8"] * (depth % 2)
    return Cost("arm_convolve_s4", counts, _streams(layer, images, channels, depth, column_pairs))


def _unrolled_s16(layer: Layer, target: Target, *, is_long: bool) -> Cost:
    """Two columns times two channels at a time, a column left over times one, with sums of 64 bits or of 32."""
    counts, images, channels, depth = _walk(layer)
    pixels = layer.reach.output_h * layer.reach.output_w
    column_pairs, singles = images * (pixels // 2), images * (pixels % 2)
    tiles = column_pairs * pairs(channels)
    short = min(depth, SHORT_DEPTH) if is_long else depth
    counts |= unrolling(layer, layer.weights.shape[3], target) | {"column_pairs": column_pairs, "tiles": tiles}
    counts |= words("product", tiles, short, column_pairs * misaligned_rows(channels, depth, True), target)
    if target.dsp:
        counts["columns_misaligned"] = counts["product_words"] * (depth % 2)
    if is_long:
        counts["long_elements"] = tiles * (depth - short)
    counts |= {"singles": singles, "single_channels": singles * channels, "single_elements": singles * channels * depth}
    kernel = "arm_convolve_s16" if is_long else "arm_convolve_s16 with sums of 32 bits"
    return Cost(kernel, counts, _streams(layer, images, channels, depth, column_pairs + singles))


def _drawn(types: Types) -> Draw:
    """Layers of any kind; of int16 without a bias some of those that sum in 32 bits."""

    def draw(sketch: Sketch, rng: np.random.Generator) -> None:
        is_1x1 = rng.random() < (0.1 if types.activations == "int16" else 0.45)
        filter_h, filter_w = (1, 1) if is_1x1 else (int(rng.integers(1, 6)), int(rng.integers(1, 6)))
        if not is_1x1 and rng.random() < 0.5:
            filter_h = filter_w = 3
        stride = int(rng.choice([1, 1, 1, 2, 2, 3] if not is_1x1 else [1, 1, 1, 2]))
        padding = str(rng.choice(["SAME", "VALID"])) if not is_1x1 else "SAME"
        c, channels = extent(rng, 1, 256 if is_1x1 else 128), extent(rng, 1, 128)
        if rng.random() < SHALLOW_SHARE:
            filter_h, filter_w, c = int(rng.integers(1, 3)), 1, 1
        groups = 1 if is_1x1 or rng.random() < 0.85 else int(rng.choice([2, 4]))
        while filter_h * filter_w * c * channels > MOST_DRAWN_WEIGHTS * groups:
            c, channels = max(1, c // 2), max(1, channels // 2)
        c, channels = -(-c // groups) * groups, -(-channels // groups) * groups
        draw_window(
            sketch,
            rng,
            "CONV_2D",
            (filter_h, filter_w),
            stride,
            padding,
            (c, channels),
            types,
            groups=groups,
            dilation=2 if stride == 1 and not is_1x1 and rng.random() < 0.1 else 1,
            batches=2 if rng.random() < 0.1 else 1,
            has_bias=types is not INT16_SHORT_BIAS or rng.random() < 0.5,
        )

    return draw


CONV_2D = Costing(
    _count,
    *one_of(
        (_drawn(INT8), 240),
        (_drawn(INT4_WEIGHTS), 180),
        (_drawn(INT16), 90),
        (_drawn(INT16_SHORT_BIAS), 70),
    ),
)
