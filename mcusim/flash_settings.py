"""What a program wrote to the registers of flash and caches + its board → where the figures assume something else."""

from __future__ import annotations

from collections.abc import Callable, Collection

from mcusim.chips import Chip, Setting
from mcusim.hardware import Board

# Bits of SCB_CCR on cores that have these caches themselves (ARMv7-M ARM DDI 0403E, B3.2.8).
CORE_CACHES = {"instruction": 1 << 17, "data": 1 << 16}
CORE_CACHE_MODEL = "l1"


def differences(
    chip: Chip, board: Board, word: Callable[[int], int], written: Collection[int], configuration: int
) -> tuple[str, ...]:
    """Sentences on what a program that starts up by itself sets otherwise than the board's file has it.

    `word` gives a register's value, `written` are the addresses of those that the program wrote; `configuration` is
    SCB_CCR. Wait states that were never written are those of the clock after reset, and say nothing about the
    board's.
    """
    if board.memory is None or board.memory.model == "zero_wait":
        return ()
    sentences = []
    for setting in chip.setting:
        value = word(setting.address) & setting.bits
        if setting.what == "wait_states":
            if setting.address in written:
                sentences += _wait_states(setting, board, value)
        elif setting.what == "prefetch":
            sentences += _prefetch(setting, board, bool(value))
        elif not value:
            sentences.append(_cache_off(setting.what.removesuffix("_cache"), setting.name))
    if board.memory.model == CORE_CACHE_MODEL:
        sentences += [_cache_off(name, "SCB_CCR") for name, bit in CORE_CACHES.items() if not configuration & bit]
    return tuple(sentences)


def _wait_states(setting: Setting, board: Board, found: int) -> list[str]:
    timing = board.flash_timing
    if timing.wait_states is None or found == timing.wait_states:
        return []
    clocks = [step.up_to_hz for step in timing.steps if step.cycles == found]
    hint = f"; --clock {clocks[0] / 1e6:g}MHz has those of {found}" if clocks else ""
    return [
        f"The program sets flash to {found} wait states ({setting.name}); the cycles are those of "
        f"{timing.wait_states}, which {board.name} has at {board.clock_hz / 1e6:g} MHz{hint}."
    ]


def _prefetch(setting: Setting, board: Board, is_on: bool) -> list[str]:
    parameter = board.memory.parameters.get("prefetch") if board.memory else None
    if parameter is None or float(is_on) in parameter.values:
        return []
    states = ("off", "on") if not is_on else ("on", "off")
    return [
        f"The program has the prefetch of flash {states[0]} ({setting.name}); the cycles are those with it {states[1]}."
    ]


def _cache_off(name: str, register: str) -> str:
    return f"The program has the {name} cache off ({register}); the cycles are those with it on."
