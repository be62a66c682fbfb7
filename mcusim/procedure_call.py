"""C values as bytes + how floats travel → the registers and stack bytes of a call, and what comes back (AAPCS32)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mcusim.abi import CORE_ARGUMENT_REGISTERS, VFP_ARGUMENT_REGISTERS, Placement

WORD_BYTES = 4
FloatAbi = Literal["soft", "hard"]


@dataclass(frozen=True, slots=True)
class Value:
    """An argument's bytes, little-endian; numbers shorter than a word are widened to one already.

    `alignment` is 4 or 8. `float_bytes`: a float's or double's size where the value is one, or an aggregate of up to
    four of one kind, which the hard-float variant passes in registers of the floating-point unit; 0 otherwise.
    """

    data: bytes
    alignment: int = WORD_BYTES
    float_bytes: int = 0

    @property
    def words(self) -> tuple[int, ...]:
        """The value in words, the last one filled up with zeros."""
        padded = self.data.ljust(-(-len(self.data) // WORD_BYTES) * WORD_BYTES, b"\0")
        return tuple(int.from_bytes(padded[at : at + WORD_BYTES], "little") for at in range(0, len(padded), WORD_BYTES))


def pointer(address: int) -> Value:
    """An address as an argument."""
    return Value(address.to_bytes(WORD_BYTES, "little"))


def place_values(symbol: str, values: Sequence[Value], stack_top: int, float_abi: FloatAbi) -> Placement:
    """Lay out a call's arguments; `stack_top` is 8-byte aligned.

    AAPCS32 (2024Q3), section 6.5: C.1 to C.2 for registers of the floating-point unit, C.3 to C.8 for the others:
    values of 8-byte alignment begin in an even register or at a multiple of 8, and what begins in registers goes on
    in the stack only where nothing lies there yet.
    """
    core: list[int] = []
    stack: list[int] = []
    floats = _FloatRegisters()
    for value in values:
        if value.float_bytes and float_abi == "hard":
            if not floats.take(value):
                _push(stack, value)
            continue
        if value.alignment == 8 and len(core) % 2:
            core.append(0)
        room = CORE_ARGUMENT_REGISTERS - len(core)
        if len(value.words) <= room or (room and not stack):
            core += value.words[:room]
            stack += value.words[room:]
        else:
            core += [0] * room
            _push(stack, value)
    frame = b"".join(word.to_bytes(WORD_BYTES, "little") for word in stack)
    stack_pointer = (stack_top - len(frame)) & ~7
    return Placement(symbol, tuple(core), floats.words, stack_pointer, frame.ljust(stack_top - stack_pointer, b"\0"))


def _push(stack: list[int], value: Value) -> None:
    """Put a value behind what lies in the stack already."""
    if value.alignment == 8 and len(stack) % 2:
        stack.append(0)
    stack += value.words


class _FloatRegisters:
    """s0 to s15 as they fill up: the lowest free ones that a value fits, until one has to go to the stack."""

    def __init__(self) -> None:
        self._taken: dict[int, int] = {}
        self._is_full = False

    @property
    def words(self) -> tuple[int, ...]:
        """The registers up to the last that is taken."""
        return tuple(self._taken.get(number, 0) for number in range(max(self._taken, default=-1) + 1))

    def take(self, value: Value) -> bool:
        """Whether a value goes to registers, and put it there."""
        step = value.float_bytes // WORD_BYTES
        for first in range(0, VFP_ARGUMENT_REGISTERS - len(value.words) + 1, step):
            numbers = range(first, first + len(value.words))
            if not self._is_full and not any(number in self._taken for number in numbers):
                self._taken.update(zip(numbers, value.words, strict=True))
                return True
        self._is_full = True
        return False
