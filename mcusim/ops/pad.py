"""PAD: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.operands import Array
from mcusim.padding import pad_call, pad_reason, pad_reference, pad_tensors
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_pad_s8", "mcusim_pad")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    reason = pad_reason(model, op)
    return reason if reason or len(op.inputs) == 2 else "a padding value of its own is not supported"


def macs(model: Model, op: Op) -> int:
    """None: PAD copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; PAD has no options to parse."""
    pad_tensors(model, op)
    return OpMemory(init_bytes=56)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The input with a border of its zero point."""
    return pad_reference(model, op, inputs[0])


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_pad_s8, or mcusim_pad for other types."""
    return pad_call(model, op)
