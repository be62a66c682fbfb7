"""ZEROS_LIKE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.copies import moved_reason
from mcusim.model import Model, Op
from mcusim.operands import Array, same_shape
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_zeros_like",)

DTYPES = ("int8", "int32", "int64", "float32")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return moved_reason(DTYPES, *same_shape(model, op))


def macs(model: Model, op: Op) -> int:
    """None: ZEROS_LIKE writes zeros."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: nothing."""
    same_shape(model, op)
    return OpMemory()


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """Stored zeros, whatever the zero point is."""
    _, output = same_shape(model, op)
    return (np.zeros(output.shape, np.dtype(output.dtype)),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_zeros_like."""
    _, output = same_shape(model, op)
    arguments = (output.bytes, abi.TensorPointer(output.index))
    return abi.Invocation((), (abi.Call("mcusim_zeros_like", arguments, checks_status=False),))
