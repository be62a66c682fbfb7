"""Operators of two operands that work element by element: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mcusim import likely
from mcusim.call_costs import Arguments, Counted, by_calls, members, whole
from mcusim.cost import Costing, Counts, Target
from mcusim.layer_drawing import FEWEST_OF_VALUES, picked, quantized, shape_of
from mcusim.operands import SUFFIXES
from mcusim.sketch import Sketch

Function = Callable[[Arguments, Target], Counted]
Shape = tuple[int, ...]


def _repeated(output: Shape) -> Counts:
    """The loops over an output whose inputs are found pixel by pixel."""
    n, h, w, c = output
    return {"rows": n * h, "pixels": n * h * w, "elements": n * h * w * c}


def _flat(arguments: Arguments, target: Target) -> Counted:
    return "", {"elements": whole(arguments[-1])}, {}


def _in_halves(arguments: Arguments, target: Target) -> Counted:
    """int16 goes in pairs."""
    size = whole(arguments[-1])
    return "", {"pairs": size // 2, "odd": size % 2}, {}


def _broadcast(arguments: Arguments, target: Target) -> Counted:
    return "", _repeated(members(arguments[-1])), {}


def _shifted(positions: Sequence[int], count: Function, arguments: Arguments, target: Target) -> Counted:
    """CMSIS-NN's rounding takes one way to shift to the left, another to the right; `positions`: of the shifts."""
    kind, counts, spread = count(arguments, target)
    elements = sum(counts[name] for name in ("elements", "pairs") if name in counts)
    for number, position in enumerate(positions):
        counts[f"{'left' if whole(arguments[position]) >= 0 else 'right'}_{number}"] = elements
    return kind, counts, spread


def _extreme(arguments: Arguments, target: Target) -> Counted:
    """CMSIS-NN's order: a context, then data and dims of each tensor."""
    output = members(arguments[6])
    if members(arguments[2]) == members(arguments[4]):
        return "", {"elements": math.prod(output)}, {}
    return " broadcasting", _repeated(output), {}


def _each(arguments: Arguments, target: Target) -> Counted:
    """MCUSIM_FOR_EACH: with equal shapes by one index, else by a call that goes on to the next place."""
    output = members(arguments[-1])
    if members(arguments[0]) == members(arguments[2]):
        return "", {"elements": math.prod(output)}, {}
    return " broadcasting", _repeated(output), {}


def _signed(dtype: str, positions: Sequence[int], arguments: Arguments, target: Target) -> Counted:
    """The same; numbers below 0 are rounded in other ways. `positions`: where the offsets of inputs stand."""
    kind, counts, _ = _each(arguments, target)
    size, signs = counts["elements"], Counts()
    for number, position in enumerate(positions, 1):
        negative = size * likely.negative_share(whole(arguments[position]), dtype)
        signs |= {f"positive_{number}": size - negative, f"negative_{number}": negative}
    return kind, counts | signs, dict.fromkeys(signs, (0.0, size))


def _difference(arguments: Arguments, target: Target) -> Counted:
    """SUB of int8: the difference is rounded too."""
    kind, counts, spread = _signed("int8", (4, 7), arguments, target)
    scalars = [whole(one) for one in arguments[4:10]]
    negative = counts["elements"] * likely.negative_differences(tuple(scalars[:3]), tuple(scalars[3:]))
    return kind, counts | {"negative_results": negative}, {**spread, "negative_results": (0.0, counts["elements"])}


def _quotient(arguments: Arguments, target: Target) -> Counted:
    """DIV: divisors below 0 are turned around with their dividends, and quotients below 0 rounded in other ways."""
    kind, counts, _ = _each(arguments, target)
    size = counts["elements"]
    one, other = (likely.negative_share(whole(arguments[position]), "int8") for position in (4, 5))
    negative = {"negative_divisors": size * other, "negative_results": size * (one + other - 2 * one * other)}
    return kind, counts | negative, dict.fromkeys(negative, (0.0, size))


def _functions() -> Mapping[str, Function]:
    """By symbol: offsets of SUB and the like stand in front of three scalars each, that of PRELU's input alone."""
    found: dict[str, Function] = {}
    for suffix, dtype in (("s8", "int8"), ("s16", "int16")):
        flat = _flat if dtype == "int8" else _in_halves
        for name, shifts in (("add", (4, 7, 12)), ("mul", (7,))):
            broadcast = functools.partial(_shifted, [position + 2 for position in shifts], _broadcast)
            found[f"arm_elementwise_{name}_{suffix}"] = functools.partial(_shifted, shifts, flat)
            found[f"mcusim_broadcast_{name}_{suffix}"] = broadcast
        for name in ("sub", "squared_difference"):
            found[f"mcusim_{name}_{suffix}"] = functools.partial(_signed, dtype, (4, 7))
        found[f"mcusim_prelu_{suffix}"] = functools.partial(_signed, dtype, (4,))
    found |= {"mcusim_sub_s8": _difference, "mcusim_div_s8": _quotient}
    for name in COMPARISONS:
        found[f"mcusim_{name.lower()}_s8"] = functools.partial(_signed, "int8", (4, 7))
        found |= {f"mcusim_{name.lower()}_{suffix}": _each for suffix in ("s32", "s64", "b8")}
    found |= {f"mcusim_{name}_b8": _each for name in ("logical_and", "logical_or")}
    for name in ("maximum", "minimum"):
        found[f"arm_{name}_s8"] = _extreme
        found |= {f"mcusim_{name}_{SUFFIXES[dtype]}": _each for dtype in ("int16", "int32", "int64")}
    return found


COMPARISONS = ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")
QUANTIZED = ("int8", "int16")
FEWEST_OF_PARTNER = 30  # elements of the other operand, for the same reason


def _partner(shape: Shape, rng: np.random.Generator, fewest: int = 1) -> Shape:
    """The shape of the other operand: the same, or repeated along some axes, of so many elements or more."""
    n, h, w, c = shape
    others = [one for one in ((1, 1, 1, c), (n, h, w, 1), (1, 1, 1, 1), (n, h, 1, c)) if math.prod(one) >= fewest]
    return shape if rng.random() < 0.5 or not others else others[int(rng.integers(len(others)))]


def _draw_scaled(name: str, dtypes: Sequence[str], sketch: Sketch, rng: np.random.Generator) -> None:
    """Operands of scales that differ; a product's scale is theirs together."""
    shape, dtype = shape_of(rng, fewest=FEWEST_OF_VALUES), picked(rng, dtypes)
    shapes = shape, _partner(shape, rng, FEWEST_OF_PARTNER)
    one, other = (quantized(sketch, rng, each, dtype, float(rng.uniform(0.05, 0.2))) for each in shapes)
    scale = {"MUL": 1.5, "DIV": 0.02, "SQUARED_DIFFERENCE": 1.5}.get(name, 0.2)
    if dtype == "int16" and name in ("MUL", "SQUARED_DIFFERENCE"):
        scale /= 4
    output = quantized(sketch, rng, shape, dtype, scale)
    options = {} if name == "SQUARED_DIFFERENCE" else {"fused_activation_function": picked(rng, ("NONE", "RELU"))}
    sketch.op(name, (one, other), (output,), **options)


def _draw_prelu(sketch: Sketch, rng: np.random.Generator) -> None:
    shape, dtype = shape_of(rng, fewest=FEWEST_OF_VALUES), picked(rng, QUANTIZED)
    source = quantized(sketch, rng, shape, dtype, 0.05)
    values = rng.integers(-128, 128, (1, 1, shape[3])).astype(np.int8)
    output = quantized(sketch, rng, shape, dtype, 0.05)
    sketch.op("PRELU", (source, sketch.constant(values, (0.005,))), (output,))


def _draw_stored(
    name: str, dtypes: Sequence[str], output: str | None, sketch: Sketch, rng: np.random.Generator
) -> None:
    """Operands of which the stored values count, or those of scales below 1, with the signs of their numbers."""
    dtype = picked(rng, dtypes)
    is_scaled = dtype == "int8" and output == "bool"
    shape = shape_of(rng, fewest=FEWEST_OF_VALUES if is_scaled else FEWEST_OF_PARTNER)
    partner = _partner(shape, rng, FEWEST_OF_PARTNER if is_scaled else 1)
    inputs = [quantized(sketch, rng, each, dtype, 0.1) for each in (shape, partner)]
    sketch.op(name, inputs, (sketch.activation(shape, dtype=output or dtype),))


def _scaled(name: str, dtypes: Sequence[str], samples: int) -> Costing:
    return Costing(by_calls(_functions()), functools.partial(_draw_scaled, name, dtypes), samples)


def _stored(name: str, dtypes: Sequence[str], output: str | None) -> Costing:
    draw = functools.partial(_draw_stored, name, dtypes, output)
    return Costing(by_calls(_functions()), draw, 34 * len(dtypes))


_NUMBERS = ("int8", "int32", "int64")

ADD = _scaled("ADD", QUANTIZED, 80)
DIV = _scaled("DIV", ("int8",), 30)
EQUAL = _stored("EQUAL", (*_NUMBERS, "bool"), "bool")
GREATER = _stored("GREATER", _NUMBERS, "bool")
GREATER_EQUAL = _stored("GREATER_EQUAL", _NUMBERS, "bool")
LESS = _stored("LESS", _NUMBERS, "bool")
LESS_EQUAL = _stored("LESS_EQUAL", _NUMBERS, "bool")
LOGICAL_AND = _stored("LOGICAL_AND", ("bool",), "bool")
LOGICAL_OR = _stored("LOGICAL_OR", ("bool",), "bool")
MAXIMUM = _stored("MAXIMUM", ("int8", "int16", "int32", "int64"), None)
MINIMUM = _stored("MINIMUM", ("int8", "int16", "int32", "int64"), None)
MUL = _scaled("MUL", QUANTIZED, 60)
NOT_EQUAL = _stored("NOT_EQUAL", (*_NUMBERS, "bool"), "bool")
PRELU = Costing(by_calls(_functions()), _draw_prelu, 32)
SQUARED_DIFFERENCE = _scaled("SQUARED_DIFFERENCE", QUANTIZED, 60)
SUB = _scaled("SUB", QUANTIZED, 60)
