"""A report in Markdown → the body of a pull request's comment, which is found again by its first line."""

from __future__ import annotations

import re

# A comment that begins with this line is mcusim's own: the next report takes its place.
MARKER = "<!-- mcusim -->"
MOST_CHARACTERS = 65_000  # GitHub takes 65,536
_FOLDED = re.compile(r"<details>\n.*?</details>\n", re.DOTALL)  # no text in them can hold a tag: markdown_text.escaped
LEFT_OUT = "\nParts are left out: a comment of GitHub's has no room for them; the job's summary has them.\n"


def render(markdown: str) -> str:
    """The body, the same for the same report; one that is too long without folded parts, the last first, then cut."""
    body = f"{MARKER}\n{markdown}"
    if len(body) <= MOST_CHARACTERS:
        return body
    room = MOST_CHARACTERS - len(LEFT_OUT)
    for part in reversed(list(_FOLDED.finditer(body))):
        body = body[: part.start()] + body[part.end() :]
        if len(body) <= room:
            return body + LEFT_OUT
    return body[: body.rfind("\n", 0, room) + 1] + LEFT_OUT
