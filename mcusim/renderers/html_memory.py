"""Run → RAM and flash: owners of bytes, the arena over time, the arena from both sides, the program as linked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcusim import figures
from mcusim.advice import FIXED_KINDS
from mcusim.memory_record import BufferInfo
from mcusim.record import ArenaBuffer, KernelArena, MemoryVerdict, Owner, Run
from mcusim.renderers import svg
from mcusim.renderers.arena_drawing import FOOT, HEAD, LEGEND, PLOT, ArenaMap, drawing
from mcusim.renderers.arena_map import lifetime_words
from mcusim.renderers.budget import budget_lines, compressibility_line, linked_lines
from mcusim.renderers.html_parts import (
    FILLS,
    UNKNOWN,
    Column,
    Segment,
    bar,
    bullets,
    card,
    cards,
    count,
    more,
    paragraph,
    scrolling,
    section,
    share,
    short,
    swatch,
    table,
    text,
)
from mcusim.renderers.words import placed, touched_words

WRITTEN_ON = 0.09  # the least share of a bar that is written on
LARGEST = 12  # owners named before the others
MOST_ROWS = 1_000  # of a table that is shown when asked for
BYTES, SHARE = Column("bytes", "number"), Column("share", "number")


def memory_bar(one: MemoryVerdict) -> str:
    """Reserved, used and free bytes of a memory to scale; of what does not fit, as much as there is of it."""
    total = max(one.available_bytes + one.reserved_bytes, 1)
    scale = max(total, one.reserved_bytes + one.used_bytes)
    inside = min(one.used_bytes, one.available_bytes)
    segments = [
        Segment("reserved", one.reserved_bytes / scale, f"reserved: {one.reserved_bytes:,} bytes"),
        Segment("tensor", inside / scale, f"used: {one.used_bytes:,} bytes"),
        Segment("hole", (one.used_bytes - inside) / scale, f"beyond the board: {-one.headroom_bytes:,} bytes"),
        Segment("free", max(one.headroom_bytes, 0) / scale, f"free: {one.headroom_bytes:,} bytes"),
    ]
    words = f"{one.reserved_bytes:,} bytes reserved, {one.used_bytes:,} used, {total:,} on the board"
    return bar(segments, words)


def memory(run: Run) -> str:
    """RAM and flash by owner."""
    return section(
        "memory",
        "RAM and flash, an owner for every byte",
        _owners("RAM", run.memory.owners),
        _owners("Flash", run.flash.owners),
        paragraph(f"{placed(run.placement)}.", "faint"),
    )


def arena(run: Run) -> str:
    """The arena's map over time, its holes, what was written of it, and how large it may be."""
    memory = run.memory
    holes = memory.holes
    sentences = [
        f"The head's peak is {holes.peak_bytes:,} bytes; {holes.live_lower_bound_bytes:,} are alive at one operator, "
        f"{holes.wasted_bytes:,} are holes.",
        touched_words(memory.touched, run.layers)
        if memory.touched is not None
        else f"What was written of it is not known: {memory.touched_reason}.",
    ]
    return section(
        "arena",
        "The arena over time",
        _map(run),
        bullets(sentences),
        cards(
            card("By kernel library", _by_kernels(memory.by_kernels)),
            card("From both sides", bullets(budget_lines(run.budget)), more("Every bank and item", _budget(run))),
        ),
    )


def flash(run: Run) -> str:
    """The program as linked: its parts as far as they are known, and what the weights compress to."""
    linked = run.linked_flash
    stored = linked.compressibility
    sizes = [Column("part"), Column("at least", "number"), Column("at most", "number"), Column("source")]
    parts = [
        [text(one.name), count(one.least_bytes), count(one.most_bytes), text(one.bytes_reason or one.source)]
        for one in linked.parts
    ]
    without = [[text(one.op), f"{one.count:,}", f"{one.saved_bytes:,}"] for one in linked.without]
    operators = [Column("without"), Column("layers", "number"), Column("bytes saved", "number")]
    return section(
        "flash",
        "Flash as linked",
        bullets(linked_lines(linked)),
        cards(
            card("Parts", table("Bytes of the linked program", sizes, parts), classes="wide"),
            card("What an operator costs", table("Kernel code that goes with an operator", operators, without)),
        ),
        more("Weights, how they compress", paragraph(f"{compressibility_line(stored)}."), _weights(run)),
    )


def _owners(memory: str, owners: Sequence[Owner]) -> str:
    """A bar by kind, the largest owners, and all of them when asked for."""
    present = [one for one in owners if one.bytes and one.kind != "apart"]
    total = sum(one.bytes for one in present)
    kinds: dict[str, int] = {}
    for one in present:
        kinds[one.kind] = kinds.get(one.kind, 0) + one.bytes
    ordered = sorted(kinds, key=lambda kind: (kind == "free", kind not in FIXED_KINDS, -kinds[kind]))
    segments = []
    for kind in ordered:
        part = kinds[kind] / total
        label = f"{kind} {kinds[kind]:,}" if part >= WRITTEN_ON else ""
        segments.append(Segment(_fill(kind), part, f"{kind}: {kinds[kind]:,} bytes, {figures.percent(part)}", label))
    words = f"{memory} by kind of owner, {total:,} bytes: " + ", ".join(one.words for one in segments)
    by_kind = [
        [f"{swatch(_fill(kind))} {text(kind)}", f"{kinds[kind]:,}", share(kinds[kind], total)] for kind in ordered
    ]
    ranked = sorted((one for one in present if one.kind not in FIXED_KINDS), key=lambda one: (-one.bytes, one.name))
    rows = [[short(one.name), text(one.kind), f"{one.bytes:,}", share(one.bytes, total)] for one in ranked[:MOST_ROWS]]
    columns = [Column("owner"), Column("kind", "term"), BYTES, SHARE]
    left_out = f"{len(ranked) - MOST_ROWS:,} smaller ones are not listed." if len(ranked) > MOST_ROWS else ""
    rest = len(rows) - LARGEST
    return f"<h3>{memory}</h3>{bar(segments, words, 'tall')}" + cards(
        card("By kind", table(f"{memory} by kind of owner", [Column("kind", "term"), BYTES, SHARE], by_kind)),
        card(
            "Largest owners",
            table(f"The largest owners of {memory}", columns, rows[:LARGEST]),
            more(f"{rest} more", table(f"The other owners of {memory}", columns, rows[LARGEST:]), paragraph(left_out))
            if rest > 0
            else "",
            classes="wide",
        ),
    )


def _fill(kind: str) -> str:
    """What fills the bytes of a kind of owner."""
    named = {"interrupts": "stack", "margin": "stack", "spare": "hole", "alignment": "hole"}.get(kind, kind)
    return named if named in FILLS or named in svg.FILLS else "other"


def _map(run: Run) -> str:
    """The picture, and its buffers as a table for whoever does not see it."""
    buffers = run.memory.buffers
    alive = [one for one in buffers if one.first_moment >= 0]
    if not alive:
        return paragraph("The head holds no buffer that is used.")
    moments = max(len(run.layers) + 1, *(one.last_moment + 1 for one in alive))
    live = [
        sum(one.planned_bytes for one in alive if one.first_moment <= moment <= one.last_moment)
        for moment in range(moments)
    ]
    head = max(one.offset + one.planned_bytes for one in buffers)
    plot = ArenaMap(
        words=f"the arena's head: {head:,} bytes, a rectangle a buffer: how long it lives, and where it lies",
        buffers=[_buffer(one) for one in buffers],
        offsets=[one.offset for one in buffers],
        live_bytes=live,
        head_bytes=head,
        most_alive_bytes=max(live),
        layers=[(layer.op, layer.name) for layer in run.layers],
        top=HEAD,
    )
    bottom = HEAD + PLOT + FOOT
    words = f"The arena's head over time: {len(alive):,} buffers in {head:,} bytes; the table below has the same"
    parts = [*drawing(plot), *svg.legend(LEGEND, svg.LEFT, bottom + 12)]
    return scrolling("Map of the arena", svg.picture(bottom + 30, words, parts)) + more(
        f"The same as a table: {len(buffers):,} buffers", _buffers(buffers)
    )


def _buffer(one: ArenaBuffer) -> BufferInfo:
    return BufferInfo(one.name, one.kind, one.bytes, one.planned_bytes, one.first_moment, one.last_moment)


def _buffers(buffers: Sequence[ArenaBuffer]) -> str:
    columns = [
        Column("buffer"),
        Column("kind", "term"),
        Column("lives", "term"),
        Column("offset", "number"),
        Column("bytes", "number"),
    ]
    rows = [
        [
            short(one.name),
            one.kind,
            lifetime_words(one.first_moment, one.last_moment),
            f"{one.offset:,}",
            f"{one.bytes:,}",
        ]
        for one in buffers[:MOST_ROWS]
    ]
    left_out = paragraph(f"{len(buffers) - MOST_ROWS:,} more are not listed.") if len(buffers) > MOST_ROWS else ""
    return table("Buffers of the arena's head", columns, rows) + left_out


def _by_kernels(libraries: Mapping[str, KernelArena]) -> str:
    labels = {
        "arena_used_bytes()": "arena_bytes",
        "smallest that AllocateTensors accepts": "smallest_arena_bytes",
        "head: tensors and scratch": "head_bytes",
        "tail: persistent": "tail_bytes",
        "scratch, all requests": "scratch_bytes",
    }
    columns = [Column("bytes"), *(Column(name, "number") for name in libraries)]
    rows = [
        [text(label), *(f"{getattr(library, attribute):,}" for library in libraries.values())]
        for label, attribute in labels.items()
    ]
    return table("The arena with each kernel library", columns, rows)


def _budget(run: Run) -> str:
    budget = run.budget
    items = [
        [short(one.name), text(one.kind), count(one.bytes), text(one.bytes_reason or one.source)]
        for one in budget.items
    ]
    banks = [
        [text(one.name), f"{one.address:#010x}", f"{one.bytes:,}", f"{one.taken_bytes:,}", f"{one.most_arena_bytes:,}"]
        for one in budget.banks
    ]
    return table(
        f"Beside the arena in {budget.bank}", [Column("what"), Column("kind", "term"), BYTES, Column("source")], items
    ) + table(
        "Where the arena could lie",
        [Column("bank"), Column("at", "number"), BYTES, Column("taken", "number"), Column("most arena", "number")],
        banks,
    )


def _weights(run: Run) -> str:
    stored = run.linked_flash.compressibility
    columns = [
        Column("constant"),
        BYTES,
        *(Column(title, "number") for title in ("values", "zeros", "bits", "zlib", "tables")),
    ]
    rows = [
        [
            short(one.name),
            f"{one.bytes:,}",
            f"{one.unique_values:,}",
            figures.percent(one.zero_share),
            f"{one.entropy_bits:.2f}",
            f"{one.zlib_bytes:,}",
            UNKNOWN if one.lookup_bytes is None else f"{one.lookup_bytes:,}",
        ]
        for one in stored.tensors[:MOST_ROWS]
    ]
    caption = "Constants: distinct values, zeros, bits of entropy a value, bytes with zlib and with lookup tables"
    return table(caption, columns, rows) + paragraph(f"To use that: {stored.needs}.", "faint")
