"""Run → the parts of its page that a reader sees first and last: verdict, key figures, advice, notes, provenance."""

from __future__ import annotations

from collections.abc import Iterator

from mcusim import figures
from mcusim.advice import advice, against_own, kept_from_faster
from mcusim.energy import BASES, duty_words
from mcusim.record import MemoryVerdict, Run
from mcusim.renderers import divergence
from mcusim.renderers.html_memory import memory_bar
from mcusim.renderers.html_parts import bullets, card, cards, definitions, error_mark, more, paragraph, section, text
from mcusim.renderers.html_parts import whole as whole_name
from mcusim.renderers.words import expected_error, placed, range_words

DIVERGENCE_COLUMNS = 100
NOT_COUNTED = "Not counted: interpreter and C library (see the notes)."


def title(run: Run) -> str:
    """What the page is about, in plain words."""
    return f"{run.model.name} on {run.board.name}"


def header(run: Run) -> str:
    """The page's title, and the facts of the board below it."""
    board = run.board
    waits = "unknown" if board.wait_states is None else f"{board.wait_states}"
    facts = [board.mcu, board.core, f"{board.clock_hz / 1e6:g} MHz", f"flash wait states: {waits}"]
    return (
        f"<h1>{whole_name(run.model.name)} <small>on {text(board.name)}</small></h1>"
        f'<p class="faint">{text(" · ".join(facts))}</p>'
    )


def verdict(run: Run) -> str:
    """Whether it fits and why not, the key figures, and what is to be thought of them."""
    mark, words = ("✓", "Fits") if run.fits else ("✗", "Does not fit")
    lines = [
        f'<p class="verdict {"good" if run.fits else "bad"}"><span aria-hidden="true">{mark}</span> <strong>{words}'
        f"</strong> <span>{text(_executed(run))}</span></p>",
        bullets(run.verdict.reasons) if run.verdict.reasons else "",
        f'<dl class="tiles">{"".join(_tiles(run))}</dl>',
        *(paragraph(words) for words in _remarks(run)),
    ]
    return section("summary", "Verdict", *lines)


def _executed(run: Run) -> str:
    """How far the run was proven."""
    layers = run.layers
    if run.totals.cycles is None:
        return f"Memory only: cycles are not {'known' if layers else 'simulated'}."
    if run.totals.instructions is None:
        return "Cycles are estimated by formula; nothing was executed."
    exact = sum(layer.bit_exact is True for layer in layers)
    if exact == len(layers):
        return f"All {len(layers)} layers computed the same bits as the reference."
    return f"{len(layers) - exact} of {len(layers)} layers are not bit-exact."


def _tiles(run: Run) -> Iterator[str]:
    totals, memory = run.totals, run.memory
    mark = error_mark(totals)
    if totals.latency_s is not None and totals.cycles is not None:
        yield _tile("Latency", figures.seconds(totals.latency_s), mark, "in the kernels, per inference", "main")
        per_mac = f"{figures.ratio(totals.cycles, totals.macs)} per MAC" if totals.macs else "no MACs"
        yield _tile("Cycles", f"{totals.cycles:,}", mark, per_mac)
    else:
        yield _tile("Latency", "not known", "", "see below", "main")
        yield _tile("Cycles", "not known", "", "see below")
    yield _memory_tile("RAM", run.verdict.ram)
    yield _memory_tile("Flash", run.verdict.flash)
    arena = f"head {memory.head_bytes:,}, tail {memory.tail_bytes:,}"
    yield _tile("Smallest arena", f"{memory.smallest_arena_bytes:,} B", "", arena)
    if totals.energy_j is not None:
        yield _tile("Energy", figures.joules(totals.energy_j), "", _power(run))
    else:
        yield _tile("Energy", "not known", "", totals.energy_j_reason or "")
    yield _tile("MACs", f"{totals.macs:,}", "", f"in {len(run.layers)} layers" if run.layers else "")
    yield _tile("Instructions", _instructions(run), "", _each(run))


def _tile(term: str, value: str, mark: str, note: str, classes: str = "", markup: str = "") -> str:
    chip = f' <span class="chip">{text(mark)}</span>' if mark else ""
    return (
        f'<div class="tile {classes}"><dt>{text(term)}</dt><dd class="value">{text(value)}{chip}</dd>{markup}'
        f'<dd class="faint">{text(note)}</dd></div>'
    )


def _memory_tile(term: str, one: MemoryVerdict) -> str:
    free = f"{one.headroom_bytes:,} free" if one.headroom_bytes >= 0 else f"{-one.headroom_bytes:,} too many"
    share = f" ({figures.percent(one.used_bytes / one.available_bytes)})" if one.available_bytes else ""
    note = f"of {one.available_bytes:,}{share}; {free}"
    drawn = f"<dd>{memory_bar(one)}</dd>"
    return _tile(term, f"{one.used_bytes:,} B", "", note, "" if one.headroom_bytes >= 0 else "over", drawn)


def _power(run: Run) -> str:
    if run.energy.power_w is None or run.energy.basis is None:
        return ""
    return f"per inference; {figures.watts(run.energy.power_w)}, {BASES[run.energy.basis]}"


def _instructions(run: Run) -> str:
    return "not known" if run.totals.instructions is None else f"{run.totals.instructions:,}"


def _each(run: Run) -> str:
    instructions = run.totals.instructions
    if instructions is None:
        return "nothing was executed"
    return f"{figures.ratio(run.totals.cycles or 0, instructions)} cycles each"


def _remarks(run: Run) -> Iterator[str]:
    """Sentences below the figures: the error first, as the figures are worth what it says."""
    totals = run.totals
    if totals.cycles is None:
        yield f"Cycles are not known: {totals.cycles_reason}."
    else:
        yield f"Error of cycles and latency: {expected_error(totals)}."
    if span := range_words(run):
        yield f"{span[0].upper()}{span[1:]}."
    if own := against_own(run):
        yield f"{own[0].upper()}{own[1:]}."
    if run.duty_cycle is not None:
        words = duty_words(run.duty_cycle)
        yield f"{words[0].upper()}{words[1:]}."
    yield NOT_COUNTED


def help_wanted(run: Run) -> str:
    """What would make it fit or faster."""
    kept = kept_from_faster(run)
    faster = card("Kept from faster functions", bullets(kept), classes="wide") if kept else ""
    diverging = divergence.first(run.layers, DIVERGENCE_COLUMNS)
    apart = card("First divergence from the reference", f"<pre>{text(diverging)}</pre>") if diverging else ""
    return section("advice", "What would help", bullets(advice(run)), apart, faster)


def notes(run: Run) -> str:
    """What the figures leave out and rest on, and how to have them again."""
    return section(
        "notes",
        "Notes and provenance",
        bullets([*run.notes, *run.board.notes]),
        cards(card("Rests on", definitions(_provenance(run))), card("Inputs and outputs", definitions(_tensors(run)))),
        more("Energy and placement", definitions(_circumstances(run))),
    )


def _provenance(run: Run) -> Iterator[tuple[str, str]]:
    about = run.provenance
    yield "command", f"<code>{text(run.command)}</code>"
    yield "made", f"{text(run.created)} by mcusim {text(run.mcusim_version)}"
    yield "model", f"{whole_name(run.model.name)}, {run.model.bytes:,} bytes, <code>{text(run.model.sha256)}</code>"
    yield "engine", text(about.engine)
    yield "input", text(about.input)
    if (library := about.library) is not None:
        built = f"{library.compiler or library.compiler_reason}; {library.flags or library.flags_reason}"
        yield "kernels", f"{whole_name(library.file)}, <code>{text(library.sha256)}</code>, {text(built)}"
    yield "firmware", f"<code>{text(about.kernels.sha256)}</code>, {text(about.kernels.compiler)}"
    yield "flags", f"<code>{text(about.kernels.flags)}</code>"
    yield "core", f"{text(about.core_table)}, <code>{text(about.core_table_sha256)}</code>"
    yield "board", f"{text(about.board_file)}, <code>{text(about.board_file_sha256)}</code>"
    yield "timing rules", f"<code>{text(about.timing_rules_sha256)}</code>"
    yield "memory timing", text(about.memory_model)
    yield "runtime", text(about.runtime)


def _tensors(run: Run) -> Iterator[tuple[str, str]]:
    for term, tensors in (("input", run.model.inputs), ("output", run.model.outputs)):
        for one in tensors:
            scale = "" if one.scale is None else f", scale {one.scale:.6g}, zero point {one.zero_point}"
            yield term, f"{whole_name(one.name)}: {text(one.dtype)} {figures.extents(one.shape)}{scale}"
    for digest in run.output_digests:
        yield "result", f"SHA-256 <code>{text(str(digest.get('sha256', '')))}</code>"


def _circumstances(run: Run) -> Iterator[tuple[str, str]]:
    energy = run.energy
    yield "placement", text(placed(run.placement))
    yield "power", text(energy.power_w_reason or f"{figures.watts(energy.power_w or 0.0)}, {energy.condition}")
    if energy.source:
        yield "source", text(energy.source)
    if run.duty_cycle is None:
        yield "battery", text(run.duty_cycle_reason or "")
