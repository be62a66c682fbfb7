"""DEQUANTIZE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.nn.quantize import dequantize_s8_f32
from mcusim.operands import Array, int8_reason, int8_values, quantization, same_shape
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_dequantize_s8_f32",)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    if source.dtype != "int8" or output.dtype != "float32":
        return f"{source.dtype} to {output.dtype} is not supported"
    return int8_reason(source)


def macs(model: Model, op: Op) -> int:
    """None: DEQUANTIZE works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; DEQUANTIZE has no options to parse."""
    same_shape(model, op)
    return OpMemory(init_bytes=32)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The float32 output, in the input's shape."""
    source, output = same_shape(model, op)
    of = quantization(op, source)
    real = np.empty(source.elements, np.float32)
    dequantize_s8_f32(int8_values(inputs[0]).reshape(-1), of.scale, of.zero_point, real)
    return (real.reshape(output.shape),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_dequantize_s8_f32."""
    source, output = same_shape(model, op)
    of = quantization(op, source)
    arguments: tuple[abi.Argument, ...] = (
        abi.TensorPointer(source.index),
        abi.Float32(of.scale),
        of.zero_point,
        source.elements,
        abi.TensorPointer(output.index),
    )
    return abi.Invocation((), (abi.Call("mcusim_dequantize_s8_f32", arguments, checks_status=False),))
