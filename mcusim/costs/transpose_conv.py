"""TRANSPOSE_CONV: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from mcusim.cost import CALL, Cost, Costing, Counts, Stream, Target, copy, fill, misaligned, positions_inside, words
from mcusim.costs.convolution import unrolled
from mcusim.costs.drawing import INT8, INT16, Draw, Types, extent, one_of, result, source, weights
from mcusim.costs.products import pairs
from mcusim.costs.windows import Layer, kind_of
from mcusim.geometry import Window, window
from mcusim.model import Model, Op
from mcusim.operands import operand, rank_4
from mcusim.operands import result as output_of
from mcusim.sketch import Sketch

INPUT = 2  # behind the output's shape and the filter
REVERSED_STRIDE, REVERSED_CHANNELS = 2, 16  # at most, and more, where kernels convolve with the reversed filter
MOST_DRAWN_MACS, MOST_DRAWN_WEIGHTS = 100_000, 30_000


def _count(model: Model, op: Op, target: Target) -> Cost:
    taken, filters, output = operand(model, op, INPUT, "input"), operand(model, op, 1, "filter"), output_of(model, op)
    _, filter_h, filter_w, _ = rank_4(op, filters, "filter")
    _, output_h, output_w, channels = rank_4(op, output, "output")
    # The window of the convolution that this one is the reverse of: its pixels are those of the input here.
    reach = window(op, output_h, output_w, filter_h, filter_w, dilated=False)
    layer = Layer(rank_4(op, taken, "input"), filters, channels, reach, kind_of(op, taken, filters))
    if layer.kind == "s16":
        return _count_s16(layer, (output_h, output_w))
    if max(reach.stride_h, reach.stride_w) <= REVERSED_STRIDE and layer.shape[3] > REVERSED_CHANNELS:
        return _reversed(layer, (output_h, output_w), target)
    return _by_pixels(layer, (output_h, output_w), target)


def _reversed(layer: Layer, size: tuple[int, int], target: Target) -> Cost:
    """The filter's positions in opposite order, then a convolution over the input with zeros in between."""
    reach, c = layer.reach, layer.shape[3]
    forward = Window(
        filter_h=reach.filter_h,
        filter_w=reach.filter_w,
        stride_h=1,
        stride_w=1,
        dilation_h=1,
        dilation_w=1,
        pad_h=reach.filter_h - 1 - reach.pad_h,
        pad_w=reach.filter_w - 1 - reach.pad_w,
        output_h=size[0],
        output_w=size[1],
    )
    cost = unrolled(
        "arm_convolve_s8 of the reversed filter",
        dataclasses.replace(layer, reach=forward),
        target,
        (reach.stride_h, reach.stride_w),
    )
    positions = reach.filter_h * reach.filter_w
    places = [(place, positions - 1 - place) for place in range(positions)]
    aligned = sum(
        all((channel * positions + place) * c % 4 == 0 for place in both) for channel in range(4) for both in places
    )
    copied = copy("reversed", layer.channels * positions, c, aligned / (4 * positions), target)
    # The filter is read from its constant once, and from the arena by the convolution.
    weights, values = cost.streams
    streams = Stream(layer.weights.elements, 1, 0, constant=True), dataclasses.replace(weights, constant=False), values
    return Cost(cost.kernel, {"filters": layer.channels, **cost.counts, **copied}, streams)


def _by_pixels(layer: Layer, size: tuple[int, int], target: Target) -> Cost:
    """Each input pixel times two filters at a time, added to rows of sums."""
    (n, h, w, c), reach, channels = layer.shape, layer.reach, layer.channels
    # Rows of the input whose sums the output reaches.
    used = min(h, -(-(size[0] + reach.pad_h) // reach.stride_h))
    pixel_rows = n * used * w * reach.filter_h
    channel_pairs = pixel_rows * pairs(channels)
    dots = channel_pairs * reach.filter_w
    sums_bytes = 4 * ((w - 1) * reach.stride_w + reach.filter_w) * channels
    left = n * (size[0] + reach.pad_h)
    counts: Counts = {
        CALL: 1,
        "images": n,
        "rows": left,
        "pixels": n * used * w,
        "pixel_rows": pixel_rows,
        "channel_pairs": channel_pairs,
        "dots": dots,
        "dots_of_two": pixel_rows * (channels // 2) * reach.filter_w,
        "output_pixels": n * size[0] * size[1],
        "outputs": n * size[0] * size[1] * channels,
    }
    # Of three words of a step one is the pixel's, two are the filters'.
    counts |= words("product", dots, c, 3 * dots * misaligned(c), target)
    cleared = fill("cleared", left, sums_bytes, 1.0, target)
    ring = fill("cleared", n, sums_bytes * max(reach.filter_h, reach.stride_h), 1.0, target)
    counts |= {name: cleared[name] + ring[name] for name in cleared}
    filters = Stream(layer.weights.elements, n * used * w, c + sums_bytes, constant=True)
    values = Stream(n * h * w * c, 1, 0, constant=False)
    return Cost("arm_transpose_conv_s8", counts, (filters, values))


def _count_s16(layer: Layer, size: tuple[int, int]) -> Cost:
    """Each input element times each position of all filters, where the output has that position."""
    (n, h, w, c), reach, channels = layer.shape, layer.reach, layer.channels
    elements = n * h * w * c
    along_h = positions_inside(h, reach.stride_h, reach.pad_h, size[0], reach.filter_h, 1)
    along_w = positions_inside(w, reach.stride_w, reach.pad_w, size[1], reach.filter_w, 1)
    outputs = n * size[0] * size[1] * channels
    counts: Counts = {
        CALL: 1,
        "pixels": n * h * w,
        "elements": elements,
        "element_rows": elements * reach.filter_h,
        "positions": elements * reach.filter_h * reach.filter_w,
        "inside": n * c * along_h * along_w,
        "products": n * c * along_h * along_w * channels,
        "output_pixels": n * size[0] * size[1],
        "outputs": outputs,
        "cleared_16": outputs / 2,
    }
    # Each element of the input takes what is its channel's of the filters, which lies in steps of all channels.
    filters = Stream(layer.weights.elements, elements, 2 * c + 8 * channels, constant=True, step=c)
    sums = Stream(8 * outputs, reach.filter_h * c, layer.weights.elements, constant=False)
    return Cost("mcusim_transpose_conv_s16", counts, (filters, sums))


def _drawn(types: Types, *, of_reversed: bool = False) -> Draw:
    """Strides that differ now and then; `of_reversed`: what is done by the reversed filter."""

    def draw(sketch: Sketch, rng: np.random.Generator) -> None:
        filters = [int(one) for one in rng.integers(1, 6, 2)]
        longest = REVERSED_STRIDE if of_reversed else 3
        strides = [int(rng.integers(1, longest + 1))] * 2
        if rng.random() < 0.2:
            strides = [int(one) for one in rng.integers(1, longest + 1, 2)]
        padding = str(rng.choice(["SAME", "VALID"]))
        least, most = (REVERSED_CHANNELS + 1, 96) if of_reversed else (1, 96 if max(strides) > REVERSED_STRIDE else 16)
        c, channels = extent(rng, least, most), extent(rng, 1, 64)
        while math.prod(filters) * c * channels > MOST_DRAWN_WEIGHTS and (c > least or channels > 1):
            c, channels = max(least, c // 2), max(1, channels // 2)
        work = math.prod(filters) * c * channels * (math.prod(strides) if of_reversed else 1)
        pixels = max(1, int(MOST_DRAWN_MACS * (0.3 if types is INT16 else 1.0) * rng.random() ** 2 / work))
        h = max(1, min(24, int(math.sqrt(pixels) * float(rng.uniform(0.5, 1.5)))))
        w = max(1, min(24, pixels // h))
        n = 2 if rng.random() < 0.1 else 1
        output_h, output_w = (
            side * stride if padding == "SAME" else (side - 1) * stride + filter_side
            for side, stride, filter_side in zip((h, w), strides, filters, strict=True)
        )
        shape = sketch.constant(np.array((n, output_h, output_w, channels), np.int32))
        taken = source(sketch, rng, (n, h, w, c), types.activations)
        kernel, bias = weights(sketch, rng, (channels, *filters, c), channels, 0, types, per_channel=True)
        depth = max(1, c * math.prod(filters) // math.prod(strides))
        output = result(sketch, rng, (n, output_h, output_w, channels), depth, types)
        sketch.op(
            "TRANSPOSE_CONV",
            (shape, kernel, taken, bias),
            (output,),
            stride_h=strides[0],
            stride_w=strides[1],
            padding=padding,
            fused_activation_function="NONE",
        )

    return draw


TRANSPOSE_CONV = Costing(_count, *one_of((_drawn(INT8), 70), (_drawn(INT8, of_reversed=True), 60), (_drawn(INT16), 40)))
