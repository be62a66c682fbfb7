"""The recorded visits → whether code was entered by its ways in the same order as when they first came."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcusim.fixedpoint import jit
from mcusim.recording import Observer

# The state: the number of the edge that has to come next of those that have not come yet; whether another one did.
NEXT, DIFFERS = 0, 1


def order_observer() -> Observer:
    """An observer of one call.

    Edges are numbered as they first come, and timed by what came before. Where a later call meets them in that order,
    all that is known of them is what that call alone would have found; otherwise it may not be.
    """
    return Observer("first_entries", (), observe, np.zeros(0, np.int64), np.zeros(2, np.int64))


def is_in_order(observer: Observer) -> bool:
    """Whether no edge has come before its turn since the state was reset."""
    return not observer.state[DIFFERS]


@jit
def observe(
    log: Any,
    length: Any,
    _blocks: Any,
    _instructions: Any,
    _edges: Any,
    _issue: Any,
    _parameters: Any,
    state: Any,
    _counts: Any,
) -> None:
    """Follow the visits of one piece of the log; arguments as recording.Observer says."""
    for position in range(length):
        word = log[position]
        if word == state[NEXT]:
            state[NEXT] += 1
        elif word > state[NEXT]:
            state[DIFFERS] = 1
