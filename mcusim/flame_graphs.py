"""Chains of calls with their cycles → the exchange formats of flame graphs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from mcusim import tables

# Frames from the outermost on, and the cycles of the last one itself.
Stack = tuple[Sequence[str], int]


def collapsed(stacks: Sequence[Stack]) -> str:
    """A line a chain that has cycles, in order: names with semicolons between, a blank, cycles (for flamegraph.pl)."""
    return "".join(f"{';'.join(map(_frame, frames))} {cycles}\n" for frames, cycles in stacks if cycles)


def speedscope(name: str, profile: str, stacks: Sequence[Stack]) -> str:
    """The same for speedscope.app, in the given order, as a sampled profile whose weights are cycles."""
    counted = [(frames, cycles) for frames, cycles in stacks if cycles]
    names = sorted({frame for frames, _ in stacks for frame in frames})
    numbers = {one: number for number, one in enumerate(names)}
    document = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "name": tables.safe(name),
        "exporter": "mcusim",
        "shared": {"frames": [{"name": tables.safe(one)} for one in names]},
        "profiles": [
            {
                "type": "sampled",
                "name": tables.safe(profile),
                "unit": "none",
                "startValue": 0,
                "endValue": sum(cycles for _, cycles in counted),
                "samples": [[numbers[frame] for frame in frames] for frames, _ in counted],
                "weights": [cycles for _, cycles in counted],
            }
        ],
    }
    return json.dumps(document, ensure_ascii=True) + "\n"


def _frame(name: str) -> str:
    return tables.safe(name).replace(";", ":").replace(" ", "_")
