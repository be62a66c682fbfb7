"""Memory systems by name: how an access costs, and what a figure made with them leaves out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcusim.hardware import Board
from mcusim.memories import zero_wait

CAVEATS: Mapping[str, Callable[[Board], tuple[str, ...]]] = {"zero_wait": zero_wait.caveats}
