"""QUANTIZE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op
from mcusim.nn.quantize import quantize_f32_s8, requantize_s8
from mcusim.operands import Array, int8_reason, int8_values, quantization, same_shape
from mcusim.requantization import ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_quantize_f32_s8", "mcusim_requantize_s8")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    if source.dtype not in ("float32", "int8") or output.dtype != "int8":
        return f"{source.dtype} to {output.dtype} is not supported"
    if source.dtype == "float32":
        return int8_reason(output)
    reason = int8_reason(source, output)
    return reason or ratio_reason([quantization(op, source).scale / quantization(op, output).scale])


def macs(model: Model, op: Op) -> int:
    """None: QUANTIZE works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; QUANTIZE has no options to parse."""
    same_shape(model, op)
    return OpMemory(init_bytes=32)


def _requantization(model: Model, op: Op) -> tuple[int, int, int, int]:
    """input_offset, multiplier, shift and output_offset of int8 to int8."""
    source, output = (quantization(op, tensor) for tensor in same_shape(model, op))
    return -source.zero_point, *quantize_multiplier(source.scale / output.scale), output.zero_point


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output, in the input's shape, for a float32 or int8 operand."""
    source, output = same_shape(model, op)
    value, stored = inputs[0], np.empty(source.elements, np.int8)
    if source.dtype == "float32":
        assert value is not None
        to = quantization(op, output)
        quantize_f32_s8(np.ascontiguousarray(value, np.float32).reshape(-1), to.scale, to.zero_point, stored)
    else:
        requantize_s8(int8_values(value).reshape(-1), *_requantization(model, op), stored)
    return (stored.reshape(output.shape),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_quantize_f32_s8 or mcusim_requantize_s8."""
    source, output = same_shape(model, op)
    pointers = abi.TensorPointer(source.index), abi.TensorPointer(output.index)
    if source.dtype == "float32":
        to = quantization(op, output)
        arguments: tuple[abi.Argument, ...] = (
            pointers[0],
            abi.Float32(to.scale),
            to.zero_point,
            source.elements,
            pointers[1],
        )
        call = abi.Call("mcusim_quantize_f32_s8", arguments, checks_status=False)
    else:
        arguments = (pointers[0], *_requantization(model, op), source.elements, pointers[1])
        call = abi.Call("mcusim_requantize_s8", arguments, checks_status=False)
    return abi.Invocation((), (call,))
