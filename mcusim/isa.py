"""A core and what code was built for → whether the core executes it."""

from __future__ import annotations

from collections.abc import Mapping

from mcusim.errors import UnsupportedError
from mcusim.hardware import Core

# The instruction sets that each instruction set includes, its own extensions aside.
INCLUDED: Mapping[str, frozenset[str]] = {
    "armv6m": frozenset({"armv6m"}),
    "armv7m": frozenset({"armv6m", "armv7m"}),
    "armv7em": frozenset({"armv6m", "armv7m", "armv7em"}),
    "armv8m_base": frozenset({"armv6m", "armv8m_base"}),
    "armv8m_main": frozenset({"armv6m", "armv7m", "armv7em", "armv8m_base", "armv8m_main"}),
    "armv81m_main": frozenset({"armv6m", "armv7m", "armv7em", "armv8m_base", "armv8m_main", "armv81m_main"}),
}


def check_core(core: Core, isa: str | None, float_abi: str | None, name: str) -> None:
    """Raise UnsupportedError for code of an instruction set or float ABI that the core lacks; None is not known."""
    if isa is not None and isa not in INCLUDED.get(core.isa, frozenset()):
        raise UnsupportedError(
            f"{name} is built for {isa}; {core.name} executes {core.isa}, which does not include that"
        )
    if float_abi == "hard" and core.fpu is None:
        raise UnsupportedError(f"{name} passes floats in registers of a floating-point unit; {core.name} has none")
