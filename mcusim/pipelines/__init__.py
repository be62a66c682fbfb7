"""Pipelines by name: (core, trace) → cycles by block and cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcusim.hardware import Core
from mcusim.pipelines import in_order
from mcusim.trace import Timing, Trace

PIPELINES: Mapping[str, Callable[[Core, Trace], Timing]] = {"in_order": in_order.time}
