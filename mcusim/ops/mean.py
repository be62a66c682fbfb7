"""MEAN: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.fixedpoint import fold_count, quantize_multiplier
from mcusim.model import Model, Op, Tensor
from mcusim.nn.reduce import mean_s8
from mcusim.operands import (
    Array,
    bad,
    expect_shape,
    four_dimensions,
    int8_reason,
    int8_values,
    integer,
    operand,
    quantization,
    result,
)
from mcusim.requantization import ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_mean_s8",)


def _tensors(model: Model, op: Op) -> tuple[Tensor, Tensor, Tensor]:
    return operand(model, op, 0, "input"), operand(model, op, 1, "axes"), result(model, op)


def _axes(model: Model, op: Op) -> frozenset[int]:
    """The reduced dimensions of the input; BadModelError where they do not exist or the output's shape differs."""
    source, axes, output = _tensors(model, op)
    assert axes.data is not None
    rank = len(source.shape)
    given = [int(axis) for axis in axes.data.reshape(-1)]
    if any(not -rank <= axis < rank for axis in given):
        raise bad(op, f"reduces axes {given} of {rank} dimensions")
    reduced = frozenset(axis % rank for axis in given)
    kept = enumerate(source.shape)
    if integer(op, "keep_dims"):
        expect_shape(op, output, "output", tuple(1 if axis in reduced else size for axis, size in kept))
    else:
        expect_shape(op, output, "output", tuple(size for axis, size in kept if axis not in reduced))
    return reduced


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, axes, output = _tensors(model, op)
    if not axes.is_constant or axes.dtype != "int32":
        return "axes other than constant int32 are not supported"
    _axes(model, op)
    if len(source.shape) > 4:
        return f"{len(source.shape)} dimensions are not supported"
    reason = int8_reason(source, output)
    return reason or ratio_reason([quantization(op, source).scale / quantization(op, output).scale])


def macs(model: Model, op: Op) -> int:
    """None: sums are no multiply-accumulates."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: int32 sums (integers only), an index and the resolved axes as scratch."""
    source, axes, output = _tensors(model, op)
    sums = (4 * output.elements,) if source.dtype in ("int8", "int16") else ()
    return OpMemory(
        builtin_data_bytes=1,
        builtin_data_alignment=1,
        init_bytes=44,
        scratch_bytes=(*sums, 4 * len(source.shape), 4 * axes.elements),
    )


def _reduced(model: Model, op: Op) -> tuple[int, int, int, int]:
    """1 for each reduced one of four dimensions; those added in front are not."""
    source, _, _ = _tensors(model, op)
    axes = _axes(model, op)
    n, h, w, c = (0,) * (4 - len(source.shape)) + tuple(int(axis in axes) for axis in range(len(source.shape)))
    return n, h, w, c


def _scalars(model: Model, op: Op) -> tuple[int, int, int, int]:
    """input_zero_point, multiplier, shift and output_zero_point, the number of elements folded into the scale."""
    source, _, output = _tensors(model, op)
    count = math.prod(source.shape[axis] for axis in _axes(model, op))
    one, other = quantization(op, source), quantization(op, output)
    multiplier, shift = fold_count(*quantize_multiplier(one.scale / other.scale), count)
    return one.zero_point, multiplier, shift, other.zero_point


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 means, in the output tensor's shape."""
    source, _, output = _tensors(model, op)
    means = np.empty(output.elements, np.int8)
    values = int8_values(inputs[0]).reshape(four_dimensions(source.shape))
    mean_s8(values, np.array(_reduced(model, op), np.int32), *_scalars(model, op), means)
    return (means.reshape(output.shape),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_mean_s8 with its sums in the first scratch request."""
    source, _, output = _tensors(model, op)
    arguments = (
        abi.TensorPointer(source.index),
        abi.dims(*four_dimensions(source.shape)),
        abi.dims(*_reduced(model, op)),
        abi.ScratchPointer(0),
        *_scalars(model, op),
        abi.TensorPointer(output.index),
    )
    return abi.Invocation((), (abi.Call("mcusim_mean_s8", arguments, checks_status=False),))
