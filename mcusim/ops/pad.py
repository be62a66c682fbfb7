"""PAD: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.model import Model, Op, Tensor
from mcusim.nn.pad import pad_s8
from mcusim.operands import (
    Array,
    bad,
    expect_shape,
    four_dimensions,
    int8_reason,
    int8_values,
    operand,
    quantization,
    result,
    same_quantization_reason,
)
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_pad_s8",)

Four = tuple[int, int, int, int]


def _tensors(model: Model, op: Op) -> tuple[Tensor, Tensor, Tensor]:
    source, paddings, output = operand(model, op, 0, "input"), operand(model, op, 1, "paddings"), result(model, op)
    if paddings.shape != (len(source.shape), 2):
        raise bad(op, f"has paddings of shape {list(paddings.shape)} for {len(source.shape)} dimensions")
    if paddings.data is not None and paddings.dtype == "int32":
        before, after = paddings.data[:, 0], paddings.data[:, 1]
        if paddings.data.min(initial=0) < 0:
            raise bad(op, "has a negative padding")
        sizes = zip(before, source.shape, after, strict=True)
        expect_shape(op, output, "output", tuple(int(a) + size + int(b) for a, size, b in sizes))
    return source, paddings, output


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, paddings, output = _tensors(model, op)
    if not paddings.is_constant or paddings.dtype != "int32":
        return "paddings other than constant int32 are not supported"
    if len(op.inputs) != 2:
        return "a padding value of its own is not supported"
    if len(source.shape) > 4:
        return f"{len(source.shape)} dimensions are not supported"
    return int8_reason(source, output) or same_quantization_reason(source, output)


def macs(model: Model, op: Op) -> int:
    """None: PAD copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; PAD has no options to parse."""
    _tensors(model, op)
    return OpMemory(init_bytes=56)


def _paddings(model: Model, op: Op) -> tuple[Four, Four]:
    """Elements before and after each of four dimensions; those added in front have none."""
    _, paddings, _ = _tensors(model, op)
    assert paddings.data is not None
    rows = np.zeros((4, 2), np.int32)
    rows[4 - len(paddings.data) :] = paddings.data
    n, h, w, c = rows.tolist()
    return (n[0], h[0], w[0], c[0]), (n[1], h[1], w[1], c[1])


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output with a border of the zero point."""
    source, _, output = _tensors(model, op)
    before, after = _paddings(model, op)
    padded = np.empty(four_dimensions(output.shape), np.int8)
    pad_s8(
        int8_values(inputs[0]).reshape(four_dimensions(source.shape)),
        np.array(before, np.int32),
        np.array(after, np.int32),
        quantization(op, output).zero_point,
        padded,
    )
    return (padded.reshape(output.shape),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_pad_s8."""
    source, _, output = _tensors(model, op)
    before, after = _paddings(model, op)
    arguments = (
        abi.TensorPointer(source.index),
        abi.TensorPointer(output.index),
        quantization(op, output).zero_point,
        abi.dims(*four_dimensions(source.shape)),
        abi.dims(*before),
        abi.dims(*after),
    )
    return abi.Invocation((), (abi.Call("arm_pad_s8", arguments),))
