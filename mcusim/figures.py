"""Numbers and names → short texts with units for people."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import tables


def percent(share: float) -> str:
    """A share of 1 in percent, to a tenth."""
    return f"{share:.1%}"


def ratio(value: int, per: int) -> str:
    """value / per to two decimals, a dash where there is nothing to divide by."""
    return f"{value / per:,.2f}" if per else "–"


def seconds(value: float) -> str:
    """A time in s, ms or µs."""
    return _scaled(value, (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)))


def joules(value: float) -> str:
    """An energy in J, mJ or µJ."""
    return _scaled(value, (("J", 1.0), ("mJ", 1e-3), ("µJ", 1e-6)))


def watts(value: float) -> str:
    """A power in W, mW, µW or nW."""
    return _scaled(value, (("W", 1.0), ("mW", 1e-3), ("µW", 1e-6), ("nW", 1e-9)))


def expected_error(error_percent: float | None, reason: str | None, source: str | None = None) -> str:
    """The error to expect of cycles, with its source where given; why where none is known."""
    if error_percent is None:
        return reason or "not known"
    return f"±{error_percent:.2g}%" + (f", {source}" if source else "")


def duration(value: float) -> str:
    """A long time in years, days, hours or minutes."""
    return _scaled(value, (("years", 365.25 * 86400), ("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)))


def extents(shape: Sequence[int]) -> str:
    """A tensor's shape."""
    return "×".join(str(extent) for extent in shape) or "scalar"


def short(name: str, room: int) -> str:
    """A name that fits: of tensors fused into one the first, and of a path its end, which tells most."""
    name = name.split(";")[0]
    if tables.cells(name) <= room:
        return name
    return f"…{name[1 - room :]}" if "/" in name else f"{name[: room - 1]}…"


def _scaled(value: float, units: Sequence[tuple[str, float]]) -> str:
    """Three significant digits, as many as a figure here is worth, in the largest unit that leaves one in front."""
    name, factor = next(((name, factor) for name, factor in units if value >= factor), units[-1])
    scaled = value / factor
    digits = max(0, 3 - len(f"{scaled:.0f}"))
    return f"{scaled:,.{digits}f} {name}"
