"""PAD: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.copies import DIMS, empty, in_front, like, moved_reason
from mcusim.model import Model, Op
from mcusim.nn.pad import pad
from mcusim.operands import Array, four_dimensions, int8_reason, quantized_reason, same_quantization_reason
from mcusim.padding import before_and_after, five_dimensions, pad_arguments, pad_tensors, pad_value
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_pad_s8", "mcusim_pad")

DTYPES = ("int8", "int16", "int32", "float32")
MOST_DIMS_S8 = 4  # of arm_pad_s8


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    if len(op.inputs) != 2:
        pad_tensors(model, op)
        return "a padding value of its own is not supported"
    return pad_reason(model, op)


def pad_reason(model: Model, op: Op) -> str | None:
    """Why mcusim cannot add a border of any one value; None if it can."""
    source, paddings, output = pad_tensors(model, op)
    if not paddings.is_constant or paddings.dtype != "int32":
        return "paddings other than constant int32 are not supported"
    if len(source.shape) > (MOST_DIMS_S8 if source.dtype == "int8" else DIMS):
        return f"{len(source.shape)} dimensions of {source.dtype} are not supported"
    reason = moved_reason(DTYPES, source, output)
    if reason or source.dtype not in ("int8", "int16"):
        return reason
    if source.dtype == "int16":
        return quantized_reason(("int16",), source, output)
    return int8_reason(source, output) or same_quantization_reason(source, output)


def macs(model: Model, op: Op) -> int:
    """None: PAD copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; PAD has no options to parse."""
    pad_tensors(model, op)
    return OpMemory(init_bytes=56)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The input with a border of its zero point, or of PADV2's value."""
    source, paddings, output = pad_tensors(model, op)
    padded = empty(output).reshape(in_front(output.shape))
    before = np.array(in_front(before_and_after(paddings)[0], 0), np.int32)
    pad(five_dimensions(inputs[0], source.shape), before, pad_value(model, op), padded)
    return (like(output, padded.reshape(-1)),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_pad_s8, or mcusim_pad for other types."""
    source, paddings, output = pad_tensors(model, op)
    value = pad_value(model, op)
    if source.dtype != "int8":
        border = abi.Struct((value, value >> 32))  # as many bytes of it as an element has
        return abi.Invocation((), (abi.Call("mcusim_pad", pad_arguments(model, op, border), checks_status=False),))
    before, after = ((0,) * (4 - len(source.shape)) + sizes for sizes in before_and_after(paddings))
    arguments = (
        abi.TensorPointer(source.index),
        abi.TensorPointer(output.index),
        value,
        abi.dims(*four_dimensions(source.shape)),
        abi.Struct(before),
        abi.Struct(after),
    )
    return abi.Invocation((), (abi.Call("arm_pad_s8", arguments),))
