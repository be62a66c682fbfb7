"""Memory that answers every access at once: board → no observer, and what such a figure leaves out, in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mcusim.hardware import Board
from mcusim.recording import Observer

PARAMETERS: Mapping[str, str] = {}
DEFAULTS: Mapping[str, float] = {}


def observer(board: Board, parameters: Mapping[str, float]) -> Observer | None:
    """None: nothing waits."""
    return None


def without_caches(parameters: Mapping[str, float], off: Collection[str]) -> Mapping[str, float]:
    """The parameters where caches ("instruction", "data") are off: there are none."""
    return parameters


def place_matters(parameters: Mapping[str, float], waiting: float) -> bool:
    """Whether other link orders may take other cycles; `waiting`: the share of them in which this one waits for code.

    No, nothing waits.
    """
    return False


def caveats(board: Board) -> tuple[str, ...]:
    """Sentences that say how the board's real memory differs from zero wait states; empty if it does not."""
    flash = board.flash_timing
    if flash.wait_states == 0:
        return ()
    clock = f"{board.clock_hz / 1e6:g} MHz"
    if flash.wait_states is None:
        waits = f"{board.name} does not publish its flash wait states at {clock}"
    else:
        waits = f"{board.name} reads flash with {flash.wait_states} wait states at {clock}"
    behind = f", behind {flash.accelerator}" if flash.accelerator else ""
    return (
        f"Cycles assume zero wait states: {waits}{behind}. Neither is simulated: code and weights in flash take "
        "longer than this.",
    )
