"""ELU: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.fixedpoint import round_half_away
from mcusim.model import Model, Op
from mcusim.nn.activation import lookup_s8
from mcusim.operands import Array, int8_reason, quantization, same_shape
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_elu_s8",)

TABLE_ENTRIES = 256


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return int8_reason(*same_shape(model, op))


def macs(model: Model, op: Op) -> int:
    """None: ELU works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the table is in the kernel's own struct, which takes the same bytes as an array."""
    same_shape(model, op)
    return OpMemory(prepare_bytes=(TABLE_ENTRIES,))


def _table(model: Model, op: Op) -> NDArray[np.int8]:
    """The results for 0 … 127 and −128 … −1, in float32 as TFLM's Prepare computes them."""
    source, output = (quantization(op, tensor) for tensor in same_shape(model, op))
    with np.errstate(over="ignore", under="ignore"):
        inverse_scale = np.float32(1) / np.float32(output.scale)
        results = []
        for stored in (*range(128), *range(-128, 0)):
            real = np.float32(source.scale) * np.float32(stored - source.zero_point)
            elu = real if real >= 0 else np.float32(math.exp(real)) - np.float32(1)
            results.append(round_half_away(min(max(float(elu * inverse_scale), -1024.0), 1024.0)) + output.zero_point)
    return np.array([min(max(value, -128), 127) for value in results], np.int8)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output, in the input's shape."""
    return unary_reference(lookup_s8, model, op, inputs[0], (_table(model, op),))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_elu_s8 with its table."""
    call = unary_call(model, op, "mcusim_elu_s8", (abi.PreparedPointer(0),))
    return abi.Invocation((_table(model, op).tobytes(),), call.calls)
