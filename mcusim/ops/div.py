"""DIV: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.elementwise import Binary, binary, binary_reason, broadcast_call, repeated
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op
from mcusim.nn.elementwise import div_s8
from mcusim.operands import Array, quantization
from mcusim.requantization import activation_range, activation_reason, ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_div_s8",)

# The greatest left shift of the quotient of 255 and 1, which has 23 bits of headroom.
LARGEST_OUTPUT_SHIFT = 22


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    layer = binary(model, op)
    reason = binary_reason(layer, ("int8",)) or activation_reason(op)
    if reason or (reason := ratio_reason([_ratio(op, layer)])):
        return reason
    if quantize_multiplier(_ratio(op, layer))[1] > LARGEST_OUTPUT_SHIFT:
        return f"scales with a ratio of {_ratio(op, layer):.3g} are not supported"
    return None


def macs(model: Model, op: Op) -> int:
    """None: quotients are no multiply-accumulates."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the same with both kernel libraries."""
    binary(model, op)
    return OpMemory(builtin_data_bytes=1, builtin_data_alignment=1, init_bytes=28)


def _ratio(op: Op, layer: Binary) -> float:
    """Computed in float32, as TFLM does."""
    tensors = (layer.input_1, layer.input_2, layer.output)
    one, other, output = (np.float32(quantization(op, tensor).scale) for tensor in tensors)
    with np.errstate(all="ignore"):
        return float(one / (other * output))


def _scalars(op: Op, layer: Binary) -> tuple[tuple[int, int], tuple[int, int, int, int, int]]:
    """What mcusim_div_s8 takes before and after its output pointer."""
    one, other, output = (quantization(op, tensor) for tensor in (layer.input_1, layer.input_2, layer.output))
    scaling = quantize_multiplier(_ratio(op, layer))
    return (-one.zero_point, -other.zero_point), (output.zero_point, *scaling, *activation_range(op, output))


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the output tensor's shape, for the two operands."""
    layer = binary(model, op)
    output = np.empty(layer.output.shape, layer.output.dtype)
    before, after = _scalars(op, layer)
    div_s8(*repeated(layer, inputs), *before, *after, output)
    return (output,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_div_s8."""
    layer = binary(model, op)
    return broadcast_call(layer, "mcusim_div_s8", *_scalars(op, layer))
