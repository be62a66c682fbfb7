"""LOGISTIC: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.fixedpoint import logistic_scaling
from mcusim.model import Model, Op
from mcusim.nn.activation import logistic_s8
from mcusim.operands import (
    Array,
    int8_reason,
    probability_reason,
    quantization,
    same_shape,
)
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_logistic_s8",)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    reason = int8_reason(source, output) or probability_reason(output)
    if reason:
        return reason
    try:
        _scalars(model, op)
    except ValueError as error:
        return str(error)
    return None


def macs(model: Model, op: Op) -> int:
    """None: LOGISTIC works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; LOGISTIC has no options to parse."""
    same_shape(model, op)
    return OpMemory(init_bytes=16)


def _scalars(model: Model, op: Op) -> tuple[int, int, int, int]:
    """zero_point, range_radius, multiplier and left_shift."""
    source, _ = same_shape(model, op)
    multiplier, left_shift, range_radius = logistic_scaling(quantization(op, source).scale)
    return quantization(op, source).zero_point, range_radius, multiplier, left_shift


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output, in the input's shape."""
    return unary_reference(logistic_s8, model, op, inputs[0], _scalars(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_logistic_s8."""
    return unary_call(model, op, "mcusim_logistic_s8", _scalars(model, op))
