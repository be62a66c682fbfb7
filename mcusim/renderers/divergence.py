"""Differences from the reference → the first one step by step, and another implementation tensor by tensor."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from mcusim import figures, tables
from mcusim.layer_parts import Accumulation, Against, AgainstLayer, Difference, Layer

WORD_COLUMNS = 13
LEAST_COLUMNS = 40
NAME_CHARACTERS = 48


def first(layers: Sequence[Layer], width: int) -> str:
    """Where target code first differs from the reference, down to the accumulator; "" where it never does."""
    wrong = [(layer, layer.difference) for layer in layers if layer.difference is not None]
    if not wrong:
        return ""
    begin, found = wrong[0]
    words = f"The first divergence is in layer {begin.index}, {begin.op}: {_fault(begin)}."
    parts = [_wrapped(words, width, 0), details(found, "target", width)]
    if len(wrong) > 1:
        parts += ["\n", _others(wrong[1:], width)]
    misled = [layer for layer in layers if layer.difference is None and layer.differing_inputs]
    if misled:
        numbers = ", ".join(str(layer.index) for layer in misled)
        words = f"Equal on operands that differ only because of a layer before: {numbers}."
        parts += ["\n", _wrapped(words, width, 0)]
    return "".join(parts)


def _fault(layer: Layer) -> str:
    """Whether operands or operator differ."""
    if not layer.differing_inputs:
        return "its operands are the reference's, its operator differs"
    return f"{layer.differing_inputs:,} elements of its operands differ already, and on these its operator differs too"


def _others(wrong: Sequence[tuple[Layer, Difference]], width: int) -> str:
    """A row for each layer that follows: what its operator makes of operands that may differ themselves."""
    headers = [">#", "operator", "first at", ">target", ">reference", ">differ", ">operands", "because of"]
    rows = [
        [
            str(layer.index),
            layer.op,
            ",".join(map(str, one.index)),
            _value(one.target, one.target_reason),
            _value(one.reference, one.reference_reason),
            f"{one.wrong_elements:,}",
            f"{layer.differing_inputs:,}",
            one.rounding or "–",
        ]
        for layer, one in wrong
    ]
    return tables.grid(headers, rows, width)


def details(found: Difference, other: str, width: int) -> str:
    """An element with both values and how the reference makes it, a line each."""
    largest = "" if found.largest is None else f", by up to {found.largest:.9g}"
    lines = [
        ("tensor", f"{figures.short(found.tensor, NAME_CHARACTERS)}{list(found.index)}"),
        ("elements", f"{found.wrong_elements:,} of {found.elements:,} differ{largest}"),
        (other, _value(found.target, found.target_reason)),
        ("reference", _value(found.reference, found.reference_reason)),
        *([("because of", found.rounding)] if found.rounding else []),
        *(_steps(found.accumulation) if found.accumulation else [("accumulator", found.accumulation_reason or "")]),
    ]
    return "".join(_wrapped(f"  {word:{WORD_COLUMNS}}{text}", width, WORD_COLUMNS + 2) for word, text in lines)


def _steps(steps: Accumulation) -> list[tuple[str, str]]:
    zero_point = f", {steps.offset:+,} for the zero point" if steps.offset else ""
    lines = [
        ("accumulator", f"{steps.accumulator:,}, int{steps.bits}, the bias of {steps.bias:,} in it"),
        (
            "multiplier",
            f"{steps.multiplier:,}, shift {steps.shift}: × it · 2^{steps.shift - 31} is {steps.exact:.9g}",
        ),
    ]
    twice = ""
    if steps.high is not None and steps.shift < 0:
        twice = f"{steps.high:,} / 2^{-steps.shift} = {steps.high / 2**-steps.shift:.9g}, "
    return [*lines, ("rounded", f"{twice}{steps.rounded:,}{zero_point}, held in {steps.least:,} … {steps.most:,}")]


def _value(value: float | None, reason: str | None) -> str:
    return reason or "" if value is None else f"{value:,.9g}"


def against(found: Against, width: int) -> str:
    """The verdict, a row for each output that differs, and the first divergence, or else a harmless difference."""
    different = [one for one in found.layers if one.wrong_elements or one.apart_elements]
    rows = [
        [
            str(one.index),
            one.op,
            *(f"{count:,}" for count in (one.wrong_elements, one.harmless_elements, one.apart_elements, one.elements)),
            _judged(one),
        ]
        for one in different
    ]
    headers = [">#", "operator", ">differ", ">harmless", ">apart", ">of", "because of"]
    parts = [_wrapped(verdict(found), width, 0)]
    if rows:
        parts += ["\n", tables.grid(headers, rows, width), "\n"]
    shown = (*found.diverging, *(one for one in different if one.harmless_elements))[:1]
    for one in shown:
        what = "first divergence" if one in found.diverging else "first harmless difference"
        parts.append(_wrapped(f"The {what} is in layer {one.index}, {one.op}, on the same operands:", width, 0))
        parts.append(details(one.difference, "there", width) if one.difference else "")
        parts.append("\n")
    if rows:
        parts.append(_wrapped(DIFFER, width, WORD_COLUMNS))
        parts.append(_wrapped(APART, width, WORD_COLUMNS))
    parts += [_wrapped(note, width) for note in found.notes]
    return "".join(parts)


DIFFER = (
    "differ       elements that differ from the reference's on the same operands; harmless are those that a known way "
    "of rounding gives when the whole tensor is recomputed with it"
)
APART = "apart        elements that differ when each goes through the whole model: differences of operands are in it"


def verdict(found: Against) -> str:
    """What came of the comparison, in a sentence."""
    count, diverging = len(found.layers), found.diverging
    harmless = sum(one.harmless_elements for one in found.layers)
    equal = sum(not one.wrong_elements for one in found.layers)
    words = f"Against {found.name}: {equal} of {count} outputs of layers are equal bit by bit on the same operands"
    if harmless:
        names = dict.fromkeys(one.rounding for one in found.layers if one.harmless_elements)
        words += f"; {harmless:,} elements differ harmlessly ({', '.join(str(name) for name in names)})"
    if not diverging:
        return f"{words}; nothing diverges."
    real = sum(one.wrong_elements - one.harmless_elements for one in diverging)
    return f"{words}; {len(diverging)} DIVERGE, in {real:,} elements."


def _judged(one: AgainstLayer) -> str:
    if one.wrong_elements > one.harmless_elements:
        return "DIVERGES"
    return one.rounding or "operands"


def _wrapped(text: str, width: int, indent: int = 2) -> str:
    """Lines of at most `width` columns, safe to print."""
    return textwrap.fill(tables.safe(text), max(width, LEAST_COLUMNS), subsequent_indent=" " * indent) + "\n"
