"""Run → the mcusim.run/1 JSON document, in ASCII so that no name in it can act on a terminal."""

from __future__ import annotations

import json

from mcusim import record


def render(run: record.Run) -> str:
    """The run's document, indented by two, with a newline at its end."""
    return json.dumps(record.to_json(run), indent=2, ensure_ascii=True, allow_nan=False) + "\n"
