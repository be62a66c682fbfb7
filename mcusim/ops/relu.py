"""RELU: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op
from mcusim.nn.activation import relu
from mcusim.operands import SUFFIXES, Array, quantization, quantized_reason, same_shape
from mcusim.requantization import STORED_RANGE, ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_relu_s8", "mcusim_relu_s16")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    reason = quantized_reason(("int8", "int16"), source, output)
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
    least, greatest = STORED_RANGE[same_shape(model, op)[1].dtype]
    return -source.zero_point, output.zero_point, multiplier, shift, max(least, output.zero_point), greatest


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the input's shape, requantized to the output's scale."""
    return unary_reference(relu, model, op, inputs[0], _scalars(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_relu_s8 or _s16."""
    suffix = SUFFIXES[same_shape(model, op)[1].dtype]
    return unary_call(model, op, f"mcusim_relu_{suffix}", _scalars(model, op))
