"""RESIZE_NEAREST_NEIGHBOR: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.copies import moved_reason
from mcusim.model import Model, Op
from mcusim.nn.resize import resize_nearest_neighbor
from mcusim.operands import Array, values
from mcusim.resizing import centers, pixel_bytes, resize_call, resize_reason, resized_tensors
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_resize_nearest_neighbor",)

DTYPES = ("int8", "int16", "float32")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return resize_reason(model, op) or moved_reason(DTYPES, *resized_tensors(model, op))


def macs(model: Model, op: Op) -> int:
    """None: RESIZE_NEAREST_NEIGHBOR copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the parsed options only."""
    resized_tensors(model, op)
    return OpMemory(builtin_data_bytes=2, builtin_data_alignment=1)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The nearest pixel of the input for each of the output."""
    _, output = resized_tensors(model, op)
    resized = np.empty(output.shape, np.dtype(output.dtype))
    resize_nearest_neighbor(values(inputs[0]), *centers(op), resized)
    return (resized,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_resize_nearest_neighbor."""
    return resize_call(model, op, "mcusim_resize_nearest_neighbor", (pixel_bytes(model, op),))
