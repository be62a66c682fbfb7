"""RESIZE_BILINEAR: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.nn.resize import bilinear_neighbours, bilinear_scale, resize_bilinear_s8
from mcusim.operands import Array, int8_reason, int8_values
from mcusim.resizing import centers, resize_call, resize_reason, resized_tensors
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_resize_bilinear_s8",)

MOST_PIXELS = 1 << 20  # along an axis: positions in 1/1024 stay within an int32


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = resized_tensors(model, op)
    reason = resize_reason(model, op) or int8_reason(source, output)
    if reason:
        return reason
    align_corners, half_pixel_centers = centers(op)
    for before, after in zip(source.shape[1:3], output.shape[1:3], strict=True):
        if max(before, after) > MOST_PIXELS:
            return f"an output of shape {list(output.shape)} is not supported"
        scale = bilinear_scale(before, after, align_corners)
        if bilinear_neighbours(after - 1, before, scale, half_pixel_centers)[0] >= before:
            # TFLM's rounded scale would read behind the input.
            return f"resizing {before} to {after} pixels along an axis is not supported"
    return None


def macs(model: Model, op: Op) -> int:
    """None: RESIZE_BILINEAR interpolates without accumulating."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the parsed options only."""
    resized_tensors(model, op)
    return OpMemory(builtin_data_bytes=2, builtin_data_alignment=1)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output [n, h, w, c], interpolated."""
    _, output = resized_tensors(model, op)
    resized = np.empty(output.shape, np.int8)
    resize_bilinear_s8(int8_values(inputs[0]), *centers(op), resized)
    return (resized,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_resize_bilinear_s8."""
    return resize_call(model, op, "mcusim_resize_bilinear_s8", ())
