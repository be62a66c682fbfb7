"""Texts and tables → GitHub-flavoured Markdown in which no text can act as markup; names come from untrusted files."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mcusim import tables

# Markup of CommonMark and of GitHub's tables, strikethrough and mathematics; "_" only where it can begin or end
# emphasis, so that names of functions stay readable.
_MARKUP = re.compile(r"[\\`*\[\]<>|~&$]|(?<![^\W_])_|_(?![^\W_])")
# What begins a heading, a list or a quotation, where it begins a line.
_FIRST = re.compile(r"^(?:[#+=-]|\d+(?=[.)]))")
# What GitHub makes a link or a picture of in running text: @user, #1, GH-1, addresses, :emoji:. It finds these in what
# is shown, so that neither a backslash nor an entity keeps it from that.
_LINK = re.compile(r"@(?=\w)|#(?=\d)|(?<=[A-Za-z]):(?=//)|\bwww(?=\.)|\bGH(?=-\d)|:(?=[\w+-]+:)", re.IGNORECASE)
_PIPE = re.compile(r"(?<!\\)\|")
WORD_JOINER = "\u2060"  # invisible, and no line is broken at it


def escaped(text: str) -> str:
    """A text as a line of running text, or a cell of a table: every character as it is, nothing becomes a link."""
    line = tables.safe(" ".join(text.split()))
    line = _MARKUP.sub(lambda found: f"\\{found.group()}", line)
    line = _FIRST.sub(lambda found: _guarded(found.group()), line)
    return _LINK.sub(lambda found: found.group() + WORD_JOINER, line)


def code(text: str) -> str:
    """A name in the type of code, on one line: nothing in it is markup, a mention or a link; "" for none."""
    line = tables.safe(" ".join(text.split()))
    if not line:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are Markdown already; a header that starts with ">" stands over numbers, to the right.

    A pipe in a cell gets a backslash, which it needs in a table even within code.
    """
    rule = ["--:" if header.startswith(">") else ":--" for header in headers]
    lines = [[header.removeprefix(">") for header in headers], rule, *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return _PIPE.sub(r"\\|", text)


def folded(summary: str, body: str) -> str:
    """A body of Markdown that shows only when its summary, which is HTML already, is clicked."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n</details>\n"


def _guarded(first: str) -> str:
    """The beginning of a line that would be a heading or a list's; a backslash only guards punctuation."""
    return f"\\{first}" if not first[0].isdigit() else f"{first}{WORD_JOINER}"
