"""Budget and LinkedFlash → lines for people: the arena from both sides, flash as linked, what compresses."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from mcusim import figures, tables
from mcusim.record import Budget, Compressibility, FlashPart, LinkedFlash, WeightTensor

NAME = 44  # cells of a name in a list
TENSOR_NAME = 34  # of a name with six figures behind it
SAVINGS = 4  # operators named in the short form
WORTH_COMPRESSING = 0.75  # of their size: above, weights are as compressible as any
ALTERNATIVES = 4  # banks named in the short form


def budget_lines(budget: Budget) -> list[str]:
    """The short form, for the report: least, most, what is between them, and what else lies in the bank."""
    between = f"{budget.headroom_bytes:,} bytes between them"
    if budget.headroom_bytes < 0:
        between = f"{-budget.headroom_bytes:,} bytes are missing"
    lines = [
        f"least {budget.least_arena_bytes:,} (AllocateTensors) · most {budget.most_arena_bytes:,} in {budget.bank} · "
        f"{between}"
    ]
    if budget.given_arena_bytes is not None:
        lines.append(f"given: {budget.given_arena_bytes:,} ({budget.given_arena_source})")
    taken = [f"{one.name} {'unknown' if one.bytes is None else f'{one.bytes:,}'}" for one in budget.items]
    lines.append(f"beside it in {budget.bank}: {', '.join(taken) or 'nothing'}")
    others = budget.banks[1:]
    if others:
        shown = [f"{one.name} up to {one.most_arena_bytes:,}" for one in others if one.holds][:ALTERNATIVES]
        words = f"or in {', '.join(shown)}" if shown else f"no other bank holds it ({len(others)} are smaller)"
        lines.append(words)
    if budget.application is None:
        lines.append(f"application: {budget.application_reason} (see --app-profile, --firmware)")
    return [tables.safe(line) for line in [*lines, *budget.notes]]


def budget_text(budget: Budget, width: int = 80) -> str:
    """The long form: what takes the bank's bytes, all banks, and where the figures come from."""
    items = [
        [figures.short(one.name, NAME), one.kind, "unknown" if one.bytes is None else f"{one.bytes:,}"]
        for one in budget.items
    ]
    banks = [
        [
            one.name,
            f"{one.address:#010x}",
            f"{one.bytes:,}",
            f"{one.taken_bytes:,}",
            f"{one.most_arena_bytes:,}",
            "yes" if one.holds else "no",
        ]
        for one in budget.banks
    ]
    parts = [
        _wrapped(budget_lines(budget), width),
        tables.grid([tables.safe(f"in {budget.bank}"), "kind", ">bytes"], items, width),
        tables.grid(["bank", "at", ">bytes", ">taken", ">most arena", "holds it"], banks, width),
        _sources([(one.name, one.bytes_reason or one.source) for one in budget.items], width),
    ]
    return "\n".join(parts)


def _wrapped(lines: Sequence[str], width: int) -> str:
    folded = (textwrap.wrap(line, width, subsequent_indent="  ") for line in lines)
    return "".join(f"{line}\n" for lines_of in folded for line in lines_of)


def _sources(pairs: Sequence[tuple[str, str]], width: int) -> str:
    """Where each figure comes from, a name and its source."""
    return _wrapped([tables.safe(f"{name}: {source}.") for name, source in pairs], width)


def linked_lines(linked: LinkedFlash) -> list[str]:
    """The short form, for the report: what the program takes in all, its parts, and what operators cost."""
    unknown = [part.name for part in linked.parts if part.least_bytes is None]
    beyond = f", and {'; '.join(unknown)} (size not published)" if unknown else ""
    lines = [f"{_range(linked.least_bytes, linked.most_bytes)} bytes{beyond}"]
    lines.append(", ".join(f"{part.name} {_size(part)}" for part in linked.parts if part.least_bytes is not None))
    savings = [f"{one.op} {one.saved_bytes:,}" for one in linked.without[:SAVINGS] if one.saved_bytes]
    if savings:
        lines.append(f"kernel code that goes with an operator: {', '.join(savings)}")
    stored = linked.compressibility
    if stored.zlib_bytes is not None and stored.zlib_bytes < WORTH_COMPRESSING * stored.bytes:
        lines.append(compressibility_line(stored))
    return [tables.safe(line) for line in lines]


def compressibility_line(stored: Compressibility) -> str:
    """All constants in a sentence."""
    if stored.zlib_bytes is None or stored.zero_share is None or stored.entropy_bits is None:
        return f"weights: {stored.unknown_reason}"
    lookup = ""
    if stored.lookup_bytes is not None and stored.lookup_bytes < stored.bytes:
        lookup = f", {stored.lookup_bytes:,} with lookup tables"
    return (
        f"weights: {stored.bytes:,} bytes, {figures.percent(stored.zero_share)} zeros, {stored.entropy_bits:.1f} bits "
        f"of entropy a value; compressed at most {stored.zlib_bytes:,} (zlib){lookup}"
    )


def linked_text(linked: LinkedFlash, width: int = 80) -> str:
    """The long form: parts with their sources, what each operator costs, and each weight tensor."""
    parts = [[figures.short(part.name, NAME), _size(part)] for part in linked.parts]
    total = ["together", _range(linked.least_bytes, linked.most_bytes)]
    savings = [[f"without {one.op}", f"{one.count}", f"{one.saved_bytes:,}"] for one in linked.without]
    stored = linked.compressibility
    texts = [
        tables.grid(["part of flash", ">bytes"], [*parts, total], width),
        tables.grid(["model", ">layers", ">bytes saved"], savings, width),
        _wrapped([tables.safe(compressibility_line(stored))], width) + _weights(stored.tensors, width),
        _wrapped([tables.safe(f"To use that: {stored.needs}.")], width),
        _sources([(part.name, part.bytes_reason or part.source) for part in linked.parts], width),
    ]
    return "\n".join(texts)


def _weights(tensors: Sequence[WeightTensor], width: int) -> str:
    rows = [
        [
            figures.short(one.name, TENSOR_NAME),
            f"{one.bytes:,}",
            f"{one.unique_values:,}",
            figures.percent(one.zero_share),
            f"{one.entropy_bits:.2f}",
            f"{one.zlib_bytes:,}",
            "–" if one.lookup_bytes is None else f"{one.lookup_bytes:,}",
        ]
        for one in tensors
    ]
    return tables.grid(["constant", ">bytes", ">values", ">zeros", ">bits", ">zlib", ">tables"], rows, width)


def _size(part: FlashPart) -> str:
    if part.least_bytes is None or part.most_bytes is None:
        return "unknown"
    return _range(part.least_bytes, part.most_bytes)


def _range(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"
