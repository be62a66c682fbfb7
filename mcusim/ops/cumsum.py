"""CUMSUM: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.copies import axis_of
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op
from mcusim.nn.reduce import cumsum_s8
from mcusim.operands import Array, constant, int8_reason, int8_values, integer, quantization, same_shape
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_cumsum_s8",)

LEFT_SHIFT = 20  # kCumSumIntegerShift of TFLM's kernel


def _sizes(model: Model, op: Op) -> tuple[int, int, int] | None:
    """outer, axis size and inner; None where the axis is computed at run time. BadModelError where there is none."""
    source, _ = same_shape(model, op)
    given = constant(model, op, 1, "axis")
    if given is None or len(given) != 1:
        return None
    axis = axis_of(op, int(given[0]), len(source.shape))
    return math.prod(source.shape[:axis]), source.shape[axis], math.prod(source.shape[axis + 1 :])


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    if _sizes(model, op) is None:
        return "an axis other than one constant int32 is not supported"
    reason = int8_reason(source, output)
    if reason:
        return reason
    ratio = 2 * quantization(op, source).scale / (2**LEFT_SHIFT * quantization(op, output).scale)
    # TFLM aborts in QuantizeMultiplierSmallerThanOneExp otherwise.
    return None if ratio < 1 else f"an input scale {ratio * 2**LEFT_SHIFT / 2:.3g} times the output's is not supported"


def macs(model: Model, op: Op) -> int:
    """None: sums are no multiply-accumulates."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: in Prepare, and for int8 only, a struct of nine int32."""
    _, output = same_shape(model, op)
    return OpMemory(
        builtin_data_bytes=2,
        builtin_data_alignment=1,
        prepare_bytes=(36,) if output.dtype == "int8" else (),
    )


def _scaling(model: Model, op: Op) -> tuple[int, int, int, int, int, int, int]:
    """input_offset, input_mult, input_shift, left_shift, out_offset, out_mult and out_shift."""
    source, output = same_shape(model, op)
    one, other = quantization(op, source), quantization(op, output)
    # As in ADD, twice the input's scale is common to all terms.
    out_scaling = quantize_multiplier(2 * one.scale / (2**LEFT_SHIFT * other.scale))
    return -one.zero_point, *quantize_multiplier(0.5), LEFT_SHIFT, other.zero_point, *out_scaling


def _options(op: Op) -> tuple[bool, bool]:
    """exclusive and reverse."""
    return bool(integer(op, "exclusive")), bool(integer(op, "reverse"))


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 running sums along the axis."""
    _, output = same_shape(model, op)
    sizes = _sizes(model, op)
    assert sizes is not None
    sums = np.empty(sizes, np.int8)
    cumsum_s8(int8_values(inputs[0]).reshape(sizes), *_options(op), *_scaling(model, op), sums)
    return (sums.reshape(output.shape),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_cumsum_s8."""
    source, output = same_shape(model, op)
    sizes = _sizes(model, op)
    assert sizes is not None
    arguments: tuple[abi.Argument, ...] = (
        abi.TensorPointer(source.index),
        *sizes,
        *_options(op),
        *_scaling(model, op),
        abi.TensorPointer(output.index),
    )
    # TFLM's struct; this kernel is given its members instead.
    return abi.Invocation((bytes(36),), (abi.Call("mcusim_cumsum_s8", arguments, checks_status=False),))
