"""An arena, a stack and what there is → why they cannot do, as sentences with the bytes that are missing."""

from __future__ import annotations

from mcusim.application import Stack
from mcusim.arena import ALIGNMENT, Arena

NAME = 60  # characters of a name in a sentence


def tensor_shortage(arena: Arena, largest_bank_bytes: int, board: str) -> str | None:
    """A tensor, or a scratch request, that no bank can hold."""
    largest = max(arena.buffers, key=lambda one: one.bytes, default=None)
    if largest is None or largest.bytes <= largest_bank_bytes:
        return None
    name = largest.name.split(";")[0][:NAME]  # tensors that were fused into one have all their names
    return (
        f"RAM: {name} alone takes {largest.bytes:,} bytes, {largest.bytes - largest_bank_bytes:,} more than "
        f"the largest bank of {board} has"
    )


def arena_shortage(arena: Arena, given_bytes: int) -> str | None:
    """An arena of a given size that AllocateTensors refuses; it counts in whole steps of 16."""
    usable = given_bytes // ALIGNMENT * ALIGNMENT
    if usable >= arena.smallest_bytes:
        return None
    steps = "" if usable == given_bytes else f" (of which {usable:,} in whole steps of {ALIGNMENT} count)"
    return (
        f"arena: {given_bytes:,} bytes are given{steps}, {arena.smallest_bytes - usable:,} fewer than the "
        f"{arena.smallest_bytes:,} that AllocateTensors needs"
    )


def stack_shortage(stack: Stack, needed_bytes: int) -> str | None:
    """A firmware's stack that kernels and interrupts overflow, if the kernels run on it."""
    if not stack.is_of_kernels or needed_bytes <= stack.bytes:
        return None
    return (
        f"stack: {stack.bytes:,} bytes ({stack.source}), {needed_bytes - stack.bytes:,} fewer than the "
        f"{needed_bytes:,} of kernels and interrupts"
    )


def runtime_shortage(least_bytes: int, free_bytes: int, board: str) -> tuple[str, ...]:
    """Flash that model and kernels leave too little of for the interpreter at its smallest."""
    if least_bytes <= free_bytes:
        return ()
    return (
        f"interpreter and C library: take at least {least_bytes:,} bytes of flash, {least_bytes - free_bytes:,} more "
        f"than the {free_bytes:,} that model and kernels leave on {board}",
    )
