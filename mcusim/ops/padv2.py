"""PADV2: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from mcusim.model import Model, Op
from mcusim.operands import operand, quantized_reason, same_quantization_reason
from mcusim.ops.pad import KERNELS, invocation, macs, memory, pad_reason, reference

__all__ = ["KERNELS", "check", "invocation", "macs", "memory", "reference"]


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
