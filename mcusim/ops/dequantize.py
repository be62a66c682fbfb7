"""DEQUANTIZE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.model import Model, Op
from mcusim.nn.quantize import dequantize_f32
from mcusim.operands import SUFFIXES, Array, quantization, quantized_reason, same_shape
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_dequantize_s8_f32", "mcusim_dequantize_s16_f32")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    if source.dtype not in ("int8", "int16") or output.dtype != "float32":
        return f"{source.dtype} to {output.dtype} is not supported"
    return quantized_reason((source.dtype,), source, shifted_int16=True)


def macs(model: Model, op: Op) -> int:
    """None: DEQUANTIZE works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; DEQUANTIZE has no options to parse."""
    same_shape(model, op)
    return OpMemory(init_bytes=32)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The float32 output, in the input's shape."""
    of = quantization(op, same_shape(model, op)[0])
    return unary_reference(dequantize_f32, model, op, inputs[0], (of.scale, of.zero_point))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_dequantize_s8_f32 or _s16_f32."""
    source, _ = same_shape(model, op)
    of = quantization(op, source)
    symbol = f"mcusim_dequantize_{SUFFIXES[source.dtype]}_f32"
    return unary_call(model, op, symbol, (abi.Float32(of.scale), of.zero_point))
