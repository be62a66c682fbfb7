"""SPACE_TO_BATCH_ND: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.batching import Blocking, blocked_tensors, blocking, blocking_call, blocking_reason, image
from mcusim.copies import bits, empty, like, moved_reason
from mcusim.model import Model, Op
from mcusim.nn.strided import space_to_batch_nd
from mcusim.operands import Array, int8_reason, quantization
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_space_to_batch_nd",)

DTYPES = ("int8", "float32")


def _blocking(model: Model, op: Op) -> Blocking:
    return blocking(model, op, "paddings", to_batch=True)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = blocked_tensors(model, op)
    reason = blocking_reason(model, op, "paddings")
    if reason:
        return reason
    reason = moved_reason(DTYPES, source, output)
    if reason:
        return reason
    of = _blocking(model, op)
    if output.dtype == "int8" and any(of.before + of.after):
        if int8_reason(source, output):
            return int8_reason(source, output)
        if quantization(op, output).zero_point:
            # Its kernel never sets output_offset, which is left as the arena has it: 0 where that is cleared.
            return "padding int8 whose zero point is not 0 is not supported: TensorFlow Lite Micro's value is undefined"
    return None


def macs(model: Model, op: Op) -> int:
    """None: SPACE_TO_BATCH_ND copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: an int32 of its own."""
    blocked_tensors(model, op)
    return OpMemory(init_bytes=4)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The pixels in their new places."""
    source, output = blocked_tensors(model, op)
    of = _blocking(model, op)
    moved = empty(output).reshape(image(output.shape))
    pixels = bits(inputs[0]).reshape(image(source.shape))
    space_to_batch_nd(pixels, *of.block, *of.before, 0, moved)
    return (like(output, moved.reshape(-1)),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_space_to_batch_nd."""
    of = _blocking(model, op)
    return blocking_call(model, op, "mcusim_space_to_batch_nd", of, (0,))
