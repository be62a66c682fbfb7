"""A layer and its operands → its output under the ways of rounding that other implementations have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from mcusim.accumulators import Integers, accumulators, float_products, float_scaled, rounded_once
from mcusim.elementwise import binary, repeated
from mcusim.model import Model, Op
from mcusim.nn.elementwise import sub
from mcusim.operands import Array, quantization
from mcusim.requantization import ADD_LEFT_SHIFT, activation_range, add_ratios, add_scaling

Rounding = Literal[
    "single rounding, as LiteRT",
    "single rounding of scales multiplied in float32, as LiteRT",
    "one multiplication in float32, as XNNPACK",
    "scales divided in double precision, as LiteRT",
]


def roundings(model: Model, op: Op, operands: Sequence[Array | None]) -> Mapping[Rounding, Integers]:
    """The output of a layer under each way of rounding that is known for its operator, likeliest first."""
    if op.name == "SUB":
        return {"scales divided in double precision, as LiteRT": _sub_in_double(model, op, operands)}
    found = accumulators(model, op, operands)
    if isinstance(found, str) or found.bits != 32:
        return {}
    ways: dict[Rounding, Callable[[], Integers]] = {
        "single rounding, as LiteRT": lambda: rounded_once(found, found.multipliers, found.shifts),
        "single rounding of scales multiplied in float32, as LiteRT": lambda: rounded_once(
            found, *float_products(found)
        ),
        "one multiplication in float32, as XNNPACK": lambda: float_scaled(found),
    }
    return {name: way() for name, way in ways.items()}


def _sub_in_double(model: Model, op: Op, operands: Sequence[Array | None]) -> Integers:
    """SUB with ratios of scales as ADD has them; TensorFlow Lite Micro computes those of SUB in float32."""
    layer = binary(model, op)
    one, other, output = (quantization(op, tensor) for tensor in (layer.input_1, layer.input_2, layer.output))
    kind = layer.output.dtype
    scaling = add_scaling(add_ratios(one, other, output, kind))
    found = np.empty(layer.output.shape, np.dtype(kind))
    sub(
        *repeated(layer, operands),
        -one.zero_point,
        scaling.input_1_mult,
        scaling.input_1_shift,
        -other.zero_point,
        scaling.input_2_mult,
        scaling.input_2_shift,
        ADD_LEFT_SHIFT[kind],
        output.zero_point,
        scaling.out_mult,
        scaling.out_shift,
        *activation_range(op, output, kind),
        found,
    )
    return found.astype(np.int64)
