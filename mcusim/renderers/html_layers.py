"""Run → a table of its layers that can be sorted and filtered, and what is known of each below its row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mcusim import figures
from mcusim.advice import main_cause
from mcusim.record import Faster, Layer, LayerTensor, Run
from mcusim.renderers.html_cycles import causes_bar, causes_table, functions_table, layer_bar
from mcusim.renderers.html_loops import loops
from mcusim.renderers.html_parts import (
    UNKNOWN,
    Column,
    count,
    definitions,
    error_mark,
    paragraph,
    scrolling,
    section,
    share,
    short,
    table,
    text,
    whole,
)

FUNCTIONS = 12  # rows of a layer
EXACT, DIFFERS = '<span class="good">✓<span> yes</span></span>', '<span class="bad">✗<span> no</span></span>'
CONTROLS = """<div class="controls" hidden>
<label>Filter <input type="search" id="filter" placeholder="operator, name, kernel …" autocomplete="off"></label>
<button type="button" id="expand" aria-pressed="false">Expand all</button>
<span role="status" id="status"></span>
</div>"""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the table: title, what a screen reader adds to it, cells, and what becomes of it.

    Columns that are `secondary` are left out where there is no room; the details below the row have them too.
    """

    title: str
    meaning: str
    cell: Callable[[Layer], str]
    is_number: bool = True
    secondary: bool = False


def layers(run: Run) -> str:
    """The section; a sentence where nothing is known of single layers."""
    if not run.layers:
        missing = f"Nothing is known of single layers: {run.totals.cycles_reason}."
        return section("layers", "Layers", paragraph(missing))
    columns = _columns(run)
    head = "".join(map(_head, columns))
    bodies = "\n".join(_body(run, layer, columns) for layer in run.layers)
    what = f"{len(run.layers)} layers in order of execution; cycles: {error_mark(run.totals)}"
    return section(
        "layers",
        "Layers",
        CONTROLS,
        scrolling(
            "Table of the layers",
            f'<table id="layer-table"><caption>{text(what)}</caption><thead><tr>{head}</tr></thead>\n{bodies}</table>',
        ),
    )


def _columns(run: Run) -> list[_Column]:
    total = run.totals.cycles
    longest = max((layer.cycles or 0 for layer in run.layers), default=0)

    def shared(layer: Layer) -> str:
        return f"{share(layer.cycles, total)} {layer_bar(layer, longest)}"

    return [
        _Column("#", "index", lambda layer: f"{layer.index}"),
        _Column("Operator", "and what it makes", _operator, is_number=False),
        _Column("Kernel", "the function that ran", _kernel, is_number=False, secondary=True),
        _Column("Output", "shape", lambda layer: figures.extents(layer.shape), is_number=False, secondary=True),
        _Column("MACs", "", lambda layer: f"{layer.macs:,}" if layer.macs else UNKNOWN, secondary=True),
        _Column("Cycles", error_mark(run.totals), lambda layer: count(layer.cycles)),
        _Column("Share", "of all cycles", shared),
        _Column("Cycles/MAC", "", _per_mac, secondary=True),
        _Column("Bound by", "most cycles beyond issue", _bound, is_number=False, secondary=True),
        _Column("RAM live", "bytes of the arena's head", lambda layer: f"{layer.live_bytes:,}", secondary=True),
        _Column("Scratch", "bytes", lambda layer: f"{layer.scratch_bytes:,}", secondary=True),
        _Column("Stack", "bytes", lambda layer: count(layer.stack_bytes), secondary=True),
        _Column("Exact", "the same bits as the reference", _exact, is_number=False),
    ]


def _head(column: _Column) -> str:
    classes = " ".join(word for word in ("n" * column.is_number, "wide" * column.secondary) if word)
    classed = f' class="{classes}"' if classes else ""
    meaning = f' title="{text(column.meaning)}"' if column.meaning else ""
    kind = "number" if column.is_number else "text"
    return f'<th scope="col"{classed}{meaning} data-sort="{kind}">{text(column.title)}</th>'


def _body(run: Run, layer: Layer, columns: Sequence[_Column]) -> str:
    """A layer's row and its details."""
    cells = "".join(_cell(column, layer) for column in columns)
    return (
        f'<tbody id="layer-{layer.index}"><tr class="layer">{cells}</tr>\n<tr class="below">'
        f'<td colspan="{len(columns)}"><details><summary>{text(layer.why) or "Details"}</summary>'
        f'<div class="inner">{_details(run, layer)}</div></details></td></tr></tbody>'
    )


def _cell(column: _Column, layer: Layer) -> str:
    classes = " ".join(word for word in ("n" * column.is_number, "wide" * column.secondary) if word)
    classed = f' class="{classes}"' if classes else ""
    if column.title == "Operator":
        return f'<th scope="row"{classed}>{column.cell(layer)}</th>'
    return f"<td{classed}>{column.cell(layer)}</td>"


def _operator(layer: Layer) -> str:
    return f'{text(layer.op)} <span class="faint block">{short(layer.name)}</span>'


def _kernel(layer: Layer) -> str:
    """The function without CMSIS-NN's prefix, which every row would repeat."""
    return f"<code>{short(layer.variant.removeprefix('arm_'))}</code>" if layer.variant else UNKNOWN


def _per_mac(layer: Layer) -> str:
    return figures.ratio(layer.cycles, layer.macs) if layer.cycles is not None and layer.macs else UNKNOWN


def _bound(layer: Layer) -> str:
    cause, part = main_cause(layer)
    return f"{text(cause)} {part:.0%}" if cause else UNKNOWN


def _exact(layer: Layer) -> str:
    if layer.bit_exact is None:
        return UNKNOWN
    return EXACT if layer.bit_exact else DIFFERS


def _details(run: Run, layer: Layer) -> str:
    mark = error_mark(run.totals)
    title = f'<h3>Layer {layer.index}: {text(layer.op)}</h3><p class="faint">{whole(layer.name)}</p>'
    parts = [definitions(_facts(layer, mark)), _tensors((*layer.inputs, *layer.outputs), len(layer.inputs))]
    if layer.cycles_by_cause is not None and layer.cycles:
        causes = causes_table(layer.cycles_by_cause, layer.cycles, f"Cycles by cause, {mark}")
        functions = functions_table([(one.name, one.cycles) for one in layer.functions], layer.cycles, mark, FUNCTIONS)
        parts.insert(1, f"{causes_bar(layer.cycles_by_cause, layer.cycles)}{causes}{functions}")
    kept = "".join(f"<li>{_faster(one)}</li>" for one in layer.faster)
    faster = f"<h4>Kept from faster functions</h4><ul>{kept}</ul>" if kept else ""
    columns = "".join(f"<div>{part}</div>" for part in parts)
    return f'{title}<div class="cards">{columns}</div>{faster}{loops(run, layer)}'


def _facts(layer: Layer, mark: str) -> Iterator[tuple[str, str]]:
    """Everything of the row, which may have had no room for it, and more."""
    yield "kernel", f"<code>{whole(layer.kernel)}</code>"
    if layer.variant != layer.kernel:
        yield "variant", f"<code>{whole(layer.variant)}</code>"
    yield "output", figures.extents(layer.shape)
    yield "MACs", f"{layer.macs:,}"
    yield "cycles", f'{_cycles(layer)} <span class="chip">{text(mark)}</span>'
    if layer.macs and layer.cycles is not None:
        yield "cycles/MAC", _per_mac(layer)
    if layer.instructions is not None:
        yield "instructions", f"{layer.instructions:,}"
    if layer.estimated_cycles is not None and layer.instructions is not None:
        yield "cost formula", f"{layer.estimated_cycles:,} cycles"
    elif layer.estimated_cycles is None:
        yield "cost formula", text(layer.estimated_cycles_reason or "")
    if layer.own_cycles is not None:
        yield "mcusim's own kernel", f"{layer.own_cycles:,} cycles"
    yield "RAM live", f"{layer.live_bytes:,} bytes of the arena's head"
    yield "scratch", _touched(layer.scratch_bytes, layer.scratch_touched_bytes)
    if layer.stack_bytes is not None:
        yield "stack", _touched(layer.stack_bytes, layer.stack_touched_bytes)
    yield "bit-exact", _exact(layer) if layer.bit_exact is not None else text(layer.bit_exact_reason or "")
    if layer.difference:
        yield "first difference", f'<span class="bad">{text(str(layer.difference))}</span>'


def _cycles(layer: Layer) -> str:
    if layer.cycles is None:
        return UNKNOWN
    if layer.least_cycles is None or layer.most_cycles is None or layer.least_cycles == layer.most_cycles:
        return f"{layer.cycles:,}"
    return f"{layer.cycles:,} ({layer.least_cycles:,} to {layer.most_cycles:,})"


def _touched(planned: int, touched: int | None) -> str:
    return f"{planned:,} bytes" if touched is None else f"{planned:,} bytes, {touched:,} of them written"


def _tensors(tensors: Sequence[LayerTensor], inputs: int) -> str:
    """What a layer reads, then what it writes."""
    columns = [
        Column("tensor"),
        *(Column(title, "term") for title in ("role", "type", "shape")),
        Column("bytes", "number"),
    ]
    rows = []
    for number, one in enumerate(tensors):
        role = "output" if number >= inputs else "constant" if one.is_constant else "input"
        rows.append([short(one.name), role, text(one.dtype), figures.extents(one.shape), f"{one.bytes:,}"])
    return table("Tensors", columns, rows)


def _faster(one: Faster) -> str:
    """A faster way, what keeps the layer from it, and what it would gain as far as that is known."""
    named = f"<code>{text(one.variant)}</code> would be faster, but: " if one.variant else ""
    gain = ""
    if one.change:
        known = one.cycles_reason or "" if one.cycles is None else f"{one.cycles:,} cycles for the same work"
        gain = f"; with {text(one.change)}: {text(known)}"
    return f"{named}{text(one.condition)}{gain}."
