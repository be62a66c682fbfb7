"""Run → the report for people: verdict, memory, totals, a row a layer, and what would help."""

from __future__ import annotations

import dataclasses
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mcusim import figures, tables
from mcusim.advice import FIXED_KINDS, advice, against_own, kept_from_faster, main_cause
from mcusim.energy import BASES, duty_words
from mcusim.record import Layer, MemoryVerdict, Owner, Run, Totals
from mcusim.renderers.budget import budget_lines, linked_lines
from mcusim.renderers.words import expected_error, placed, provenance_sentences, range_words, touched_words

NARROWEST, WIDEST = 70, 160  # narrower does not hold the tables, longer lines are hard to follow
FUNCTIONS = 8  # rows of the list of functions
OWNERS = 3  # owners named of each kind
PINS = 4  # tensors named as holding the arena's peak
NAME = 40  # cells of a name
BAR = 8  # cells of the smallest bar
LONGEST_BAR = 48  # cells of the longest: the eye compares lengths, not screens

CAUSES_LEGEND = (
    "issue: one cycle an instruction; load_store, multiply_divide: what these take beyond it; branch: refilling the "
    "pipeline; hazard: waiting for a result; fetch: the next instruction is not there yet"
)

EIGHTHS = " ▏▎▍▌▋▊▉"
GAP, NARROW_GAP = (0, 2, 0, 0), (0, 1, 0, 0)


@dataclass(frozen=True, slots=True)
class _Bar:
    """A bar of `share` of the column it stands in, to an eighth of a cell; never empty for something."""

    share: float
    style: str
    longest: int = LONGEST_BAR

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width, self.longest)
        eighths = max(round(min(max(self.share, 0.0), 1.0) * width * 8), 1 if self.share > 0 else 0)
        yield Text("█" * (eighths // 8) + EIGHTHS[eighths % 8].strip(), style=self.style)


@dataclass(frozen=True, slots=True)
class _MemoryBar:
    """Used, reserved and free to scale, anything in use at least a cell; what does not fit ends in an arrow."""

    verdict: MemoryVerdict

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, verdict = options.max_width, self.verdict
        total = max(verdict.available_bytes + verdict.reserved_bytes, 1)

        def cells(count: int) -> int:
            return min(width, max(1, round(width * count / total))) if count else 0

        reserved = cells(verdict.reserved_bytes)
        if verdict.headroom_bytes < 0:
            used = max(width - reserved - 1, 0)
            yield Text.assemble(("▒" * reserved, "yellow"), ("█" * used, "red"), ("▶", "bold red"))
        else:
            used = min(cells(verdict.used_bytes), width - reserved)
            free = ("░" * (width - used - reserved), "dim")
            yield Text.assemble(("▒" * reserved, "yellow"), ("█" * used, "green"), free)


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of the layers' tables: header as `_table` takes it, and a cell a layer."""

    header: str
    cells: Sequence[str | Text]

    @property
    def width(self) -> int:
        """Cells that it takes with the gap behind it."""
        texts = [self.header.removeprefix(">"), *(str(cell) for cell in self.cells)]
        return max(tables.cells(text) for text in texts) + 1


def render(run: Run, width: int = 80, colour: bool = False) -> str:
    """The report, `width` columns wide at most, with ANSI colours only when asked for; ends with a newline."""
    console = _console(width, colour)
    run = _printable(run)
    for section in _sections(run, console.width):
        console.print(section)
        console.print()
    text = console.export_text(styles=colour)
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines()) + "\n"


def styled_lines(run: Run, width: int) -> list[list[tuple[str, str]]]:
    """The report's lines as pieces of text, each with its style in words, as `bold red` or `dim`."""
    console = _console(width, colour=True)
    lines: list[list[tuple[str, str]]] = []
    for section in _sections(_printable(run), console.width):
        rendered = console.render_lines(section, pad=False)
        lines += [[(piece.text, str(piece.style or "")) for piece in line] for line in rendered]
        lines.append([])
    return lines[:-1]


def _console(width: int, colour: bool) -> Console:
    """A console that records, of a width that holds the tables."""
    return Console(
        file=io.StringIO(),
        record=True,
        width=max(NARROWEST, min(width, WIDEST)),
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def _sections(run: Run, width: int) -> Iterable[RenderableType]:
    yield _header(run)
    yield _verdict(run)
    yield _memories(run)
    if run.totals.cycles is not None:
        yield _totals(run)
    if run.layers:
        if run.totals.cycles_by_cause is not None:
            yield _titled("Cycles by cause", _causes(run.totals))
        if any(layer.cycles is not None for layer in run.layers):
            yield from _layers(run, width - 2)
        yield from _differences(run.layers)
        if kept := kept_from_faster(run):
            yield _titled("Kept from faster functions", _bullets(kept))
        if run.totals.cycles_by_cause is not None:
            yield _titled("Functions", _functions(run))
    yield _titled("Arena", _arena(run))
    yield _titled("Arena, from both sides", _plain(budget_lines(run.budget)))
    yield _titled("RAM, an owner for every byte", _owners(run.memory.owners))
    yield _titled("Flash, an owner for every byte", _owners(run.flash.owners))
    yield _titled("Flash as linked", _plain(linked_lines(run.linked_flash)))
    yield _titled("What would help", _bullets(advice(run)))
    yield _titled("Notes", _bullets([*run.notes, *provenance_sentences(run)]))


def _titled(title: str, content: RenderableType) -> RenderableType:
    return Group(Text(title, style="bold"), Padding(content, (0, 0, 0, 2)))


def _plain(lines: Sequence[str]) -> RenderableType:
    return Group(*(Text(line) for line in lines))


def _header(run: Run) -> RenderableType:
    board = run.board
    waits = "unknown" if board.wait_states is None else str(board.wait_states)
    facts = [board.mcu, board.core, f"{board.clock_hz / 1e6:g} MHz", f"flash wait states: {waits}"]
    return Group(
        Text(f"{run.model.name} on {board.name}", style="bold"),
        Text(" · ".join([*facts, f"mcusim {run.mcusim_version}"]), style="dim"),
    )


def _verdict(run: Run) -> RenderableType:
    if run.totals.latency_s is None:
        return _memory_verdict(run)
    exact = sum(bool(layer.bit_exact) for layer in run.layers)
    line = Text("FITS" if run.fits else "DOES NOT FIT", style="bold green" if run.fits else "bold red")
    line.append(f"   {figures.seconds(run.totals.latency_s)} in the kernels per inference   ", style="bold")
    if run.totals.cycles_by_cause is None:
        line.append("estimated, not executed", style="yellow")
    else:
        bits = f"{exact} of {len(run.layers)} layers bit-exact"
        line.append(bits, style="green" if exact == len(run.layers) else "bold red")
    reasons = [Text(f"  {reason}", style="red") for reason in run.verdict.reasons]
    return Group(line, *reasons, Text("not counted: interpreter, C library (see the notes)", style="dim"))


def _memory_verdict(run: Run) -> RenderableType:
    """The verdict of a run in which nothing was executed."""
    line = Text("FITS" if run.fits else "DOES NOT FIT", style="bold green" if run.fits else "bold red")
    line.append(f"   memory only: cycles are not {'known' if run.layers else 'simulated'}", style="bold")
    reasons = [Text(f"  {reason}", style="red") for reason in run.verdict.reasons]
    return Group(line, *reasons, Text(f"{run.totals.cycles_reason}", style="dim"))


def _memories(run: Run) -> RenderableType:
    table = _table("", "|", ">used", ">reserved", ">free", ">total")
    for name, one in (("RAM", run.verdict.ram), ("flash", run.verdict.flash)):
        total = one.available_bytes + one.reserved_bytes
        free = Text(f"{one.headroom_bytes:,}", style="bold red" if one.headroom_bytes < 0 else "")
        table.add_row(name, _MemoryBar(one), f"{one.used_bytes:,}", f"{one.reserved_bytes:,}", free, f"{total:,}")
    line = Text.assemble(("bytes: ", "dim"), ("▒", "yellow"), (" reserved by the platform  ", "dim"), "█")
    line.append("  ".join([" used", "░ free", *([] if run.fits else ["▶ beyond the board"])]), style="dim")
    return Group(table, line, Text(placed(run.placement)))


def _totals(run: Run) -> RenderableType:
    totals = run.totals
    assert totals.cycles is not None and totals.latency_s is not None
    pairs = [
        ("latency", figures.seconds(totals.latency_s)),
        ("cycles", f"{totals.cycles:,}"),
        ("MACs", f"{totals.macs:,}"),
        ("energy", "unknown" if totals.energy_j is None else figures.joules(totals.energy_j)),
        ("instructions", "–" if totals.instructions is None else f"{totals.instructions:,}"),
        ("cycles/MAC", figures.ratio(totals.cycles, totals.macs)),
        ("arena", f"{run.memory.smallest_arena_bytes:,} B"),
        ("cycles/instr.", figures.ratio(totals.cycles, totals.instructions or 0)),
        ("instr./MAC", figures.ratio(totals.instructions or 0, totals.macs if totals.instructions else 0)),
    ]
    grid = Table.grid(padding=GAP)
    for _ in range(3):
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(justify="right", no_wrap=True)
    for first in range(0, len(pairs), 3):
        grid.add_row(*(text for pair in pairs[first : first + 3] for text in pair))
    lines = [Text(f"energy unknown: {totals.energy_j_reason}")] if totals.energy_j_reason else []
    if run.energy.basis is not None and run.energy.power_w is not None:
        lines.append(Text(f"energy: {figures.watts(run.energy.power_w)} while running, {BASES[run.energy.basis]}"))
    if run.duty_cycle is not None:
        lines.append(Text(duty_words(run.duty_cycle)))
    if words := against_own(run):
        lines.append(Text(words))
    if span := range_words(run):
        lines.append(Text(span))
    return Group(grid, *lines, Text(f"error of the cycles: {expected_error(totals)}"))


def _causes(totals: Totals) -> RenderableType:
    cycles_in_all, by_cause = totals.cycles or 0, totals.cycles_by_cause or {}
    ranked = sorted(by_cause.items(), key=lambda item: -item[1])
    rows = [(cause, cycles, cycles) for cause, cycles in ranked if cycles]
    return Group(
        _ranking(("cause", "cycles"), rows, cycles_in_all, cycles_in_all, "cyan"),
        Text(CAUSES_LEGEND, style="dim"),
    )


def _ranking(
    headers: tuple[str, str], rows: Sequence[tuple[str, int, int | None]], total: int, longest: int, style: str
) -> Table:
    """Name and count a row, the count's share of `total`, and a bar of the third figure on a scale to `longest`."""
    table = _table(headers[0], f">{headers[1]}", ">share", "|")
    for name, count, bar in rows:
        share = figures.percent(count / max(total, 1))
        table.add_row(name, f"{count:,}", share, "" if bar is None else _Bar(bar / max(longest, 1), style))
    return table


def _layers(run: Run, width: int) -> Iterable[RenderableType]:
    """A row a layer: what it costs and why, then as many more columns as fit; the others in a second table."""
    layers = run.layers
    number = _Column(">#", [str(layer.index) for layer in layers])
    operator = _Column("operator", [layer.op for layer in layers])
    cost = _cost_columns(run)
    optional = _optional_columns(layers)
    left = width - BAR - 1 - sum(column.width for column in (number, operator, *cost))
    shown = []
    for name in ("MACs", "cycles/MAC", "kernel", "scratch", "stack", "instr.", "estimate"):
        if name in optional and optional[name].width <= left:
            left -= optional[name].width
            shown.append(name)
    first = [number, operator, *(column for name, column in optional.items() if name in shown), *cost]
    second = [column for name, column in optional.items() if name not in shown]
    yield _titled("Layers", _rows(first, run))
    if second:
        named = [number, operator] if "kernel" in shown else [number]
        yield _titled("Layers, continued", _rows([*named, *second], None))


def _rows(columns: Sequence[_Column], bars_of: Run | None) -> Table:
    """The columns side by side; with `bars_of`, a bar of each layer's cycles behind its share."""
    headers: list[str] = []
    for column in columns:
        headers += [column.header, "|"] if bars_of and column.header == ">share" else [column.header]
    table = _table(*headers, narrow=True)
    top = max((layer.cycles or 0 for layer in bars_of.layers), default=0) if bars_of else 0
    total = bars_of.totals.cycles if bars_of else None
    for index, cells in enumerate(zip(*(column.cells for column in columns), strict=True)):
        row: list[RenderableType] = list(cells)
        if bars_of:
            cycles = bars_of.layers[index].cycles or 0
            row.insert(headers.index("|"), _Bar(cycles / max(top, 1), _heat(cycles / total if total else 0.0), 20))
        table.add_row(*row)
    return table


def _cost_columns(run: Run) -> list[_Column]:
    """What every row has; where a user's kernels ran, what mcusim's own take in place of the main cause."""
    layers = run.layers
    causes = [main_cause(layer) for layer in layers]
    marks = [_mark(layer) for layer in layers]
    beyond = _Column("beyond issue", [f"{cause} {share:.0%}" if cause else "–" for cause, share in causes])
    own = _own_columns(layers)
    return [
        _Column("output", [figures.extents(layer.shape) for layer in layers]),
        _Column(">cycles", [_count(layer.cycles) for layer in layers]),
        *own,
        _Column(">share", [_share(layer.cycles, run.totals.cycles) for layer in layers]),
        *([] if own else [beyond]),
        _Column("exact", marks),
    ]


def _own_columns(layers: Sequence[Layer]) -> list[_Column]:
    """What mcusim's own kernels take beside a user's, and how much more or less the user's take."""
    own = [layer.own_cycles for layer in layers]
    if all(cycles is None for cycles in own):
        return []
    pairs = list(zip(layers, own, strict=True))
    return [
        _Column(">own", [_count(cycles) for cycles in own]),
        _Column(">±", [f"{(layer.cycles or 0) / cycles - 1:+.0%}" if cycles else "–" for layer, cycles in pairs]),
    ]


def _mark(layer: Layer) -> Text:
    """Whether a layer is bit-exact, a dash where it was not executed."""
    if layer.bit_exact is None:
        return Text("–")
    return Text("✓", style="green") if layer.bit_exact else Text("✗", style="bold red")


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _share(cycles: int | None, total: int | None) -> str:
    return "–" if cycles is None or total is None else figures.percent(cycles / max(total, 1))


def _optional_columns(layers: Sequence[Layer]) -> dict[str, _Column]:
    """Columns in the order of the report; kernels without CMSIS-NN's prefix, which every row would repeat."""
    cells = {
        "kernel": [layer.variant.removeprefix("arm_") or "–" for layer in layers],
        "MACs": [f"{layer.macs:,}" if layer.macs else "–" for layer in layers],
        "cycles/MAC": ["–" if layer.cycles is None else figures.ratio(layer.cycles, layer.macs) for layer in layers],
        "estimate": [_count(layer.estimated_cycles) for layer in layers],
        "instr.": [_count(layer.instructions) for layer in layers],
        "scratch": [f"{layer.scratch_bytes:,}" for layer in layers],
        "stack": [_count(layer.stack_bytes) for layer in layers],
    }
    if all(layer.estimated_cycles in (None, layer.cycles) for layer in layers):
        del cells["estimate"]  # there is nothing to compare
    return {name: _Column(name if name == "kernel" else f">{name}", texts) for name, texts in cells.items()}


def _differences(layers: Sequence[Layer]) -> Iterable[RenderableType]:
    lines = [
        Text(f"✗ layer {layer.index} {layer.op}: {layer.difference or 'differs'}", style="red")
        for layer in layers
        if layer.bit_exact is False
    ]
    if lines:
        yield _titled("Differences between target and reference", Group(*lines))


def _functions(run: Run) -> RenderableType:
    cycles: Counter[str] = Counter()
    for layer in run.layers:
        for function in layer.functions:
            cycles[function.name] += function.cycles
    ranked = sorted(cycles.items(), key=lambda item: (-item[1], item[0]))
    rows = [(figures.short(name, NAME), count, count) for name, count in ranked[:FUNCTIONS]]
    if rest := sum(count for _, count in ranked[FUNCTIONS:]):
        rows.append((f"{len(ranked) - FUNCTIONS} more", rest, rest))
    total = run.totals.cycles or 0
    return _ranking(("function", "cycles"), rows, total, total, "cyan")


def _arena(run: Run) -> RenderableType:
    memory = run.memory
    table = _table("bytes", *(f">{name}" for name in memory.by_kernels))
    rows = {
        "arena_used_bytes()": "arena_bytes",
        "smallest that AllocateTensors accepts": "smallest_arena_bytes",
        "head: tensors and scratch": "head_bytes",
        "tail: persistent": "tail_bytes",
        "scratch, all requests": "scratch_bytes",
    }
    for label, attribute in rows.items():
        table.add_row(label, *(f"{getattr(arena, attribute):,}" for arena in memory.by_kernels.values()))
    holes = memory.holes
    alive = [one for one in memory.owners if one.kind in ("tensor", "scratch")]
    ranked = sorted(alive, key=lambda one: -one.bytes)[:PINS]
    pins = ", ".join(f"{figures.short(one.name, NAME)} {one.bytes:,}" for one in ranked)
    return Group(
        table,
        Text(f"The head's peak of {holes.peak_bytes:,} is held by {pins or 'nothing'}."),
        Text(f"{holes.live_lower_bound_bytes:,} are alive at one operator; {holes.wasted_bytes:,} are holes."),
        *([Text(touched_words(memory.touched, run.layers))] if memory.touched is not None else []),
    )


def _owners(owners: Sequence[Owner]) -> RenderableType:
    """The kinds of owners with the largest of each, then what the platform keeps and what is free."""
    kinds: dict[str, list[Owner]] = {}
    for one in sorted(owners, key=lambda one: -one.bytes):
        kinds.setdefault(one.kind, []).append(one)
    sums = {kind: sum(one.bytes for one in members) for kind, members in kinds.items()}
    rows: list[tuple[str, int, int | None]] = []
    for kind in sorted(kinds, key=lambda kind: (kind == "free", kind in FIXED_KINDS, -sums[kind])):
        members, bar = kinds[kind], None if kind in FIXED_KINDS else sums[kind]
        if len(members) == 1:
            name = members[0].name
            rows.append((figures.short(name if kind in name else f"{kind}: {name}", NAME), sums[kind], bar))
            continue
        rows.append((kind, sums[kind], bar))
        shown = members if len(members) <= OWNERS + 1 else members[:OWNERS]
        rows += [(f"  {figures.short(one.name, NAME - 2)}", one.bytes, None) for one in shown]
        if rest := members[len(shown) :]:
            rows.append((f"  {len(rest)} more", sum(one.bytes for one in rest), None))
    longest = max((count for kind, count in sums.items() if kind not in FIXED_KINDS), default=0)
    return _ranking(("kind and owner", "bytes"), rows, sum(sums.values()), longest, "green")


def _bullets(sentences: Sequence[str]) -> RenderableType:
    grid = Table.grid(padding=NARROW_GAP)
    grid.add_column(width=1)
    grid.add_column()
    for sentence in sentences:
        grid.add_row("•", Text(sentence))
    return grid if sentences else Text("Nothing stands out.")


def _table(*headers: str, header: bool = True, narrow: bool = False) -> Table:
    """A table without lines: ">" marks a column of numbers, to the right, "|" the one of bars, which takes what
    is left. Where the width does not do, texts are cut and numbers stay whole."""
    table = Table(box=None, pad_edge=False, header_style="dim", show_header=header, expand="|" in headers)
    table.padding = NARROW_GAP if narrow else GAP
    for title in headers:
        if title == "|":
            table.add_column("", ratio=1, width=BAR, no_wrap=True)
        elif title.startswith(">"):
            table.add_column(title.removeprefix(">"), justify="right", no_wrap=True)
        else:
            table.add_column(Text(title, no_wrap=True), overflow="ellipsis")
    return table


def _heat(share: float) -> str:
    return "red" if share >= 0.2 else "yellow" if share >= 0.1 else "cyan"


def _printable(run: Run) -> Run:
    """The run with every character that could act on a terminal replaced; names come from untrusted models."""
    cleaned = _clean(run)
    assert isinstance(cleaned, Run)
    return cleaned


def _clean(value: object) -> object:
    if isinstance(value, str):
        return tables.safe(value)
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, tuple):
        return tuple(_clean(item) for item in value)
    if isinstance(value, Mapping):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{item.name: _clean(getattr(value, item.name)) for item in dataclasses.fields(value)})
    return value
