"""The known cores → a row each."""

from __future__ import annotations

import dataclasses

from mcusim import delivery, hardware
from mcusim.command_line import ROWS, FormatOption, JsonOption, OutputOption, QuietOption, listing


def cores(
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List the known cores, with the number of instructions timed and of pipeline rules."""
    target = delivery.arrange(ROWS, [], json_path, format_name, output, quiet)
    known = [hardware.load_core(name) for name in hardware.core_names()]
    rows = []
    for one in known:
        extensions = ["yes" if flag else "no" for flag in (one.dsp, one.mve)]
        counts = [str(len(one.timings)), str(len(one.rules))]
        rows.append([one.id, one.name, one.isa, *extensions, one.fpu or "none", one.pipeline, *counts])
    headers = ["core", "name", "ISA", "DSP", "MVE", "FPU", "pipeline", ">instr.", ">rules"]
    target.deliver(listing(headers, rows, [dataclasses.asdict(one) for one in known]))
