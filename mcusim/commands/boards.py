"""The known boards → a row each."""

from __future__ import annotations

import dataclasses

from mcusim import delivery, hardware
from mcusim.command_line import ROWS, FormatOption, JsonOption, OutputOption, QuietOption, listing


def boards(
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List the known boards: sizes in KiB, RAM of all banks; waits: wait states of flash at the clock."""
    target = delivery.arrange(ROWS, [], json_path, format_name, output, quiet)
    known = [hardware.load_board(name) for name in hardware.board_names()]
    rows, facts = [], []
    for one in known:
        core, waits = hardware.load_core(one.core), one.flash_timing.wait_states
        sizes = [f"{size // 1024}K" for size in (one.ram_bytes, one.flash_bytes)]
        system = one.memory.model if one.memory else "zero_wait"
        system, timed = ("–", "no") if core.not_simulated else (system, "yes")
        figures = [f"{one.clock_hz / 1e6:g}", *sizes, "?" if waits is None else str(waits)]
        rows.append([one.id, core.name.removeprefix("Cortex-"), *figures, system, timed, one.mcu])
        facts.append({**dataclasses.asdict(one), "cycles_reason": core.not_simulated})
    headers = ["board", "core", ">MHz", ">RAM", ">flash", ">waits", "memory", "cycles", "MCU"]
    target.deliver(listing(headers, rows, facts))
