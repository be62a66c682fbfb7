"""BATCH_TO_SPACE_ND: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.batching import Blocking, blocked_tensors, blocking, blocking_call, blocking_reason, image
from mcusim.copies import bits, empty, like, moved_reason
from mcusim.model import Model, Op
from mcusim.nn.strided import batch_to_space_nd
from mcusim.operands import Array
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_batch_to_space_nd",)

DTYPES = ("int8", "float32")


def _blocking(model: Model, op: Op) -> Blocking:
    return blocking(model, op, "crops", to_batch=False)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = blocked_tensors(model, op)
    reason = blocking_reason(model, op, "crops")
    if reason:
        return reason
    _blocking(model, op)
    return moved_reason(DTYPES, source, output)


def macs(model: Model, op: Op) -> int:
    """None: BATCH_TO_SPACE_ND copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: nothing."""
    blocked_tensors(model, op)
    return OpMemory()


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The pixels in their new places."""
    source, output = blocked_tensors(model, op)
    of = _blocking(model, op)
    moved = empty(output).reshape(image(output.shape))
    pixels = bits(inputs[0]).reshape(image(source.shape))
    batch_to_space_nd(pixels, *of.block, *of.before, moved)
    return (like(output, moved.reshape(-1)),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_batch_to_space_nd."""
    of = _blocking(model, op)
    return blocking_call(model, op, "mcusim_batch_to_space_nd", of, ())
