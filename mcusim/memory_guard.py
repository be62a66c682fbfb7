"""RAM and the ranges a call declares → RAM as the call gets to see it, and what it wrote that is not its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim.abi import Placement
from mcusim.address_space import Memory, Region, canary
from mcusim.errors import EmulationError

Range = tuple[int, int, str]  # address, bytes, what lies there

WORD_BYTES = 4
PUSHED_BYTES = 128  # the most that one instruction stores below SP before it moves SP: VPUSH {d0-d15}
NEAR_BYTES = 64  # a stray write this close to a range most likely ran over its end, or began too early


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """One call's view of RAM.

    `before`: what RAM held; `shown`: what the call finds there. Both cover the whole region. The call's frame lies
    from `frame` to the stack's top.
    """

    ram: Region
    symbol: str
    stack: tuple[int, int]
    frame: int
    writable: Sequence[Range]
    readable: Sequence[Range]
    before: Memory
    shown: Memory

    def show(self) -> None:
        """Put RAM into the state that the call starts from."""
        self.ram.memory[:] = self.shown

    def undo(self) -> None:
        """Put RAM back as it was before the call."""
        self.ram.memory[:] = self.before

    def finish(self) -> None:
        """Keep what the call wrote to its own ranges and the stack; everything else is as before."""
        after = self.ram.memory.copy()
        self.ram.memory[:] = self.before
        for part in self._own():
            self.ram.memory[part] = after[part]

    def mark(self, written: NDArray[np.bool_]) -> None:
        """Mark, among all bytes of RAM, what the finished call wrote: its ranges by words, the stack from its lowest.

        A word that is written with what the call found there is not seen. That was pseudo-random, unless the call may
        read it: a word of scratch is overlooked once in 2³² times, and a single byte of it does not matter.
        """
        for one in self.writable:
            part = _slice(self.ram, *one, self.symbol)
            changed = self._changed(part)
            whole = np.zeros(-(-changed.size // WORD_BYTES) * WORD_BYTES, np.bool_)
            whole[: changed.size] = changed
            words = whole.reshape(-1, WORD_BYTES).any(axis=1)
            written[part] |= np.repeat(words, WORD_BYTES)[: changed.size]
        stack = _slice(self.ram, *self.stack_range(), self.symbol)
        changed = self._changed(stack)
        lowest = int(changed.argmax()) // WORD_BYTES * WORD_BYTES if changed.any() else changed.size
        written[stack][min(lowest, self.frame - self.stack[0]) :] = True

    def _changed(self, part: slice) -> NDArray[np.bool_]:
        changed: NDArray[np.bool_] = self.ram.memory[part] != self.shown[part]
        return changed

    def damage(self) -> int | None:
        """The lowest address that the call must not have written and did, None if there is none."""
        changed = self.ram.memory != self.shown
        for part in self._own():
            changed[part] = False
        first = int(changed.argmax())
        return self.ram.address + first if changed[first] else None

    def describe(self, address: int) -> str:
        """What lies at an address of RAM, in words."""
        for start, size, what in (*self.writable, *self.readable):
            if start <= address < start + size:
                return what
        bottom, top = self.stack
        if bottom <= address < top:
            return "the stack"
        if bottom - NEAR_BYTES <= address < bottom:
            return f"{bottom - address} bytes below the stack's bottom"
        near = [
            (distance, where, what)
            for start, size, what in (*self.writable, *self.readable)
            for distance, where in ((address - start - size + 1, "past the end of"), (start - address, "before"))
            if 0 < distance <= NEAR_BYTES
        ]
        if near:
            distance, where, what = min(near, key=lambda one: one[0])
            return f"{distance} bytes {where} {what}"
        return "memory that this call has no part in"

    def is_overrun(self, address: int, lowest: int) -> bool:
        """Whether an access is to a stack that has grown out of its memory; `lowest` is where SP is or gets to."""
        return lowest <= address < self.stack[0]

    def overrun(self) -> str:
        """What a call does whose stack has grown out of its memory, in words."""
        bottom, top = self.stack
        return f"runs out of stack: there are {top - bottom:,} bytes, {bottom:#010x} to {top:#010x}"

    def _own(self) -> list[slice]:
        return [_slice(self.ram, *self.stack_range(), self.symbol)] + [
            _slice(self.ram, *one, self.symbol) for one in self.writable
        ]

    def stack_range(self) -> Range:
        """The stack as a range."""
        return self.stack[0], self.stack[1] - self.stack[0], "the stack"


def guard(
    ram: Region, placement: Placement, stack: tuple[int, int], writable: Sequence[Range], readable: Sequence[Range]
) -> Guard:
    """Prepare a call: it is to see its ranges and frame, and pseudo-random bytes everywhere else.

    So a result that depends on foreign or uninitialized memory is wrong, and a foreign byte that is written
    differs even if the kernel's value is the one that was there. Raises EmulationError for a range outside RAM
    and a frame outside the stack.
    """
    bottom, top = stack
    if not bottom <= placement.stack_pointer <= placement.stack_pointer + len(placement.frame) <= top:
        raise EmulationError(
            f"the arguments of {placement.symbol} need {top - placement.stack_pointer} bytes of stack; there are "
            f"{top - bottom}"
        )
    before = ram.memory.copy()
    shown = canary(ram.memory.size).copy()
    for one in (*readable, *writable):
        part = _slice(ram, *one, placement.symbol)
        shown[part] = before[part]
    _slice(ram, bottom, top - bottom, "the stack", placement.symbol)
    frame = _slice(ram, placement.stack_pointer, len(placement.frame), "the frame", placement.symbol)
    shown[frame] = np.frombuffer(placement.frame, np.uint8)
    return Guard(ram, placement.symbol, stack, placement.stack_pointer, writable, readable, before, shown)


def _slice(ram: Region, address: int, size: int, what: str, symbol: str) -> slice:
    part = ram.slice(address, size)
    if part is None:
        raise EmulationError(
            f"{symbol}: {what} ({size} bytes at {address:#010x}) is not in RAM ({ram.address:#010x} to {ram.end:#010x})"
        )
    return part
