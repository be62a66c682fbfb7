"""RELU6: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.model import Model, Op
from mcusim.nn.activation import relu6_s8
from mcusim.operands import (
    Array,
    int8_reason,
    quantization,
    same_quantization_reason,
    same_shape,
)
from mcusim.requantization import INT8_MAX, stored
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_relu6_s8",)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    return int8_reason(source, output) or same_quantization_reason(source, output)


def macs(model: Model, op: Op) -> int:
    """None: RELU6 works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; RELU6 has no options to parse."""
    same_shape(model, op)
    return OpMemory(init_bytes=8)


def _limits(model: Model, op: Op) -> tuple[int, int]:
    """The stored values of real 0 and 6."""
    of = quantization(op, same_shape(model, op)[0])
    return of.zero_point, min(INT8_MAX, stored(6.0, of))


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output, in the input's shape: a clamp."""
    return unary_reference(relu6_s8, inputs[0], _limits(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_relu6_s8."""
    return unary_call(model, op, "mcusim_relu6_s8", _limits(model, op))
