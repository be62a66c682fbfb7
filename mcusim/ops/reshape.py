"""RESHAPE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.model import Model, Op, Tensor
from mcusim.nn.reshape import reshape_s8
from mcusim.operands import Array, bad, operand, result
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_reshape_s8",)

COPIED = ("int8", "uint8", "int16", "int32", "int64", "float32", "bool")  # types whose elements are whole bytes


def _tensors(model: Model, op: Op) -> tuple[Tensor, Tensor]:
    """Input and output of as many elements; the output's own shape is what counts, as in TFLM."""
    source, output = operand(model, op, 0, "input"), result(model, op)
    if source.elements != output.elements or source.dtype != output.dtype:
        raise bad(
            op,
            f"turns {source.dtype} of shape {list(source.shape)} into {output.dtype} of shape {list(output.shape)}",
        )
    return source, output


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, _ = _tensors(model, op)
    if source.dtype not in COPIED:
        return f"{source.dtype} is not supported"
    return f"tensor {source.name!r} is empty" if source.elements == 0 else None


def macs(model: Model, op: Op) -> int:
    """None: RESHAPE copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the parsed options only."""
    _tensors(model, op)
    return OpMemory(builtin_data_bytes=36)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The same values in the output tensor's shape."""
    source, output = _tensors(model, op)
    value = inputs[0]
    assert value is not None
    copied = np.empty(source.bytes, np.int8)
    reshape_s8(np.ascontiguousarray(value).reshape(-1).view(np.int8), copied)
    return (copied.view(value.dtype).reshape(output.shape),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_reshape_s8 over the bytes, whatever their type."""
    source, output = _tensors(model, op)
    arguments = (abi.TensorPointer(source.index), abi.TensorPointer(output.index), source.bytes)
    return abi.Invocation((), (abi.Call("arm_reshape_s8", arguments, checks_status=False),))
