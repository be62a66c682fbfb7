"""DEPTHWISE_CONV_2D: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import numpy as np

from mcusim.cost import CALL, Cost, Costing, Counts, Stream, Target, misaligned, positions_inside, reached
from mcusim.costs.drawing import INT4_WEIGHTS, INT8, INT16, Draw, Types, extent, one_of
from mcusim.costs.windows import Layer, draw_window, inside, layer_of, unrolling
from mcusim.model import Model, Op
from mcusim.sketch import Sketch


def _count(model: Model, op: Op, target: Target) -> Cost:
    layer = layer_of(model, op)
    counts, kernel = _kernel(layer, target)
    c, reach = layer.shape[3], layer.reach
    weight_bytes = layer.weights.elements // (2 if layer.kind == "s4" else 1)
    weights = Stream(weight_bytes + 4 * layer.channels, layer.pixels, weight_bytes + 8 * c, constant=True)
    row_bytes = reach.filter_h * layer.shape[2] * c * layer.element_bytes
    values = Stream(row_bytes, layer.shape[0] * reach.output_h, weight_bytes + 8 * c, constant=False)
    return Cost(kernel, counts, (weights, values))


def _kernel(layer: Layer, target: Target) -> tuple[Counts, str]:
    (n, _, _, c), reach = layer.shape, layer.reach
    multiplier = layer.channels // c
    one = layer.kind != "s16" and multiplier == n == reach.dilation_h == reach.dilation_w == 1
    is_3x3 = (reach.filter_h, reach.filter_w) == (3, 3) and max(reach.pad_h, reach.pad_w) <= 1
    if one and layer.kind == "s8" and is_3x3:
        return _window_walk(layer) | _by_fours("", c, 1, layer, target.dsp), "arm_depthwise_conv_3x3_s8"
    if one and (target.dsp or layer.kind == "s4"):
        return _column_walk(layer, target), f"arm_depthwise_conv_{layer.kind}_opt"
    counts = _window_walk(layer) | {"input_channels": layer.pixels * c}
    if layer.kind == "s8":
        return counts | _by_fours("output_", multiplier, c, layer, False), "arm_depthwise_conv_s8"
    return counts | _inside("outputs", layer.channels, layer), f"arm_depthwise_conv_{layer.kind}"


def _window_walk(layer: Layer) -> Counts:
    return {CALL: 1, "rows": layer.shape[0] * layer.reach.output_h, "pixels": layer.pixels}


def _inside(name: str, channels: int, layer: Layer) -> Counts:
    """So many channels of each pixel, their rows of the window inside the input and their positions there.

    Loops over no row and over no column are shorter: dilated windows may reach over an input without touching it.
    """
    (n, h, w, _), reach = layer.shape, layer.reach
    along_h = reach.output_h, reach.stride_h, reach.pad_h, h, reach.filter_h, reach.dilation_h
    along_w = reach.output_w, reach.stride_w, reach.pad_w, w, reach.filter_w, reach.dilation_w
    rows = channels * n * positions_inside(*along_h)
    return {
        name: channels * layer.pixels,
        f"{name}_any_row": channels * n * reach.output_w * reached(*along_h),
        f"{name}_rows": rows * reach.output_w,
        f"{name}_any_column": rows * reached(*along_w),
        f"{name}_inside": channels * n * inside(h, w, reach),
    }


def _by_fours(name: str, channels: int, times: int, layer: Layer, by_words: bool) -> Counts:
    """Four channels at a time and those left over."""
    fours = _inside(f"{name}fours", times * (channels // 4), layer)
    counts = fours | _inside(f"{name}ones", times * (channels % 4), layer)
    if by_words:
        counts["fours_misaligned"] = fours["fours_inside"] * misaligned(layer.shape[3])
    return counts


def _column_walk(layer: Layer, target: Target) -> Counts:
    """Each window as a column of int16 once, then four channels at a time over all of its positions."""
    c, pixels = layer.shape[3], layer.pixels
    positions = layer.reach.filter_h * layer.reach.filter_w
    counts: Counts = {CALL: 1, "rows": layer.shape[0] * layer.reach.output_h}
    counts |= unrolling(layer, c, target)
    # Positions whose first channel lies in the high half of a byte, or between words of the column.
    odd = positions // 2 if c % 2 else 0
    for name, count in (("fours", c // 4), ("ones", c % 4)):
        counts |= {name: pixels * count, f"{name}_positions": pixels * count * positions}
        if layer.kind == "s4":
            counts[f"{name}_odd_positions"] = pixels * count * odd
    if layer.kind == "s8":
        counts["fours_misaligned"] = pixels * positions * (c // 4) * misaligned(c)
    return counts


def _drawn(types: Types) -> Draw:
    """Layers of one output channel an input channel, and of more."""

    def draw(sketch: Sketch, rng: np.random.Generator) -> None:
        size = (3, 3) if rng.random() < 0.5 else (int(rng.integers(1, 11)), int(rng.integers(1, 9)))
        padding = str(rng.choice(["SAME", "SAME", "VALID"]))
        stride = int(rng.choice([1, 1, 2]))
        multiplier = 1 if size == (3, 3) and rng.random() < 0.6 else int(rng.choice([1, 1, 1, 2, 4, 5, 8]))
        c = 1 if multiplier > 1 and rng.random() < 0.6 else extent(rng, 1, 256 // multiplier)
        draw_window(
            sketch,
            rng,
            "DEPTHWISE_CONV_2D",
            size,
            stride,
            padding,
            (c, c * multiplier),
            types,
            dilation=2 if stride == 1 and rng.random() < 0.1 else 1,
            batches=2 if rng.random() < 0.1 else 1,
        )

    return draw


DEPTHWISE_CONV_2D = Costing(_count, *one_of((_drawn(INT8), 200), (_drawn(INT4_WEIGHTS), 130), (_drawn(INT16), 50)))
