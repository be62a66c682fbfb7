"""SharedArena → its text: what each model adds to an arena that all share, against an arena for each."""

from __future__ import annotations

import textwrap

from mcusim import figures, tables
from mcusim.shared_arena import SharedArena

NAME_CELLS = 36


def text(shared: SharedArena, width: int = 80) -> str:
    """The report, for people."""
    rows = [
        [
            figures.short(model.name, NAME_CELLS),
            f"{model.alone_bytes:,}",
            f"{model.head_bytes:,}",
            f"{model.kept_bytes:,}",
            f"{model.growth_bytes:,}",
        ]
        for model in shared.models
    ]
    rows.append(
        [
            "all, in one arena",
            f"{shared.apart_bytes:,}",
            f"{shared.head_bytes:,}",
            f"{shared.kept_bytes:,}",
            f"{shared.smallest_bytes:,}",
        ]
    )
    grid = tables.grid(["bytes of", ">alone", ">planned", ">kept", ">adds"], rows, width)
    return "Several interpreters, one arena\n" + grid + "".join(f"{line}\n" for line in _words(shared, width))


def _words(shared: SharedArena, width: int) -> list[str]:
    sentences = [
        f"One arena of {shared.smallest_bytes:,} bytes does for all, {shared.saved_bytes:,} less than one for each. "
        "What a model keeps adds up; the planned buffers serve one model at a time, so that the largest counts.",
        "The models must take turns: an inference of one overwrites inputs and outputs of the others.",
    ]
    if shared.best_bytes < shared.smallest_bytes:
        order = ", ".join(tables.safe(shared.models[index].name) for index in shared.best_order)
        sentences.append(f"Made in the order {order}, they need {shared.best_bytes:,}.")
    return [line for sentence in sentences for line in textwrap.wrap(sentence, width, break_on_hyphens=False)]
