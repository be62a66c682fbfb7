"""ABS: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op
from mcusim.nn.roots import absolute
from mcusim.operands import SUFFIXES, Array, quantization, quantized_reason, same_shape
from mcusim.requantization import STORED_RANGE, ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_abs_s8", "mcusim_abs_s16")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    return quantized_reason(("int8", "int16"), source, output) or ratio_reason([_ratio(model, op)])


def macs(model: Model, op: Op) -> int:
    """None: ABS works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates, OpDataAbsRsqrt: four int32, a bool and two enumerations of a byte each; no options."""
    same_shape(model, op)
    return OpMemory(init_bytes=20)


def _ratio(model: Model, op: Op) -> float:
    source, output = (quantization(op, tensor) for tensor in same_shape(model, op))
    return source.scale / output.scale


def _scalars(model: Model, op: Op) -> tuple[tuple[int, int], tuple[int, int, int, int]]:
    """The offsets, then multiplier, shift and the limits of the type."""
    source, output = (quantization(op, tensor) for tensor in same_shape(model, op))
    limits = STORED_RANGE[same_shape(model, op)[1].dtype]
    return (-source.zero_point, output.zero_point), (*quantize_multiplier(_ratio(model, op)), *limits)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the input's shape."""
    offsets, scaling = _scalars(model, op)
    return unary_reference(absolute, model, op, inputs[0], (*offsets, *scaling))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_abs_s8 or _s16, told whether the scales differ."""
    offsets, scaling = _scalars(model, op)
    suffix = SUFFIXES[same_shape(model, op)[1].dtype]
    return unary_call(model, op, f"mcusim_abs_{suffix}", (*offsets, int(_ratio(model, op) != 1), *scaling))
