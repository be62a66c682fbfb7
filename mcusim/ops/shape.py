"""SHAPE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.model import Model, Op, Tensor
from mcusim.operands import Array, expect_shape, operand, result
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_shape",)


def _tensors(model: Model, op: Op) -> tuple[Tensor, Tensor]:
    source, output = operand(model, op, 0, "input"), result(model, op)
    expect_shape(op, output, "output", (len(source.shape),))
    return source, output


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = _tensors(model, op)
    if not source.shape:
        return "the shape of a scalar is not supported"
    return None if output.dtype == "int32" else f"an output of {output.dtype} is not supported"


def macs(model: Model, op: Op) -> int:
    """None: SHAPE writes what is known."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the parsed options only."""
    _tensors(model, op)
    return OpMemory(builtin_data_bytes=1, builtin_data_alignment=1)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The dimensions of the input."""
    source, _ = _tensors(model, op)
    return (np.array(source.shape, np.int32),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_shape."""
    source, output = _tensors(model, op)
    arguments = (abi.Struct(source.shape), len(source.shape), abi.TensorPointer(output.index))
    return abi.Invocation((), (abi.Call("mcusim_shape", arguments, checks_status=False),))
