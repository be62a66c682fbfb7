"""RELU: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op
from mcusim.nn.activation import relu_s8
from mcusim.operands import Array, int8_reason, quantization, same_shape
from mcusim.requantization import INT8_MAX, INT8_MIN, ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_relu_s8",)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    reason = int8_reason(source, output)
    return reason or ratio_reason([quantization(op, source).scale / quantization(op, output).scale])


def macs(model: Model, op: Op) -> int:
    """None: RELU works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; RELU has no options to parse."""
    same_shape(model, op)
    return OpMemory(init_bytes=28)


def _scalars(model: Model, op: Op) -> tuple[int, int, int, int, int, int]:
    """input_offset, output_offset, multiplier, shift and the limits: from real 0 up."""
    source, output = (quantization(op, tensor) for tensor in same_shape(model, op))
    multiplier, shift = quantize_multiplier(source.scale / output.scale)
    least = max(INT8_MIN, output.zero_point)
    return -source.zero_point, output.zero_point, multiplier, shift, least, INT8_MAX


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output, in the input's shape, requantized to the output's scale."""
    return unary_reference(relu_s8, inputs[0], _scalars(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_relu_s8."""
    return unary_call(model, op, "mcusim_relu_s8", _scalars(model, op))
