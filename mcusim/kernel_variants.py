"""A layer as executed → the kernel function that did it, and the conditions that keep it from a faster one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from mcusim.convolution import Convolution, convolution
from mcusim.geometry import slide
from mcusim.model import Model, Op
from mcusim.trace import Trace

WRAPPER = "_wrapper_"  # in the names of CMSIS-NN's functions that choose another
CMSIS_NN = "arm_"  # how the names of its functions begin
REFERENCE = "mcusim_"  # how the names of functions begin that CMSIS-NN lacks
WORD = 4  # int8 values that kernels take at a time

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What makes a layer free of a condition: new shapes by the operand's position, options, types, in words."""

    words: str
    output: Shape
    shapes: Mapping[int, Shape] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    dtypes: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blocked:
    """A faster function or path, what keeps a layer from it, and the change that would not; None: there is none."""

    variant: str
    condition: str
    change: Change | None


def variant_of(trace: Trace) -> str:
    """The function that a wrapper chose, one of its family before others; the function called where it is no wrapper.

    Wrappers into which a compiler has inlined their choice stand for themselves.
    """
    family, is_wrapper, _ = trace.entry.partition(WRAPPER)
    if not is_wrapper:
        return trace.entry
    entered, instructions = set[str](), Counter[str]()
    for edge in trace.edges:
        source, target = trace.blocks[edge.previous], trace.blocks[edge.block]
        instructions[target.function] += edge.count * len(target.instructions)
        if edge.previous >= 0 and source.function == trace.entry and target.function.startswith(CMSIS_NN):
            entered.add(target.function)
    # What the wrapper asks before it chooses takes a few instructions, where a compiler has not inlined it.
    others = sorted(entered - {trace.entry}, key=lambda name: (not name.startswith(family), -instructions[name], name))
    return others[0] if others else trace.entry


def blocked(model: Model, op: Op, variant: str) -> tuple[Blocked, ...]:
    """What keeps a layer, which the function `variant` did, from faster functions of CMSIS-NN; most telling first.

    Padding is none of it: the wrappers' conditions on it hold for every padding that TensorFlow Lite has, but for
    dilated 3 × 3 filters, and windows that reach over the border take no more cycles a multiply-accumulate than others.
    """
    if variant.startswith(REFERENCE):
        return (_reference(model, op, variant),)
    rules = RULES.get(op.name)
    return tuple(rules(model, op, variant)) if rules else ()


def _reference(model: Model, op: Op, variant: str) -> Blocked:
    """A layer of reference code: of operands that are broadcast, or of an operator that CMSIS-NN does not have."""
    output = model.tensors[op.outputs[0]]
    fast = BROADCAST.get(op.name)
    if fast is None or "broadcast" not in variant:
        return Blocked("", f"CMSIS-NN has no kernel for {op.name} of these types and zero points", None)
    change = Change("both operands of the output's shape", output.shape, {0: output.shape, 1: output.shape})
    return Blocked(f"{fast}_{SUFFIXES.get(output.dtype, 's8')}", "an operand is broadcast", change)


def _conv_2d(model: Model, op: Op, variant: str) -> Iterator[Blocked]:
    """arm_convolve_wrapper_s8 and _s4, which choose by strides, dilation and rows; _s16 has nothing to choose."""
    layer = convolution(model, op, channel_axis=0)
    if layer.input.dtype != "int8":
        return
    reach, group_c = layer.window, layer.filter.shape[3]
    n, h, w, c = layer.input.shape
    suffix = "s4" if layer.filter.dtype == "int4" else "s8"
    yield from _int4(layer, "arm_convolve_wrapper_s8")
    if group_c != c:
        yield _grouped(layer, f"arm_convolve_{suffix}")
    elif reach.is_1x1 and max(reach.stride_h, reach.stride_w) > 1:
        words, smaller = "stride 1, on an input of the output's size", {0: (n, reach.output_h, reach.output_w, c)}
        change = Change(words, layer.output.shape, smaller, {"stride_h": 1, "stride_w": 1})
        yield Blocked(f"arm_convolve_1x1_{suffix}_fast", f"stride {reach.stride_h}×{reach.stride_w}", change)
    yield from _dilated(layer, f"arm_convolve_{suffix}")
    more = -(-c // WORD) * WORD
    shapes: dict[int, Shape] = {0: (n, h, w, more), 1: (*layer.filter.shape[:3], more)}
    change = Change(f"input channels {c} → {more}", layer.output.shape, shapes)
    column, step = reach.filter_h * reach.filter_w * c, reach.stride_w * c
    if group_c == c and h == reach.filter_h == reach.dilation_w == 1 < reach.filter_w and step % WORD:
        yield Blocked(f"arm_convolve_1_x_n_{suffix}", f"windows {step} values apart, not a multiple of {WORD}", change)
    elif group_c == c and column % WORD:
        condition = f"windows of {column} values, not a multiple of {WORD}"
        yield Blocked(f"{variant} in whole words", condition, change)


def _depthwise_conv_2d(model: Model, op: Op, variant: str) -> Iterator[Blocked]:
    """arm_depthwise_conv_wrapper_s8, _s4 and _s16: the fast functions want one output channel for each input channel,
    no dilation, and those that are not of int16 one batch."""
    layer = convolution(model, op, channel_axis=3)
    (n, h, w, c), fast = layer.input.shape, _fast_depthwise(layer)
    yield from _int4(layer, "arm_depthwise_conv_wrapper_s8")
    if layer.channels != c:
        wider, options = {0: (n, h, w, layer.channels)}, {"depth_multiplier": 1}
        change = Change(f"input channels {c} → {layer.channels}", layer.output.shape, wider, options)
        yield Blocked(fast, f"{layer.channels // c} output channels for each input channel", change)
    if n != 1 and layer.input.dtype == "int8":
        change = Change("one batch", (1, *layer.output.shape[1:]), {0: (1, h, w, c)})
        yield Blocked(fast, f"{n} batches", change)
    yield from _dilated(layer, fast)
    if layer.channels == c and c % WORD and layer.input.dtype == "int8":
        more = -(-c // WORD) * WORD
        shapes: dict[int, Shape] = {0: (n, h, w, more), 1: (*layer.filter.shape[:3], more), 2: (more,)}
        change = Change(f"channels {c} → {more}", (*layer.output.shape[:3], more), shapes)
        yield Blocked(f"{variant} in whole words", f"{c} channels, not a multiple of {WORD}", change)


def _fast_depthwise(layer: Convolution) -> str:
    """The fast function for the layer's types and filter."""
    reach = layer.window
    if layer.input.dtype == "int16":
        return "arm_depthwise_conv_fast_s16"
    if layer.filter.dtype == "int4":
        return "arm_depthwise_conv_s4_opt"
    is_3x3 = (reach.filter_h, reach.filter_w) == (3, 3) and max(reach.pad_h, reach.pad_w) <= 1
    return "arm_depthwise_conv_3x3_s8" if is_3x3 else "arm_depthwise_conv_s8_opt"


def _fully_connected(model: Model, op: Op, variant: str) -> Iterator[Blocked]:
    """arm_fully_connected_s8: rows of weights in whole words."""
    source, weights = model.operand(op, 0), model.operand(op, 1)
    assert source is not None and weights is not None
    channels, depth = weights.shape
    output = model.tensors[op.outputs[0]].shape
    if weights.dtype == "int4":
        change = Change("int8 weights", output, dtypes={1: "int8"})
        yield Blocked("arm_fully_connected_s8", "int4 weights", change)
    if depth % WORD and source.dtype == "int8":
        more = -(-depth // WORD) * WORD
        change = Change(f"inputs {depth} → {more}", output, {0: (source.elements // depth, more), 1: (channels, more)})
        condition = f"rows of {depth} weights, not a multiple of {WORD}"
        yield Blocked(f"{variant} in whole words", condition, change)


def _grouped(layer: Convolution, faster: str) -> Blocked:
    """A convolution of which each output channel reads a group of input channels."""
    n, h, w, c = layer.input.shape
    group_c = layer.filter.shape[3]
    groups = c // group_c
    channels = layer.channels // groups
    change = Change(
        f"channels {c} → {group_c}: one group alone",
        (*layer.output.shape[:3], channels),
        {0: (n, h, w, group_c), 1: (channels, *layer.filter.shape[1:]), 2: (channels,)},
    )
    return Blocked(faster, f"{groups} groups", change)


def _int4(layer: Convolution, faster: str) -> Iterator[Blocked]:
    if layer.filter.dtype == "int4":
        yield Blocked(faster, "int4 weights", Change("int8 weights", layer.output.shape, dtypes={1: "int8"}))


def _dilated(layer: Convolution, faster: str) -> Iterator[Blocked]:
    reach, (n, h, w, _) = layer.window, layer.input.shape
    if (reach.dilation_h, reach.dilation_w) == (1, 1):
        return
    padding = str(layer.op.options["padding"])
    rows, _ = slide(h, reach.filter_h, reach.stride_h, 1, padding)
    columns, _ = slide(w, reach.filter_w, reach.stride_w, 1, padding)
    options = {"dilation_h_factor": 1, "dilation_w_factor": 1}
    change = Change("no dilation", (n, rows, columns, layer.channels), options=options)
    yield Blocked(faster, f"dilation {reach.dilation_h}×{reach.dilation_w}", change)


SUFFIXES: Mapping[str, str] = {"int8": "s8", "int16": "s16"}
BROADCAST: Mapping[str, str] = {"ADD": "arm_elementwise_add", "MUL": "arm_elementwise_mul"}
RULES: Mapping[str, Callable[[Model, Op, str], Iterator[Blocked]]] = {
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
    "FULLY_CONNECTED": _fully_connected,
}
