"""RELU6: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.model import Model, Op
from mcusim.nn.activation import relu6
from mcusim.operands import (
    SUFFIXES,
    Array,
    quantization,
    quantized_reason,
    same_quantization_reason,
    same_shape,
)
from mcusim.requantization import STORED_RANGE, stored
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_relu6_s8", "mcusim_relu6_s16")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    return quantized_reason(("int8", "int16"), source, output) or same_quantization_reason(source, output)


def macs(model: Model, op: Op) -> int:
    """None: RELU6 works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; RELU6 has no options to parse."""
    same_shape(model, op)
    return OpMemory(init_bytes=8)


def _limits(model: Model, op: Op) -> tuple[int, int]:
    """The stored values of real 0 and 6."""
    source, _ = same_shape(model, op)
    of = quantization(op, source)
    return of.zero_point, min(STORED_RANGE[source.dtype][1], stored(6.0, of))


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the input's shape: a clamp."""
    return unary_reference(relu6, model, op, inputs[0], _limits(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_relu6_s8 or _s16."""
    suffix = SUFFIXES[same_shape(model, op)[1].dtype]
    return unary_call(model, op, f"mcusim_relu6_{suffix}", _limits(model, op))
