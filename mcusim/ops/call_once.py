"""CALL_ONCE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.operands import Array
from mcusim.runtime import OpMemory, Runtime
from mcusim.variables import initializer_reason

KERNELS: tuple[str, ...] = ()


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return initializer_reason(model, op)


def macs(model: Model, op: Op) -> int:
    """None: CALL_ONCE runs once, before the inferences that count."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the number of the subgraph, parsed, and with a flag in a struct of its own."""
    return OpMemory(builtin_data_bytes=4, init_bytes=8)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """Nothing: it has no outputs."""
    return ()


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """Nothing: inferences are counted once it has run."""
    return abi.Invocation((), ())
