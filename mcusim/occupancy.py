"""An arena, a model file and kernel code → owners: who has each of their bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from mcusim.application import Application
from mcusim.arena import Arena, Buffer
from mcusim.model import DTYPE_BITS, Model, Tensor
from mcusim.operands import layer_name
from mcusim.placement import Bank
from mcusim.record import ArenaBuffer, BufferKind, Owner
from mcusim.symbols import Symbol

CODE_ALIGNMENT = 4  # of a function's section

# What the interpreter keeps for the model as a whole, by kind of allocation.
_STRUCTS = {
    "interpreter": "interpreter",
    "tensor structs": "tensor structs",
    "node structs": "node structs",
    "scratch handles": "scratch handles",
    "input and output tensors": "input and output tensor structs",
}


def arena_owners(model: Model, arena: Arena) -> tuple[Owner, ...]:
    """Owners of the smallest arena that is accepted; their bytes sum to its size.

    In the head they are the tensors and scratch of the operator with the most bytes alive; what other operators
    use beyond these is one owner, what nobody ever uses a hole. Between head and tail lies what only the planning
    in AllocateTensors needs.
    """
    padding = sum(allocation.padding_bytes for allocation in arena.allocations)
    owners = [*_head_owners(arena), *_tail_owners(model, arena)]
    owners.append(Owner("alignment in the arena's tail", padding, "alignment"))
    unused = arena.smallest_bytes - arena.used_bytes
    owners.append(Owner("arena between head and tail", unused, "hole"))
    owners = [owner for owner in owners if owner.bytes]
    assert sum(owner.bytes for owner in owners) == arena.smallest_bytes
    return tuple(owners)


def _head_owners(arena: Arena) -> Iterable[Owner]:
    peak = arena.live_bytes.index(arena.live_lower_bound_bytes)
    live = [buffer for buffer in arena.buffers if buffer.lives_at(peak)]
    for buffer in live:
        yield Owner(buffer.name, buffer.bytes, "scratch" if buffer.scratch else "tensor")
    rounding = sum(buffer.planned_bytes - buffer.bytes for buffer in live)
    yield Owner("alignment in the arena's head", rounding, "alignment")
    covered = union_bytes((buffer.offset, buffer.planned_bytes) for buffer in arena.buffers)
    yield Owner("tensors of other layers", covered - arena.live_lower_bound_bytes, "tensor")
    yield Owner("holes in the arena's head", arena.head_bytes - covered, "hole")


def buffer_kind(model: Model, buffer: Buffer) -> BufferKind:
    """What a buffer of the arena's head holds."""
    if buffer.tensor is None:
        return "scratch"
    return "input or output" if buffer.tensor in (*model.inputs, *model.outputs) else "intermediate"


def head_buffers(model: Model, arena: Arena) -> tuple[ArenaBuffer, ...]:
    """The buffers of the arena's head; one that is needed but that nothing makes lives from the start."""
    return tuple(
        ArenaBuffer(
            name=one.name,
            kind=buffer_kind(model, one),
            offset=one.offset,
            bytes=one.bytes,
            planned_bytes=one.planned_bytes,
            first_moment=one.first if one.last < 0 else max(one.first, 0),
            last_moment=one.last,
        )
        for one in arena.buffers
    )


def union_bytes(stretches: Iterable[tuple[int, int]]) -> int:
    """How many bytes the stretches, each (offset, bytes), cover together."""
    covered = end = 0
    for offset, size in sorted(stretches):
        covered += max(offset + size - max(offset, end), 0)
        end = max(end, offset + size)
    return covered


def _tail_owners(model: Model, arena: Arena) -> Iterable[Owner]:
    sizes: Counter[str] = Counter()
    for allocation in arena.allocations:
        if allocation.op is not None:
            sizes[f"kernel data of {layer_name(model.ops[allocation.op])}"] += allocation.bytes
        else:
            sizes[_STRUCTS.get(allocation.kind, allocation.name)] += allocation.bytes
    return [Owner(name, size, "persistent") for name, size in sizes.items()]


def model_owners(model: Model) -> tuple[Owner, ...]:
    """Owners of the model file: constant tensors, and the rest; where tensors share bytes the first has them."""
    constants = sorted(
        (tensor for tensor in model.tensors if tensor.file_offset is not None and tensor.is_constant),
        key=lambda tensor: (tensor.file_offset or 0, tensor.index),
    )
    owners, end = [], 0
    for tensor in constants:
        start = max(tensor.file_offset or 0, end)
        end = max(end, (tensor.file_offset or 0) + _file_bytes(tensor))
        owners.append(Owner(tensor.name, end - start, "weights"))
    weights = sum(owner.bytes for owner in owners)
    owners.append(Owner("model file beyond its weights", len(model.file) - weights, "model"))
    return tuple(owner for owner in owners if owner.bytes)


def _file_bytes(tensor: Tensor) -> int:
    """Bytes of a constant in the file, where int4 is packed; strings are held as they are."""
    assert tensor.data is not None
    bits = DTYPE_BITS.get(tensor.dtype)
    return tensor.data.nbytes if bits is None else -(-tensor.elements * bits // 8)


def code_owners(symbols: Sequence[Symbol]) -> tuple[Owner, ...]:
    """Owners of kernel code as a linker keeps it that drops what is never called; functions are aligned to 4."""
    padding = sum(-symbol.bytes % CODE_ALIGNMENT for symbol in symbols)
    owners = [Owner(symbol.name, symbol.bytes, "code") for symbol in symbols]
    return tuple(owner for owner in [*owners, Owner("padding between functions", padding, "alignment")] if owner.bytes)


def beside_owners(application: Application, bank: Bank, is_home: bool) -> list[Owner]:
    """Owners of what an application takes of a bank, without its stack; of no known address: in the main bank."""
    return [
        Owner(one.name, one.bytes, one.kind)
        for one in application.of_kind(bank.kind)
        if (is_home if one.address is None else bank.address <= one.address < bank.end)
    ]


def stack_owners(application: Application, stack_bytes: int, interrupt_bytes: int) -> list[Owner]:
    """The kernels' stack, interrupts on it and the margin, and what a firmware's stack has beyond these.

    A firmware's stack that the kernels do not run on, because a scheduler starts tasks, counts beside theirs.
    """
    owners = [
        Owner("stack of the kernels", stack_bytes, "stack"),
        Owner("interrupts on the stack", interrupt_bytes, "interrupts"),
    ]
    margin, stack = application.margin.bytes, application.stack
    if stack is None:
        return [*owners, Owner("margin of the stack", margin, "margin")]
    left = stack.bytes - stack_bytes - interrupt_bytes if stack.is_of_kernels else stack.bytes + margin
    kept = max(min(margin, left), 0)
    return [
        *owners,
        Owner("margin of the stack", kept, "margin"),
        Owner("rest of the firmware's stack", max(left - kept, 0), "stack"),
    ]
