"""VAR_HANDLE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.operands import Array, bad, result
from mcusim.runtime import OpMemory, Runtime
from mcusim.variables import handle_reason

KERNELS: tuple[str, ...] = ()


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    handle = result(model, op)
    if handle.dtype != "resource" or handle.elements != 1:
        raise bad(op, f"has an output of {handle.dtype} and shape {list(handle.shape)}; one resource is expected")
    return handle_reason(model, op, handle)


def macs(model: Model, op: Op) -> int:
    """None: VAR_HANDLE names a variable."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: two pointers to names, and the variable's number."""
    result(model, op)
    return OpMemory(builtin_data_bytes=8, init_bytes=4)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """Nothing: what a handle stands for does not change."""
    return ()


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """Nothing: the interpreter alone knows handles."""
    return abi.Invocation((), ())
