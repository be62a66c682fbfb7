"""Rows of texts → aligned columns, without colour and safe to print on a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

GAP = "  "


def grid(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """One line a row under the headers, at most `width` columns wide if only texts have to be cut for that.

    A header that starts with ">" stands over numbers, to the right. They and the first column, which names the
    row, are never cut; of the others the widest is first, an ellipsis at its end.
    """
    numbers = [header.startswith(">") for header in headers]
    lines = [[header.removeprefix(">") for header in headers], *([safe(cell) for cell in row] for row in rows)]
    widths = [max(cells(line[column]) for line in lines) for column in range(len(headers))]
    texts = [column for column, number in enumerate(numbers) if column and not number]
    while texts and sum(widths) + len(GAP) * (len(widths) - 1) > width:
        widest = max(texts, key=lambda column: widths[column])
        if widths[widest] <= 4:
            break
        widths[widest] -= 1
    return "".join(
        GAP.join(_fit(text, widths[column], numbers[column]) for column, text in enumerate(line)).rstrip() + "\n"
        for line in lines
    )


def safe(text: str) -> str:
    """The text with every character replaced that could act on a terminal; names come from untrusted files."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def cells(text: str) -> int:
    """Columns that a printable text takes on a terminal: wide characters two, combining ones none."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def _fit(text: str, width: int, right: bool) -> str:
    if cells(text) > width:
        while text and cells(text) > width - 1:
            text = text[:-1]
        text += "…"
    padding = " " * (width - cells(text))
    return padding + text if right else text + padding
