"""GATHER: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.copies import axis_of, bits, dims_bytes, element_bytes, empty, like, moved_reason
from mcusim.model import Model, Op, Tensor
from mcusim.nn.strided import gather
from mcusim.operands import Array, bad, constant, expect_shape, integer, operand, result
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_gather",)

DTYPES = ("int8", "float32")


def _tensors(model: Model, op: Op) -> tuple[Tensor, Tensor, Tensor]:
    return operand(model, op, 0, "input"), operand(model, op, 1, "indices"), result(model, op)


def _sizes(model: Model, op: Op) -> tuple[int, int, int, int, int]:
    """batches, outer, axis size, inner elements and indices a batch; BadModelError where shapes disagree."""
    source, indices, output = _tensors(model, op)
    axis = axis_of(op, integer(op, "axis"), len(source.shape))
    batch_dims = integer(op, "batch_dims")
    batch_dims += len(indices.shape) if batch_dims < 0 else 0
    if not 0 <= batch_dims <= min(axis, len(indices.shape)):
        raise bad(op, f"has {batch_dims} batch dimensions before axis {axis}, and indices of {list(indices.shape)}")
    if source.shape[:batch_dims] != indices.shape[:batch_dims]:
        raise bad(op, f"has inputs of shapes {list(source.shape)} and {list(indices.shape)}, which do not go together")
    shape = (*source.shape[:axis], *indices.shape[batch_dims:], *source.shape[axis + 1 :])
    expect_shape(op, output, "output", shape)
    size = source.shape[axis]
    known = constant(model, op, 1, "indices")
    if known is not None and not 0 <= known.min(initial=0) <= known.max(initial=0) < max(size, 1):
        raise bad(op, f"gathers an index outside of the {size} along axis {axis}")
    batches, outer = math.prod(source.shape[:batch_dims]), math.prod(source.shape[batch_dims:axis])
    return batches, outer, size, math.prod(source.shape[axis + 1 :]), math.prod(indices.shape[batch_dims:])


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, indices, output = _tensors(model, op)
    _sizes(model, op)
    if indices.dtype != "int32":
        return f"{indices.dtype} indices are not supported"
    return moved_reason(DTYPES, source, output)


def macs(model: Model, op: Op) -> int:
    """None: GATHER copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the parsed options, and in Prepare a copy of the output's dimensions."""
    _, _, output = _tensors(model, op)
    return OpMemory(builtin_data_bytes=8, prepare_bytes=(len(dims_bytes(output)),))


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The slices of the input that the indices name; C refuses others, and so nothing asks for them here."""
    _, _, output = _tensors(model, op)
    batches, outer, size, inner, count = _sizes(model, op)
    gathered = empty(output).reshape(batches, outer, count, inner)
    indices = inputs[1]
    assert indices is not None
    named = np.ascontiguousarray(indices, np.int32).reshape(batches, count)
    if named.min() < 0 or named.max() >= size:
        raise bad(op, f"gathers an index outside of the {size} along its axis")
    gather(bits(inputs[0]).reshape(batches, outer, size, inner), named, gathered)
    return (like(output, gathered.reshape(-1)),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_gather, a call of memcpy for each index."""
    source, indices, output = _tensors(model, op)
    batches, outer, size, inner, count = _sizes(model, op)
    arguments = (
        abi.TensorPointer(source.index),
        abi.TensorPointer(indices.index),
        batches,
        outer,
        size,
        inner * element_bytes(source),
        count,
        abi.TensorPointer(output.index),
    )
    return abi.Invocation((dims_bytes(output),), (abi.Call("mcusim_gather", arguments),))
