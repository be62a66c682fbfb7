"""Run → a report as one HTML file: light and dark, printable, readable without JavaScript, and it fetches nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

from mcusim.record import Run
from mcusim.renderers import svg
from mcusim.renderers.html_cycles import cycles
from mcusim.renderers.html_layers import layers
from mcusim.renderers.html_memory import arena, flash, memory
from mcusim.renderers.html_parts import FILLS, text
from mcusim.renderers.html_summary import header, help_wanted, notes, title, verdict

STYLE, SCRIPT = (Path(__file__).with_name(name) for name in ("html_report.css", "html_report.js"))

# What the page's links call its parts.
SECTIONS: tuple[tuple[str, str, Callable[[Run], str]], ...] = (
    ("summary", "Verdict", verdict),
    ("advice", "Advice", help_wanted),
    ("cycles", "Cycles", cycles),
    ("layers", "Layers", layers),
    ("memory", "Memory", memory),
    ("arena", "Arena", arena),
    ("flash", "Flash", flash),
    ("notes", "Notes", notes),
)


def render(run: Run) -> str:
    """The page. Names in it come from untrusted files: each is escaped, and nothing but the page's own style sheet and
    script, known by their hashes, is let work on it.
    """
    style, script = _style(), SCRIPT.read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    links = "".join(f'<li><a href="#{identifier}">{words}</a></li>' for identifier, words, _ in SECTIONS)
    body = "\n".join(part(run) for _, _, part in SECTIONS)
    patterns = svg.patterns({**svg.FILLS, **FILLS})
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="mcusim {text(run.mcusim_version)}">
<title>{text(title(run))} · mcusim</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<svg class="mcusim patterns" aria-hidden="true"><defs>{patterns}</defs></svg>
<nav aria-label="Parts of the report"><ul>{links}</ul>
<button type="button" id="theme" aria-pressed="false" hidden>Dark</button></nav>
<header>{header(run)}</header>
<main id="main" tabindex="-1">
{body}
</main>
<footer><p>mcusim {text(run.mcusim_version)} · {text(run.created)} · {text(title(run))}</p></footer>
<script>{script}</script>
</body>
</html>
"""


def _style() -> str:
    """The page's style sheet with that of its pictures, whose colours follow the page's theme."""

    def both(light: str, dark: str) -> str:
        return f"light-dark({light},{dark})"

    drawn = svg.style(both) + svg.fills_style(FILLS) + svg.colours(FILLS, both)
    return f"{STYLE.read_text(encoding='utf-8')}{drawn}\n"


def _digest(content: str) -> str:
    """How a content security policy names a style sheet or script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
