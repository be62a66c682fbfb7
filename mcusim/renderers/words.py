"""Parts of a run → the sentences that its reports share."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import figures
from mcusim.record import Layer, Placement, Run, Totals, Touched

NAME = 40  # cells of a name in a sentence


def placed(where: Placement) -> str:
    """Where weights and arena lie."""
    lying = f"weights in {where.weights} at {where.weights_address:#010x}, arena in {where.arena} at "
    return f"{lying}{where.arena_address:#010x}" + ("" if where.is_default else " (as asked for)")


def range_words(run: Run) -> str | None:
    """The span of latency and cycles and what it is over; None where there is but one figure."""
    totals = run.totals
    if totals.least_cycles is None or totals.most_cycles is None or totals.least_cycles == totals.most_cycles:
        return None
    least, most = (figures.seconds(cycles / run.board.clock_hz) for cycles in (totals.least_cycles, totals.most_cycles))
    cycles = f"{totals.least_cycles:,} to {totals.most_cycles:,} cycles"
    # A range narrower than the figures' last digit is one of cycles only.
    spans = [cycles] if least == most else [f"{least} to {most}", cycles]
    return f"range: {', '.join(spans)}, over {totals.range_over}"


def expected_error(totals: Totals) -> str:
    """The error to expect of cycles and latency with where it comes from, or why none is known."""
    return figures.expected_error(totals.error_percent, totals.error_percent_reason, totals.error_source)


def brief_error(totals: Totals) -> str:
    """The same without where it comes from, but of an estimate: its error is from emulation, which has its own."""
    source = totals.error_source if totals.instructions is None else None
    return figures.expected_error(totals.error_percent, totals.error_percent_reason, source)


def touched_words(touched: Touched, layers: Sequence[Layer]) -> str:
    """What the inference wrote of what was planned for it, and the layer that has the most scratch for nothing."""
    never = touched.arena_bytes - touched.arena_touched_bytes
    most = f", most of it {figures.short(touched.untouched[0].name, NAME)}" if touched.untouched else ""
    line = f"Written: {touched.arena_touched_bytes:,} of {touched.arena_bytes:,} bytes; {never:,} never were{most}."
    spare = max(layers, key=lambda one: one.scratch_bytes - (one.scratch_touched_bytes or 0), default=None)
    if spare is not None and spare.scratch_bytes > (spare.scratch_touched_bytes or 0):
        line += (
            f" {spare.variant or spare.op} of layer {spare.index} asked for {spare.scratch_bytes:,} bytes of scratch "
            f"and wrote {spare.scratch_touched_bytes or 0:,}."
        )
    return line


def provenance_sentences(run: Run) -> Sequence[str]:
    """What was executed and what the figures rest on, with the board's own notes."""
    about = run.provenance
    firmware = f"firmware {about.kernels.sha256[:12]} of {about.kernels.compiler}"
    if (library := about.library) is not None:
        built = f"{library.compiler or library.compiler_reason} {library.flags or f'(flags: {library.flags_reason})'}"
        firmware = f"{library.file} {library.sha256[:12]} of {built}; for what CMSIS-NN lacks, {firmware}"
    model = f"model {run.model.sha256[:12]}"
    counted = f"Counted, not executed: {firmware} and {model}."
    return (
        counted if run.totals.instructions is None else f"Executed: {firmware}, on {model}, input {about.input}.",
        f"Rests on: {about.core_table}, {about.board_file}, memory timing {about.memory_model}, {about.runtime}.",
        *run.board.notes,
    )
