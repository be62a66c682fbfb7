"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import math

import numpy as np

from mcusim.cost import (
    CALL,
    Cost,
    Costing,
    Counts,
    Stream,
    Target,
    fill,
    misaligned,
    misaligned_rows,
    positions_inside,
    words,
)
from mcusim.errors import UnsupportedError
from mcusim.geometry import Window, slide, window
from mcusim.model import Model, Op, Tensor
from mcusim.operands import layer_name, operand, result
from mcusim.sketch import Sketch

MOST_DRAWN_MACS = 120_000
MOST_DRAWN_WEIGHTS = 40_000
SINGLE_PIXEL_SHARE = 0.2


def _count_conv_2d(model: Model, op: Op, target: Target) -> Cost:
    source, filters, output = _tensors(model, op)
    n, h, w, c = source.shape
    _, filter_h, filter_w, group_c = filters.shape
    reach = window(op, h, w, filter_h, filter_w, dilated=True)
    channels = output.shape[3]
    if reach.is_1x1 and group_c == c:
        if reach.stride_h == reach.stride_w == 1:
            return _matrix("arm_convolve_1x1_s8_fast", 1, n * h * w, c, channels, target, filters.file_offset or 0)
        return _matrix(
            "arm_convolve_1x1_s8", n * reach.output_h, reach.output_w, c, channels, target, filters.file_offset or 0
        )
    return _unrolled("arm_convolve_s8", (n, h, w, c), channels, group_c, reach, target)


def _tensors(model: Model, op: Op) -> tuple[Tensor, Tensor, Tensor]:
    source, weights, output = operand(model, op, 0, "input"), operand(model, op, 1, "weights"), result(model, op)
    if (source.dtype, weights.dtype) != ("int8", "int8"):
        raise UnsupportedError(f"{layer_name(op)}: {source.dtype} with {weights.dtype} weights is not counted")
    return source, weights, output


def _matrix(kernel: str, calls: int, rows: int, depth: int, channels: int, target: Target, offset: int) -> Cost:
    """Two rows by two channels at a time; a single row is another kernel."""
    if rows == 1:
        return _vector("arm_convolve_1x1_s8 of single rows", calls, depth, channels, target)
    pairs, tiles = calls * _pairs(channels), calls * _pairs(channels) * _pairs(rows)
    counts: Counts = {CALL: 1, "matrices": calls, "channel_pairs": pairs, "tiles": tiles}
    runs = _pairs(rows) * misaligned_rows(channels, depth, True) + _pairs(channels) * misaligned_rows(rows, depth, True)
    counts |= words("product", tiles, depth, calls * runs, target)
    if not target.dsp:
        counts["constant_part_elements"] = pairs * depth
    weights = Stream(2 * depth, _pairs(rows), 2 * depth, constant=True, offset=offset, repeats=calls * _pairs(channels))
    values = Stream(rows * depth, pairs, 2 * depth, constant=False)
    return Cost(kernel, counts, (weights, values))


def _vector(kernel: str, calls: int, depth: int, channels: int, target: Target) -> Cost:
    """One row by two channels at a time with DSP instructions, else by three."""
    counts: Counts = {CALL: 1, "rows": calls}
    if target.dsp:
        counts["channel_pairs"] = calls * _pairs(channels)
        runs = calls * misaligned_rows(channels, depth, True) + _pairs(channels) * misaligned_rows(calls, depth)
        counts |= words("product", calls * _pairs(channels), depth, runs, target)
    else:
        for name, times in (("triples", calls * (channels // 3)), ("singles", calls * (channels % 3))):
            counts |= {name: times, f"{name}_elements": times * depth}
    return Cost(kernel, counts, (Stream(channels * (depth + 4), calls, depth, constant=True),))


def _unrolled(kernel: str, shape: tuple[int, ...], channels: int, group_c: int, reach: Window, target: Target) -> Cost:
    """Windows unrolled into columns, two of them times two channels at a time."""
    n, _, w, c = shape
    groups, positions = c // group_c, reach.filter_h * reach.filter_w
    group_channels, depth = channels // groups, positions * group_c
    windows = n * groups * reach.output_h * reach.output_w
    pairs = n * groups * _pairs(reach.output_h * reach.output_w)
    tiles = pairs * _pairs(group_channels)
    counts: Counts = {CALL: 1, "rows": n * groups * reach.output_h}
    counts |= _unrolling(windows, n * groups, shape, reach, group_c, target)
    counts |= {"column_pairs": pairs, "tiles": tiles} | words(
        "product", tiles, depth, pairs * misaligned_rows(group_channels, depth, True), target
    )
    between = 4 * depth + 8 * group_channels
    weights = Stream(group_channels * (depth + 4), pairs, between, constant=True)
    values = Stream(reach.filter_h * w * c, n * groups * reach.output_h, group_channels * depth, constant=False)
    return Cost(kernel, counts, (weights, values))


def _unrolling(
    windows: int, images: int, shape: tuple[int, ...], reach: Window, channels: int, target: Target
) -> Counts:
    """Windows as columns of int16: positions inside are widened, those outside filled with zeros."""
    _, h, w, c = shape
    inside = images * _inside(h, w, reach)
    outside = windows * reach.filter_h * reach.filter_w - inside
    counts: Counts = {"windows": windows, "window_rows": windows * reach.filter_h, "inside": inside}
    counts |= words("inside", inside, channels, inside * misaligned(c), target)
    counts |= fill("outside", outside, 2 * channels, 0.5 if channels % 2 else 1.0, target)
    return counts


def _inside(h: int, w: int, reach: Window) -> int:
    """Window positions inside the input over all output pixels."""
    return positions_inside(
        reach.output_h, reach.stride_h, reach.pad_h, h, reach.filter_h, reach.dilation_h
    ) * positions_inside(reach.output_w, reach.stride_w, reach.pad_w, w, reach.filter_w, reach.dilation_w)


def _count_depthwise_conv_2d(model: Model, op: Op, target: Target) -> Cost:
    source, filters, output = _tensors(model, op)
    n, h, w, c = source.shape
    _, filter_h, filter_w, _ = filters.shape
    reach = window(op, h, w, filter_h, filter_w, dilated=True)
    multiplier = output.shape[3] // c
    one = multiplier == n == reach.dilation_h == reach.dilation_w == 1
    if one and (filter_h, filter_w) == (3, 3) and max(reach.pad_h, reach.pad_w) <= 1:
        counts = _window_walk(source.shape, reach) | _channels("", c, 1, source.shape, reach, target)
        kernel = "arm_depthwise_conv_3x3_s8"
    elif one and target.dsp:
        counts = _column_walk(source.shape, reach, target)
        kernel = "arm_depthwise_conv_s8_opt"
    else:
        counts = _window_walk(source.shape, reach)
        pixels = counts["pixels"]
        counts["input_channels"] = pixels * c
        counts |= _channels("output_", multiplier, c, source.shape, reach, Target(False, True))
        kernel = "arm_depthwise_conv_s8"
    filter_bytes = filters.elements
    pixels = n * reach.output_h * reach.output_w
    weights = Stream(filter_bytes + 4 * output.shape[3], pixels, filter_bytes + 8 * c, constant=True)
    values = Stream(filter_h * w * c, n * reach.output_h, filter_bytes + 8 * c, constant=False)
    return Cost(kernel, counts, (weights, values))


def _window_walk(shape: tuple[int, ...], reach: Window) -> Counts:
    n = shape[0]
    rows = n * reach.output_h
    return {CALL: 1, "rows": rows, "pixels": rows * reach.output_w}


def _channels(name: str, channels: int, times: int, shape: tuple[int, ...], reach: Window, target: Target) -> Counts:
    """Four channels at a time and those left over: how often, their rows of the window and their positions."""
    n, h, w, c = shape
    pixels = n * reach.output_h * reach.output_w
    rows = (
        n
        * reach.output_w
        * positions_inside(reach.output_h, reach.stride_h, reach.pad_h, h, reach.filter_h, reach.dilation_h)
    )
    inside = n * _inside(h, w, reach)
    counts: Counts = {}
    for kind, count in ((f"{name}fours", times * (channels // 4)), (f"{name}ones", times * (channels % 4))):
        counts |= {kind: pixels * count, f"{kind}_rows": rows * count, f"{kind}_inside": inside * count}
    if target.dsp:
        counts["fours_misaligned"] = inside * (channels // 4) * misaligned(c)
    return counts


def _column_walk(shape: tuple[int, ...], reach: Window, target: Target) -> Counts:
    """Each window as a column of int16 once, then four channels at a time over all of its positions."""
    n, _, _, c = shape
    pixels, positions = n * reach.output_h * reach.output_w, reach.filter_h * reach.filter_w
    counts: Counts = {CALL: 1, "rows": n * reach.output_h}
    counts |= _unrolling(pixels, n, shape, reach, c, target)
    for name, count in (("fours", c // 4), ("ones", c % 4)):
        counts |= {name: pixels * count, f"{name}_positions": pixels * count * positions}
    return counts | {"fours_misaligned": pixels * positions * (c // 4) * misaligned(c)}


def _count_fully_connected(model: Model, op: Op, target: Target) -> Cost:
    source, weights, output = _tensors(model, op)
    channels, depth = weights.shape
    batches = source.elements // depth
    per_channel = weights.quantization is not None and weights.quantization.per_channel
    if per_channel and len(output.shape) > 2 and depth % 4 == 0:
        return _matrix("arm_convolve_1x1_s8_fast", 1, batches, depth, channels, target, weights.file_offset or 0)
    kernel = "arm_fully_connected_per_channel_s8" if per_channel else "arm_fully_connected_s8"
    return _vector(kernel, batches, depth, channels, target)


def _pairs(count: int) -> int:
    return (count + 1) // 2


def _draw_conv_2d(sketch: Sketch, rng: np.random.Generator) -> None:
    is_1x1 = rng.random() < 0.45
    filter_h, filter_w = (1, 1) if is_1x1 else (int(rng.integers(1, 6)), int(rng.integers(1, 6)))
    if not is_1x1 and rng.random() < 0.5:
        filter_h = filter_w = 3
    stride = int(rng.choice([1, 1, 1, 2, 2, 3] if not is_1x1 else [1, 1, 1, 2]))
    padding = str(rng.choice(["SAME", "VALID"])) if not is_1x1 else "SAME"
    c, channels = _extent(rng, 1, 256 if is_1x1 else 128), _extent(rng, 1, 128)
    while filter_h * filter_w * c * channels > MOST_DRAWN_WEIGHTS:
        c, channels = max(1, c // 2), max(1, channels // 2)
    _draw_window(sketch, rng, "CONV_2D", (filter_h, filter_w), stride, padding, c, channels)


def _draw_depthwise_conv_2d(sketch: Sketch, rng: np.random.Generator) -> None:
    filter_h, filter_w = (3, 3) if rng.random() < 0.5 else (int(rng.integers(1, 11)), int(rng.integers(1, 9)))
    padding = str(rng.choice(["SAME", "SAME", "VALID"]))
    stride = int(rng.choice([1, 1, 2]))
    multiplier = 1 if (filter_h, filter_w) == (3, 3) and rng.random() < 0.6 else int(rng.choice([1, 1, 1, 2, 4, 5, 8]))
    c = 1 if multiplier > 1 and rng.random() < 0.6 else _extent(rng, 1, 256 // multiplier)
    _draw_window(sketch, rng, "DEPTHWISE_CONV_2D", (filter_h, filter_w), stride, padding, c, c * multiplier)


def _draw_window(
    sketch: Sketch,
    rng: np.random.Generator,
    name: str,
    size: tuple[int, int],
    stride: int,
    padding: str,
    c: int,
    channels: int,
) -> None:
    """A convolution over an input as large as the work allows."""
    filter_h, filter_w = size
    depthwise = name == "DEPTHWISE_CONV_2D"
    depth = filter_h * filter_w * (1 if depthwise else c)
    work = depth * channels * (4 if depthwise else 1)
    pixels = max(1, int(MOST_DRAWN_MACS * rng.random() ** 2 / work))
    pixels = 1 if rng.random() < SINGLE_PIXEL_SHARE else pixels
    side_h = max(1, int(math.sqrt(pixels * stride * stride) * float(rng.uniform(0.5, 1.5))))
    side_w = max(1, pixels * stride * stride // side_h)
    h, w = (
        min(64, side + (filter_side if padding == "VALID" else 0))
        for side, filter_side in zip((side_h, side_w), size, strict=True)
    )
    output_h, output_w = slide(h, filter_h, stride, 1, padding)[0], slide(w, filter_w, stride, 1, padding)[0]
    source = _source(sketch, rng, (1, h, w, c))
    shape = (1, filter_h, filter_w, channels) if depthwise else (channels, filter_h, filter_w, c)
    weights, bias, scale = _weights(sketch, rng, shape, channels, depth, 3 if depthwise else 0, True)
    output = sketch.activation((1, output_h, output_w, channels), scale, int(rng.choice([-128, 0, 5])))
    options: dict[str, object] = {"depth_multiplier": channels // c} if depthwise else {}
    sketch.op(
        name,
        (source, weights, bias),
        (output,),
        stride_h=stride,
        stride_w=stride,
        padding=padding,
        dilation_h_factor=1,
        dilation_w_factor=1,
        fused_activation_function=str(rng.choice(["NONE", "RELU", "RELU6"])),
        **options,
    )


def _draw_fully_connected(sketch: Sketch, rng: np.random.Generator) -> None:
    per_channel = rng.random() < 0.3
    channels, depth = _extent(rng, 1, 256), _extent(rng, 1, 1024)
    while channels * depth > MOST_DRAWN_WEIGHTS:
        channels, depth = max(1, channels // 2), depth // 2
    batches = 1 if rng.random() < 0.8 else int(rng.integers(2, 5))
    source = _source(sketch, rng, (batches, depth))
    weights, bias, scale = _weights(sketch, rng, (channels, depth), channels, depth, 0, per_channel)
    output = sketch.activation((batches, channels), scale, int(rng.choice([-128, 0, 5])))
    sketch.op(
        "FULLY_CONNECTED",
        (source, weights, bias),
        (output,),
        weights_format="DEFAULT",
        keep_num_dims=False,
        fused_activation_function=str(rng.choice(["NONE", "RELU"])),
    )


def _extent(rng: np.random.Generator, least: int, most: int) -> int:
    """A number of channels: spread over the orders of magnitude, mostly a multiple of 4 as in real models."""
    drawn = round(math.exp(rng.uniform(math.log(least), math.log(most))))
    return min(most, -(-drawn // 4) * 4) if rng.random() < 0.6 and drawn > 2 else drawn


def _source(sketch: Sketch, rng: np.random.Generator, shape: tuple[int, ...]) -> int:
    return sketch.activation(shape, 0.1, int(rng.integers(-128, 20)))


def _weights(
    sketch: Sketch,
    rng: np.random.Generator,
    shape: tuple[int, ...],
    channels: int,
    depth: int,
    axis: int,
    per_channel: bool,
) -> tuple[int, int, float]:
    """Weights, bias, and a scale of the output that spreads it over int8."""
    scales = tuple(float(one) for one in rng.uniform(0.005, 0.02, channels if per_channel else 1))
    weights = sketch.constant(rng.integers(-127, 128, shape, dtype=np.int8), scales, axis)
    bias = sketch.constant(rng.integers(-2000, 2000, channels, dtype=np.int32))
    return weights, bias, 0.1 * 0.01 * math.sqrt(depth) * 74 * 74 / 60


CONV_2D = Costing(_count_conv_2d, _draw_conv_2d, 220)
DEPTHWISE_CONV_2D = Costing(_count_depthwise_conv_2d, _draw_depthwise_conv_2d, 140)
FULLY_CONNECTED = Costing(_count_fully_connected, _draw_fully_connected, 120)
