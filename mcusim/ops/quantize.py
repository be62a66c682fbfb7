"""QUANTIZE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op
from mcusim.nn.quantize import quantize_f32, requantize_elements
from mcusim.operands import SUFFIXES, Array, quantization, quantized_reason, same_shape
from mcusim.requantization import STORED_RANGE, ratio_reason
from mcusim.runtime import OpMemory, Runtime

# What TFLM converts (EvalQuantizeReference).
TYPES: Mapping[str, tuple[str, ...]] = {
    "float32": ("int8", "int16"),
    "int8": ("int8", "int16", "int32", "uint8"),
    "uint8": ("int8",),
    "int16": ("int8", "int16", "int32"),
    "int32": ("int8", "int16"),
}


def _kernel(source: str, output: str) -> str:
    """The C function from one type to another."""
    one, other = SUFFIXES[source], SUFFIXES[output]
    if source == "float32":
        return f"mcusim_quantize_f32_{other}"
    return f"mcusim_requantize_{one}" if one == other else f"mcusim_requantize_{one}_{other}"


KERNELS: tuple[str, ...] = tuple(_kernel(source, output) for source, outputs in TYPES.items() for output in outputs)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    if output.dtype not in TYPES.get(source.dtype, ()):
        return f"{source.dtype} to {output.dtype} is not supported"
    quantized = (output,) if source.dtype == "float32" else (source, output)
    for tensor in quantized:
        if reason := quantized_reason((tensor.dtype,), tensor, shifted_int16=True):
            return reason
    if source.dtype == "float32":
        return None
    return ratio_reason([quantization(op, source).scale / quantization(op, output).scale])


def macs(model: Model, op: Op) -> int:
    """None: QUANTIZE works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; QUANTIZE has no options to parse."""
    same_shape(model, op)
    return OpMemory(init_bytes=32)


def _requantization(model: Model, op: Op) -> tuple[int, int, int, int]:
    """input_offset, multiplier, shift and output_offset from integers to integers."""
    source, output = (quantization(op, tensor) for tensor in same_shape(model, op))
    return -source.zero_point, *quantize_multiplier(source.scale / output.scale), output.zero_point


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the input's shape."""
    source, output = same_shape(model, op)
    limits = STORED_RANGE[output.dtype]
    if source.dtype == "float32":
        to = quantization(op, output)
        return unary_reference(quantize_f32, model, op, inputs[0], (to.scale, to.zero_point, *limits))
    return unary_reference(requantize_elements, model, op, inputs[0], (*_requantization(model, op), *limits))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_quantize_f32_… or mcusim_requantize_…, by the types."""
    source, output = same_shape(model, op)
    scalars: tuple[abi.Argument, ...]
    if source.dtype == "float32":
        to = quantization(op, output)
        scalars = (abi.Float32(to.scale), to.zero_point)
    else:
        scalars = _requantization(model, op)
    return unary_call(model, op, _kernel(source.dtype, output.dtype), scalars)
