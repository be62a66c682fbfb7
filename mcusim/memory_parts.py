"""What a run says of RAM and flash as data, its attributes named as in the mcusim.run/1 JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

BufferKind = Literal["input or output", "intermediate", "scratch"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Bytes that belong to one thing; `kind` groups owners in reports."""

    name: str
    bytes: int
    kind: str


@dataclass(frozen=True, slots=True)
class MemoryVerdict:
    """One memory of the board: what is used, what there is, what the platform reserves, what is left.

    available = total − reserved; headroom = available − used, negative when it does not fit.
    """

    used_bytes: int
    available_bytes: int
    reserved_bytes: int
    headroom_bytes: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Both memories, and in words why it does not fit (empty when it fits)."""

    ram: MemoryVerdict
    flash: MemoryVerdict
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holes:
    """Fragmentation of the arena: wasted = peak − the most bytes alive at any one operator."""

    peak_bytes: int
    live_lower_bound_bytes: int
    wasted_bytes: int


@dataclass(frozen=True, slots=True)
class KernelArena:
    """The arena figures of one kernel library."""

    arena_bytes: int
    smallest_arena_bytes: int
    head_bytes: int
    tail_bytes: int
    scratch_bytes: int


@dataclass(frozen=True, slots=True)
class BudgetItem:
    """What takes a bank's bytes beside the arena, None where that is not known yet; `source` of the figure."""

    name: str
    kind: str
    bytes: int | None
    bytes_reason: str | None
    source: str


@dataclass(frozen=True, slots=True)
class ArenaBank:
    """A bank of RAM, what else lies in it, and the most that an arena there may have; `holds`: the least one fits."""

    name: str
    address: int
    bytes: int
    taken_bytes: int
    most_arena_bytes: int
    holds: bool


@dataclass(frozen=True, slots=True)
class Budget:
    """The arena from both sides, in steps of 16: the least that AllocateTensors accepts, the most that `bank` leaves.

    headroom = most − least, negative where they do not meet. `items` take the bank's other bytes, `banks` are all where
    the arena could lie. `given_arena_bytes` is a size given by hand, or that of the firmware's arena.
    """

    application: str | None
    application_reason: str | None
    least_arena_bytes: int
    most_arena_bytes: int
    headroom_bytes: int
    given_arena_bytes: int | None
    given_arena_bytes_reason: str | None
    given_arena_source: str | None
    bank: str
    items: tuple[BudgetItem, ...]
    banks: tuple[ArenaBank, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Touched:
    """What of RAM an inference wrote, beside what was planned: counted in whole words of 4 bytes of each buffer.

    Of the arena's `arena_bytes` the application (inputs), AllocateTensors (persistent data) and the kernels wrote
    `arena_touched_bytes`; the others are `untouched`, by owner: padding, holes, scratch beyond what was needed.
    `scratch_bytes` is what the layers asked for together, `scratch_touched_bytes` how far they wrote into it, and
    `stack_touched_bytes` how deep the kernels wrote into the stack, of which they moved SP over `stack_bytes`.
    """

    arena_bytes: int
    arena_touched_bytes: int
    scratch_bytes: int
    scratch_touched_bytes: int
    stack_bytes: int
    stack_touched_bytes: int
    untouched: tuple[Owner, ...]


@dataclass(frozen=True, slots=True)
class ArenaBuffer:
    """A buffer of the arena's head: `offset` from the arena's start, `bytes` as asked for, `planned_bytes` as placed.

    Moments: 0 before the first layer, i + 1 in layer i; −1 both for a tensor that nothing uses.
    """

    name: str
    kind: BufferKind
    offset: int
    bytes: int
    planned_bytes: int
    first_moment: int
    last_moment: int


@dataclass(frozen=True, slots=True)
class Memory:
    """RAM: the arena as TensorFlow Lite Micro lays it out, and an owner for every byte of the board.

    `buffers` are those of the arena's head.
    """

    arena_bytes: int
    smallest_arena_bytes: int
    head_bytes: int
    tail_bytes: int
    scratch_bytes: int
    stack_bytes: int
    owners: tuple[Owner, ...]
    holes: Holes
    by_kernels: Mapping[str, KernelArena]
    buffers: tuple[ArenaBuffer, ...]
    touched: Touched | None
    touched_reason: str | None


@dataclass(frozen=True, slots=True)
class FlashPart:
    """A part of the linked program: a range where sources differ; where none is known both are None, for a reason."""

    name: str
    least_bytes: int | None
    most_bytes: int | None
    bytes_reason: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Saving:
    """What a model without an operator, which it has `count` times, would save of kernel code."""

    op: str
    count: int
    saved_bytes: int


@dataclass(frozen=True, slots=True)
class WeightTensor:
    """A constant tensor: distinct values, share of real zeros, bits of entropy a value, and compressed sizes.

    `lookup_bytes` are those as indices and tables of TensorFlow Lite Micro's compression.
    """

    name: str
    bytes: int
    elements: int
    unique_values: int
    zero_share: float
    entropy_bits: float
    zlib_bytes: int
    lookup_bytes: int | None
    lookup_bytes_reason: str | None


@dataclass(frozen=True, slots=True)
class Compressibility:
    """All constants together; compressed sizes count a tensor as it is where compressing makes it no smaller.

    `entropy_bytes` is the bound of any code of one value at a time, `zlib_bytes` an upper bound of what general
    compression takes, `lookup_bytes` what TensorFlow Lite Micro's would. `needs` says what it takes to use that.
    """

    bytes: int
    zero_share: float | None
    entropy_bits: float | None
    entropy_bytes: int | None
    zlib_bytes: int | None
    lookup_bytes: int | None
    unknown_reason: str | None
    needs: str
    tensors: tuple[WeightTensor, ...]


@dataclass(frozen=True, slots=True)
class LinkedFlash:
    """The program as linked, without parts of unknown size: the least and the most that the others sum to."""

    parts: tuple[FlashPart, ...]
    least_bytes: int
    most_bytes: int
    without: tuple[Saving, ...]
    compressibility: Compressibility


@dataclass(frozen=True, slots=True)
class Flash:
    """Flash: weights and the rest of the model file, kernel code, and an owner for every byte of the board."""

    weights_bytes: int
    model_bytes: int
    code_bytes: int
    owners: tuple[Owner, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """The memories of the board that the kernels read weights and code from and keep the arena in, with addresses."""

    weights: str
    weights_address: int
    arena: str
    arena_address: int
    code: str
    code_address: int
    is_default: bool
