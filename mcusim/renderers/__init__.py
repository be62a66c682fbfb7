"""Renderers by format name: a run → text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcusim.record import Run
from mcusim.renderers import html, json, text, validation

RENDERERS: Mapping[str, Callable[[Run], str]] = {
    "text": text.render,
    "validation": validation.render,
    "json": json.render,
    "html": html.render,
}
