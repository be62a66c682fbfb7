"""CAST: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.operands import Array, same_shape, values
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_cast",)

TYPES = ("int8", "int16", "int32", "bool", "float32")  # in the order of mcusim_type


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    # What a float32 beyond the integer's range becomes differs from core to core.
    if source.dtype not in TYPES[:-1] or output.dtype not in TYPES:
        return f"{source.dtype} to {output.dtype} is not supported"
    return f"tensor {source.name!r} is empty" if source.elements == 0 else None


def macs(model: Model, op: Op) -> int:
    """None: CAST converts."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the parsed options only."""
    same_shape(model, op)
    return OpMemory(builtin_data_bytes=2, builtin_data_alignment=1)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The values in the output's type; integers keep their low bits."""
    _, output = same_shape(model, op)
    return (values(inputs[0]).astype(np.dtype(output.dtype)),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_cast."""
    source, output = same_shape(model, op)
    arguments = (
        abi.TensorPointer(source.index),
        TYPES.index(source.dtype),
        TYPES.index(output.dtype),
        source.elements,
        abi.TensorPointer(output.index),
    )
    return abi.Invocation((), (abi.Call("mcusim_cast", arguments),))
