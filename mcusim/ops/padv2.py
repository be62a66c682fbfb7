"""PADV2: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.operands import Array, operand, quantized_reason, same_quantization_reason
from mcusim.padding import pad_call, pad_reason, pad_reference, pad_tensors
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_pad_s8", "mcusim_pad")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    reason = pad_reason(model, op)
    if reason:
        return reason
    source, value = operand(model, op, 0, "input"), operand(model, op, 2, "padding value")
    if value.dtype != source.dtype or not value.is_constant or value.elements != 1:
        return f"a padding value other than one constant {source.dtype} is not supported"
    if source.dtype != "int8":
        return None
    # TFLM's Prepare wants the value in the output's quantization.
    return quantized_reason(("int8",), source, value) or same_quantization_reason(value, source)


def macs(model: Model, op: Op) -> int:
    """None: PADV2 copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; PADV2 has no options to parse."""
    pad_tensors(model, op)
    return OpMemory(init_bytes=56)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The input with a border of the value."""
    return pad_reference(model, op, inputs[0])


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_pad_s8, or mcusim_pad for other types."""
    return pad_call(model, op)
