"""Layers whose window slides over an input: how they are drawn for a fit, and how their windows become columns."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim.cost import Counts, Target, copy, fill, misaligned, positions_inside, words
from mcusim.costs.drawing import Types, result, source, weights
from mcusim.errors import UnsupportedError
from mcusim.geometry import Window, slide, window
from mcusim.model import Model, Op, Tensor
from mcusim.operands import layer_name, operand, rank_4
from mcusim.operands import result as output_of
from mcusim.sketch import Sketch

MOST_DRAWN_MACS = 120_000
SINGLE_PIXEL_SHARE = 0.2
# Types of activations and weights, and what kernels for them are named.
KINDS = {("int8", "int8"): "s8", ("int8", "int4"): "s4", ("int16", "int8"): "s16"}


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution: its input [n, h, w, c], output channels, window, and the kernels' suffix for its types."""

    shape: tuple[int, int, int, int]
    weights: Tensor
    channels: int
    reach: Window
    kind: str

    @property
    def pixels(self) -> int:
        """Of the output, of all batches."""
        return self.shape[0] * self.reach.output_h * self.reach.output_w

    @property
    def element_bytes(self) -> int:
        """Of activations."""
        return 2 if self.kind == "s16" else 1


def kind_of(op: Op, source: Tensor, filters: Tensor) -> str:
    """What kernels for these types are named; UnsupportedError where there are none."""
    found = KINDS.get((source.dtype, filters.dtype))
    if found is None:
        raise UnsupportedError(f"{layer_name(op)}: {source.dtype} with {filters.dtype} weights is not counted")
    return found


def layer_of(model: Model, op: Op) -> Layer:
    """CONV_2D or DEPTHWISE_CONV_2D."""
    taken, filters, output = operand(model, op, 0, "input"), operand(model, op, 1, "weights"), output_of(model, op)
    n, h, w, c = rank_4(op, taken, "input")
    _, filter_h, filter_w, _ = rank_4(op, filters, "weights")
    reach = window(op, h, w, filter_h, filter_w, dilated=True)
    *_, channels = rank_4(op, output, "output")
    return Layer((n, h, w, c), filters, channels, reach, kind_of(op, taken, filters))


def inside(h: int, w: int, reach: Window, upscale: tuple[int, int] = (1, 1)) -> int:
    """Window positions inside the input over all output pixels; rows and columns that are thought between are not."""
    return positions_inside(
        reach.output_h, reach.stride_h, reach.pad_h, h, reach.filter_h, reach.dilation_h, upscale[0]
    ) * positions_inside(
        reach.output_w, reach.stride_w, reach.pad_w, w, reach.filter_w, reach.dilation_w, upscale[1]
    )  # fmt: skip


def unrolling(layer: Layer, group_c: int, target: Target, upscale: tuple[int, int] = (1, 1)) -> Counts:
    """Windows as columns of int16, one of each pixel and group: positions inside are widened, others filled with zeros.

    int16 is copied.
    """
    n, h, w, c = layer.shape
    groups = c // group_c
    windows, reach = layer.pixels * groups, layer.reach
    held = n * groups * inside(h, w, reach, upscale)
    outside = windows * reach.filter_h * reach.filter_w - held
    # Columns lie at even addresses, of which half are multiples of 4 where channels are odd.
    share = 0.5 if group_c % 2 else 1.0
    counts: Counts = {"windows": windows, "window_rows": windows * reach.filter_h, "inside": held}
    if layer.kind == "s16":
        counts |= copy("inside", held, 2 * group_c, _aligned_share(layer, group_c), target)
    else:
        counts |= words("inside", held, group_c, held * misaligned(c), target)
    return counts | fill("outside", outside, 2 * group_c, share, target)


def _aligned_share(layer: Layer, group_c: int) -> float:
    """The share of positions inside that are words of int16 in the input and in their column, of two behind each other.

    Where channels are odd, the number of the pixel and that of the position decide; they are taken of the first image
    and of its first group, beside which every other group of an even number of channels begins between words.
    """
    (_, h, w, c), reach = layer.shape, layer.reach
    if group_c % 2 == 0:
        return 1.0
    output_h, filter_h = np.divmod(np.arange(reach.output_h * reach.filter_h), reach.filter_h)
    output_w, filter_w = np.divmod(np.arange(reach.output_w * reach.filter_w), reach.filter_w)
    y = output_h * reach.stride_h - reach.pad_h + filter_h * reach.dilation_h
    x = output_w * reach.stride_w - reach.pad_w + filter_w * reach.dilation_w
    held_h, held_w = (y >= 0) & (y < h), (x >= 0) & (x < w)
    # Whether pixels and positions are odd, of rows and of columns by themselves: their sums are odd where they differ.
    odd_source = _differs((y * w * c)[held_h], (x * c)[held_w])
    position = reach.filter_h * reach.filter_w * (output_h * reach.output_w) + filter_h * reach.filter_w
    odd_column = _differs(position[held_h], (reach.filter_h * reach.filter_w * output_w + filter_w)[held_w])
    aligned = ~(odd_source | odd_column)
    return float(aligned.mean()) * (1.0 if c % 2 else 0.5) if aligned.size else 1.0


def _differs(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.not_equal.outer(one % 2, other % 2)


def draw_window(
    sketch: Sketch,
    rng: np.random.Generator,
    name: str,
    size: tuple[int, int],
    stride: int,
    padding: str,
    channels: tuple[int, int],
    types: Types,
    *,
    groups: int = 1,
    dilation: int = 1,
    batches: int = 1,
    has_bias: bool = True,
) -> None:
    """A convolution of so many input and output channels over an input as large as the work allows."""
    c, output_c = channels
    filter_h, filter_w = size
    depthwise = name == "DEPTHWISE_CONV_2D"
    depth = filter_h * filter_w * (1 if depthwise else c // groups)
    work = depth * output_c * (4 if depthwise else 1) * batches
    pixels = max(1, int(MOST_DRAWN_MACS * rng.random() ** 2 / work))
    pixels = 1 if rng.random() < SINGLE_PIXEL_SHARE else pixels
    side_h = max(1, int(math.sqrt(pixels * stride * stride) * float(rng.uniform(0.5, 1.5))))
    side_w = max(1, pixels * stride * stride // side_h)
    h, w = (
        min(64, side + (dilation * (filter_side - 1) + 1 if padding == "VALID" else 0))
        for side, filter_side in zip((side_h, side_w), size, strict=True)
    )
    output_h = slide(h, filter_h, stride, dilation, padding)[0]
    output_w = slide(w, filter_w, stride, dilation, padding)[0]
    taken = source(sketch, rng, (batches, h, w, c), types.activations)
    shape = (1, filter_h, filter_w, output_c) if depthwise else (output_c, filter_h, filter_w, c // groups)
    filters, bias = weights(sketch, rng, shape, output_c, 3 if depthwise else 0, types, per_channel=True)
    output = result(sketch, rng, (batches, output_h, output_w, output_c), depth, types)
    options: dict[str, object] = {"depth_multiplier": output_c // c} if depthwise else {}
    sketch.op(
        name,
        (taken, filters, bias) if has_bias else (taken, filters),
        (output,),
        stride_h=stride,
        stride_w=stride,
        padding=padding,
        dilation_h_factor=dilation,
        dilation_w_factor=dilation,
        fused_activation_function=str(rng.choice(["NONE", "RELU", "RELU6"])),
        **options,
    )
