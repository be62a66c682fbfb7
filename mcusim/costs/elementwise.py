"""Operators of one operand or none that work element by element: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mcusim import likely
from mcusim.byte_runs import fills, looped
from mcusim.call_costs import Arguments, Counted, by_calls, refuse, whole
from mcusim.cost import CALL, Cost, Costing, Stream, Target
from mcusim.layer_drawing import FEWEST_OF_VALUES, int32s, picked, quantized, shape_of, sizes_of
from mcusim.model import Model, Op
from mcusim.operands import same_shape
from mcusim.sketch import Sketch

Function = Callable[[Arguments, Target], Counted]
Pairs = Sequence[tuple[str, str]]  # types of input and output


def _size(arguments: Arguments) -> int:
    """The number of elements, which stands before the output in all of these functions."""
    return whole(arguments[-2])


def _linear(arguments: Arguments, target: Target) -> Counted:
    return "", {"elements": _size(arguments)}, {}


def _requantized(position: int, arguments: Arguments, target: Target) -> Counted:
    """CMSIS-NN's rounding takes one way to shift to the left, another to the right; `position`: of the shift."""
    return "", {"elements" if whole(arguments[position]) >= 0 else "shifted_right": _size(arguments)}, {}


def _signed(dtype: str, arguments: Arguments, target: Target) -> Counted:
    """Negative numbers are rounded in other ways."""
    size = _size(arguments)
    negative = size * likely.negative_share(whole(arguments[1]), dtype)
    signs = {"positive": size - negative, "negative": negative}
    return "", {"elements": float(size)} | signs, dict.fromkeys(signs, (0.0, float(size)))


def _absolute(arguments: Arguments, target: Target) -> Counted:
    return "", {"rescaled" if whole(arguments[3]) else "elements": _size(arguments)}, {}


def _hard_swish(arguments: Arguments, target: Target) -> Counted:
    """An input that is wide enough to leave [-3, 3] is shifted to the left, saturating; values beyond are quicker."""
    size = _size(arguments)
    if whole(arguments[6]) <= 0:
        return "", {"elements": size}, {}
    above, below = (size * one for one in likely.saturated_shares(*(whole(arguments[one]) for one in (1, 5, 6))))
    counts = {"above": above, "below": below, "inside": size - above - below}
    return "", counts, {name: (0.0, float(size)) for name in counts}


def _sigmoid(parts: int, arguments: Arguments, target: Target) -> Counted:
    """Inputs beyond the radius have no exponential."""
    size = _size(arguments)
    zero_point, radius, multiplier, shift = (whole(one) for one in arguments[1:5])
    positive, negative, factors = (
        size * share for share in likely.sigmoid_shares(zero_point, radius, multiplier, shift, parts)
    )
    counts = {"elements": float(size), "positive": positive, "negative": negative, "factors": factors}
    most = factors / (positive + negative) * size if positive + negative else 0.0
    if positive + negative > 0.95 * size:
        return "", counts, {}
    return "", counts, {"positive": (0.0, size / 2), "negative": (0.0, size / 2), "factors": (0.0, most)}


def _sigmoid_by_table(entry_bits: int, arguments: Arguments, target: Target) -> Counted:
    size = _size(arguments)
    inside = size * likely.table_share(whole(arguments[1]), whole(arguments[2]), entry_bits)
    spread = {} if inside > 0.95 * size else {"in_table": (0.0, float(size))}
    return "", {"elements": size, "in_table": inside}, spread


def _root(dtype: str, arguments: Arguments, target: Target) -> Counted:
    size = _size(arguments)
    above_1, steps = (size * share for share in likely.root_shares(whole(arguments[1]), dtype))
    counts = {"elements": float(size), "roots": above_1, "steps": steps}
    return "", counts, {"roots": (0.0, float(size)), "steps": (0.0, 14.0 * size)}


def _count_elu(model: Model, op: Op, target: Target) -> Cost:
    """By elements, without the table that a call takes: to compute that is slower than all else here."""
    source, _ = same_shape(model, op)
    refuse(model, op)
    stream = Stream(source.elements, 1, 0, source.is_constant, source.file_offset or 0)
    return Cost("mcusim_elu_s8", {CALL: 1.0, "elements": source.elements}, (stream,))


def _fill(arguments: Arguments, target: Target) -> Counted:
    return f" of {whole(arguments[1])} bytes", looped("filled", 1, whole(arguments[2])), {}


def _zeros_like(arguments: Arguments, target: Target) -> Counted:
    return "", fills("filled", whole(arguments[0]), ((1, 0),), 0, target), {}


def _shape(arguments: Arguments, target: Target) -> Counted:
    return "", {"elements": whole(arguments[1])}, {}


def _cast(arguments: Arguments, target: Target) -> Counted:
    """Types are numbered in the order of mcusim_type."""
    return f" {TYPES[whole(arguments[1])]} to {TYPES[whole(arguments[2])]}", looped("cast", 1, whole(arguments[3])), {}


TYPES = ("int8", "int16", "int32", "bool", "float32")  # in the order of mcusim_type

FUNCTIONS: Mapping[str, Function] = {
    "mcusim_abs_s8": _absolute,
    "mcusim_abs_s16": _absolute,
    "mcusim_cast": _cast,
    "mcusim_fill": _fill,
    "mcusim_shape": _shape,
    "mcusim_zeros_like": _zeros_like,
    "mcusim_dequantize_s8_f32": _linear,
    "mcusim_dequantize_s16_f32": _linear,
    "mcusim_hard_swish_s8": _hard_swish,
    "mcusim_leaky_relu_s8": functools.partial(_signed, "int8"),
    "mcusim_leaky_relu_s16": functools.partial(_signed, "int16"),
    "mcusim_logical_not_b8": _linear,
    "mcusim_logistic_s8": functools.partial(_sigmoid, 4),
    "mcusim_logistic_s16": functools.partial(_sigmoid_by_table, 9),
    "mcusim_quantize_f32_s8": _linear,
    "mcusim_quantize_f32_s16": _linear,
    "mcusim_relu_s8": functools.partial(_requantized, 4),
    "mcusim_relu_s16": functools.partial(_requantized, 4),
    "mcusim_relu6_s8": _linear,
    "mcusim_relu6_s16": _linear,
    "mcusim_requantize_s8": functools.partial(_requantized, 3),
    "mcusim_requantize_s16": functools.partial(_signed, "int16"),
    "mcusim_requantize_s16_s32": functools.partial(_signed, "int16"),
    "mcusim_requantize_s16_s8": functools.partial(_signed, "int16"),
    "mcusim_requantize_s32_s16": functools.partial(_signed, "int32"),
    "mcusim_requantize_s32_s8": functools.partial(_signed, "int32"),
    "mcusim_requantize_s8_s16": functools.partial(_signed, "int8"),
    "mcusim_requantize_s8_s32": functools.partial(_signed, "int8"),
    "mcusim_requantize_s8_u8": functools.partial(_signed, "int8"),
    "mcusim_requantize_u8_s8": functools.partial(_signed, "uint8"),
    "mcusim_rsqrt_s8": functools.partial(_root, "int8"),
    "mcusim_rsqrt_s16": functools.partial(_root, "int16"),
    "mcusim_tanh_s8": functools.partial(_sigmoid, 8),
    "mcusim_tanh_s16": functools.partial(_sigmoid_by_table, 8),
}

QUANTIZED = (("int8", "int8"), ("int16", "int16"))
QUANTIZE_PAIRS = (
    *(("float32", "int8"), ("float32", "int16")),
    *(("int8", "int8"), ("int8", "int16"), ("int8", "int32"), ("int8", "uint8"), ("uint8", "int8")),
    *(("int16", "int8"), ("int16", "int16"), ("int16", "int32"), ("int32", "int8"), ("int32", "int16")),
)


def _pick(rng: np.random.Generator, pairs: Pairs) -> tuple[str, str]:
    return pairs[int(rng.integers(len(pairs)))]


def _draw(name: str, pairs: Pairs, sketch: Sketch, rng: np.random.Generator, **options: object) -> None:
    """The output's scale is anything between nearly that of the input and so large that results are shifted right."""
    shape = shape_of(rng, fewest=FEWEST_OF_VALUES)
    (one, other), scale = _pick(rng, pairs), float(rng.uniform(0.02, 0.1))
    # QUANTIZE and DEQUANTIZE alone take int16 with a zero point.
    shifted = name.endswith("QUANTIZE")
    source = quantized(sketch, rng, shape, one, scale, shifted=shifted)
    output = quantized(sketch, rng, shape, other, scale * float(rng.uniform(0.8, 4)))
    sketch.op(name, (source,), (output,), **options)


def _draw_abs(sketch: Sketch, rng: np.random.Generator) -> None:
    shape, dtype = shape_of(rng), _pick(rng, QUANTIZED)[0]
    source = quantized(sketch, rng, shape, dtype, 0.05)
    output = quantized(sketch, rng, shape, dtype, 0.05 if rng.random() < 0.5 else 0.06)
    sketch.op("ABS", (source,), (output,))


def _draw_relu6(sketch: Sketch, rng: np.random.Generator) -> None:
    shape, dtype = shape_of(rng), _pick(rng, QUANTIZED)[0]
    zero_point = -128 if dtype == "int8" else 0
    source, output = (sketch.activation(shape, 0.05, zero_point, dtype) for _ in range(2))
    sketch.op("RELU6", (source,), (output,))


def _draw_leaky_relu(sketch: Sketch, rng: np.random.Generator) -> None:
    _draw("LEAKY_RELU", QUANTIZED, sketch, rng, alpha=float(rng.uniform(0.05, 0.4)))


def _draw_sigmoid(name: str, int8_output: tuple[float, int], sketch: Sketch, rng: np.random.Generator) -> None:
    """Scales with which few inputs, some or most are beyond the radius."""
    shape, dtype = shape_of(rng, fewest=8 * FEWEST_OF_VALUES), _pick(rng, QUANTIZED)[0]
    scale = math.exp(rng.uniform(math.log(0.02), math.log(0.4)))
    source = quantized(sketch, rng, shape, dtype, scale, farthest=20)
    output = (*int8_output, "int8") if dtype == "int8" else (1 / 32768, 0, "int16")
    sketch.op(name, (source,), (sketch.activation(shape, *output),))


def _draw_rsqrt(sketch: Sketch, rng: np.random.Generator) -> None:
    """Inputs of int8 have no negative value by their zero point, those of int16 are magnitudes."""
    shape, dtype = shape_of(rng, 1_000, FEWEST_OF_VALUES), _pick(rng, QUANTIZED)[0]
    if dtype == "int8":
        source = sketch.activation(shape, 0.02, -128, dtype)
    else:
        signed, source = (sketch.activation(shape, 0.02 / 256, 0, dtype) for _ in range(2))
        sketch.op("ABS", (signed,), (source,))
    sketch.op("RSQRT", (source,), (quantized(sketch, rng, shape, dtype, 0.05),))


def _few_or_many(rng: np.random.Generator) -> tuple[int, ...]:
    """So few elements that the compiler's loops take them one by one, or more."""
    return (int(rng.integers(1, 7)),) if rng.random() < 0.4 else shape_of(rng)


def _draw_fill(sketch: Sketch, rng: np.random.Generator) -> None:
    shape, dtype = _few_or_many(rng), picked(rng, ("int8", "float32"))
    sketch.op(
        "FILL", (int32s(sketch, shape), sketch.activation((1,), dtype=dtype)), (sketch.activation(shape, dtype=dtype),)
    )


def _draw_zeros_like(sketch: Sketch, rng: np.random.Generator) -> None:
    shape, dtype = shape_of(rng, 8_000), picked(rng, ("int8", "float32"))
    sketch.op("ZEROS_LIKE", (sketch.activation(shape, dtype=dtype),), (sketch.activation(shape, dtype=dtype),))


def _draw_shape(sketch: Sketch, rng: np.random.Generator) -> None:
    shape = sizes_of(rng, int(rng.integers(1, 6)), 3)
    sketch.op("SHAPE", (sketch.activation(shape),), (sketch.activation((len(shape),), dtype="int32"),))


def _draw_cast(sketch: Sketch, rng: np.random.Generator) -> None:
    shape = _few_or_many(rng)
    source, output = picked(rng, TYPES[:-1]), picked(rng, TYPES)
    sketch.op("CAST", (sketch.activation(shape, dtype=source),), (sketch.activation(shape, dtype=output),))


def _costing(draw: Callable[[Sketch, np.random.Generator], None], samples: int) -> Costing:
    return Costing(by_calls(FUNCTIONS), draw, samples)


def _drawn(name: str, pairs: Pairs, samples: int) -> Costing:
    return _costing(functools.partial(_draw, name, pairs), samples)


ABS = _costing(_draw_abs, 40)
DEQUANTIZE = _drawn("DEQUANTIZE", (("int8", "float32"), ("int16", "float32")), 30)
ELU = Costing(_count_elu, functools.partial(_draw, "ELU", (("int8", "int8"),)), 12)
HARD_SWISH = _drawn("HARD_SWISH", (("int8", "int8"),), 24)
LEAKY_RELU = _costing(_draw_leaky_relu, 32)
LOGICAL_NOT = _drawn("LOGICAL_NOT", (("bool", "bool"),), 12)
LOGISTIC = _costing(functools.partial(_draw_sigmoid, "LOGISTIC", (1 / 256, -128)), 50)
QUANTIZE = _drawn("QUANTIZE", QUANTIZE_PAIRS, 170)
RELU = _drawn("RELU", QUANTIZED, 32)
RELU6 = _costing(_draw_relu6, 32)
RSQRT = _costing(_draw_rsqrt, 40)
TANH = _costing(functools.partial(_draw_sigmoid, "TANH", (1 / 128, 0)), 50)
CAST = _costing(_draw_cast, 20 * 18)
FILL = _costing(_draw_fill, 40)
SHAPE = _costing(_draw_shape, 12)
ZEROS_LIKE = _costing(_draw_zeros_like, 40)
