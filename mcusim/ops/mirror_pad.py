"""MIRROR_PAD: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.copies import DIMS, moved_reason
from mcusim.model import Model, Op
from mcusim.nn.pad import mirror_pad
from mcusim.operands import Array, bad, word
from mcusim.padding import before_and_after, bordered, pad_arguments, pad_tensors
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_mirror_pad",)

DTYPES = ("int8", "float32")


def _reflection(op: Op) -> int:
    """1 where the edge itself is left out, 0 where it is repeated."""
    return int(word(op, "mode") == "REFLECT")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, paddings, output = pad_tensors(model, op)
    if not paddings.is_constant or paddings.dtype != "int32":
        return "paddings other than constant int32 are not supported"
    if len(source.shape) > DIMS:
        return f"{len(source.shape)} dimensions are not supported"
    for size, added in zip(source.shape, zip(*before_and_after(paddings), strict=True), strict=True):
        if max(added) > size - _reflection(op):
            raise bad(op, f"adds {max(added)} mirrored elements to {size}")
    return moved_reason(DTYPES, source, output)


def macs(model: Model, op: Op) -> int:
    """None: MIRROR_PAD copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: its struct of five int32, and the elements an index of each dimension stands for, twice."""
    source, _, _ = pad_tensors(model, op)
    return OpMemory(
        builtin_data_bytes=1,
        builtin_data_alignment=1,
        init_bytes=20,
        scratch_bytes=(4 * len(source.shape),) * 2,
    )


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The input with a border of its own elements, mirrored."""
    return bordered(model, op, inputs[0], mirror_pad, _reflection(op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_mirror_pad."""
    arguments = pad_arguments(model, op, _reflection(op))
    return abi.Invocation((), (abi.Call("mcusim_mirror_pad", arguments, checks_status=False),))
