"""Board, latency and how often it runs → energy of an inference, average power and battery life."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from mcusim import documents, figures
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.hardware import PACKAGE, Board
from mcusim.record import Battery, DutyCycle, Energy, Run

BATTERIES = PACKAGE / "batteries.toml"

_NUMBER = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e([+-]?[0-9]{1,2}))?"
_RATES = {"hz": 1.0, "/s": 1.0, "/min": 1 / 60, "/h": 1 / 3600, "/day": 1 / 86400}
_CURRENTS = {"a": 1.0, "ma": 1e-3, "ua": 1e-6, "na": 1e-9}

BASES: Mapping[str, str] = {
    "measured": "measured during inference",
    "headline": "a headline current, not measured with inference",
    "scaled": "scaled with the clock, as power per MHz is nearly constant",
}


@dataclass(frozen=True, slots=True)
class _BatteryRow:
    """One table of batteries.toml."""

    capacity_mah: float
    voltage_v: float
    source: str


def running_power(board: Board) -> Energy:
    """The power that a board draws while it runs code at its clock; None and the reason where no figure is known.

    A figure stated at another clock is scaled with it, and `basis` says so: over the MLPerf Tiny submissions power
    while running differs by less than 15 % between models on a board, and is nearly proportional to the clock.
    """
    power = board.power
    if power is None:
        reason = board.power_reason or "no current is known for this board"
        return Energy(None, reason, basis=None, voltage_v=None, condition=None, source=None)
    watts = power.current_a * power.voltage_v
    stated = f"{power.current_a * 1e3:g} mA × {power.voltage_v:g} V at {power.clock_hz / 1e6:g} MHz, {power.condition}"
    known = Energy(
        power_w=watts,
        power_w_reason=None,
        basis="measured" if power.measured else "headline",
        voltage_v=power.voltage_v,
        condition=stated,
        source=power.source,
    )
    if power.clock_hz == board.clock_hz:
        return known
    kind = "measured" if power.measured else "headline"
    return dataclasses.replace(
        known, power_w=watts * board.clock_hz / power.clock_hz, basis="scaled", condition=f"{stated} ({kind})"
    )


def inference_energy(running: Energy, latency_s: float) -> tuple[float | None, str | None]:
    """Power while running × time in joules, or None and the reason."""
    if running.power_w is None:
        return None, running.power_w_reason
    return running.power_w * latency_s, None


def note(running: Energy) -> str | None:
    """What the energy of an inference rests on, as a sentence; None where there is none."""
    if running.power_w is None or running.basis is None:
        return None
    return (
        f"Energy is {figures.watts(running.power_w)} × latency: {BASES[running.basis]} ({running.condition}; "
        f"{running.source})."
    )


def with_duty_cycle(run: Run, rate_hz: float, sleep_a: float | None = None, battery: Battery | None = None) -> Run:
    """The run with average power and battery life for `rate_hz` inferences a second and sleep in between.

    Average power = power while running × busy share + sleep power × the rest. Without a sleep current the second
    term is left out: average power is then a lower bound, battery life an upper bound, and `counts_sleep` is false.
    The battery gives capacity × voltage; losses of a regulator are not counted.
    """
    latency_s = run.totals.latency_s
    if latency_s is None:
        raise UnsupportedError(f"no latency of {run.model.name} on {run.board.name}: {run.totals.cycles_reason}")
    busy = rate_hz * latency_s
    average_w, reason = _average_power(run.energy, latency_s, busy, sleep_a)
    life_s = None
    if battery is not None and average_w is not None:
        life_s = battery.capacity_mah * 3.6 * battery.voltage_v / average_w
    no_life = None if life_s is not None else reason or "no battery was named"
    duty = DutyCycle(
        rate_hz=rate_hz,
        busy_share=busy,
        sleep_a=sleep_a,
        sleep_a_reason=None if sleep_a is not None else "no sleep current was given",
        counts_sleep=sleep_a is not None,
        average_power_w=average_w,
        average_power_w_reason=reason,
        battery=battery,
        battery_life_s=life_s,
        battery_life_s_reason=no_life,
    )
    return dataclasses.replace(run, duty_cycle=duty, duty_cycle_reason=None)


def _average_power(
    running: Energy, latency_s: float, busy: float, sleep_a: float | None
) -> tuple[float | None, str | None]:
    if busy > 1:
        return None, f"an inference takes {figures.seconds(latency_s)}: at most {1 / latency_s:.3g} Hz can be kept up"
    if running.power_w is None or running.voltage_v is None:
        return None, running.power_w_reason
    asleep_w = (sleep_a or 0.0) * running.voltage_v * (1 - busy)
    return running.power_w * busy + asleep_w, None


def duty_words(duty: DutyCycle) -> str:
    """Average power and battery life as a sentence for a report."""
    if duty.busy_share > 1:
        return f"cannot keep up with {duty.rate_hz:g} Hz: {duty.average_power_w_reason}"
    text = f"at {duty.rate_hz:g} Hz busy {duty.busy_share:.1%} of the time"
    if duty.average_power_w is None:
        return f"{text}: {duty.average_power_w_reason}"
    bound = "" if duty.counts_sleep else "at least "
    text += f", {bound}{figures.watts(duty.average_power_w)} on average"
    if duty.battery is not None and duty.battery_life_s is not None:
        cell = f"{duty.battery.name} ({duty.battery.capacity_mah:g} mAh, {duty.battery.voltage_v:g} V)"
        text += f"; {cell} lasts {'' if duty.counts_sleep else 'at most '}{figures.duration(duty.battery_life_s)}"
    return text if duty.counts_sleep else f"{text} (sleep is not counted: give its current with --sleep)"


def read_rate(text: str) -> float:
    """Inferences a second: "1Hz", "0.5 Hz", "10/min", "4/h", "1/day". Raises UnsupportedError."""
    found = re.fullmatch(rf"{_NUMBER}\s*(hz|/s|/min|/h|/day)", text.strip().lower())
    rate = _value(found, _RATES) if found else 0.0
    if not 1e-9 <= rate <= 1e9:
        raise UnsupportedError(f"rate {text[:40]!r} is not understood; expected for example 1Hz, 0.5Hz, 10/min or 4/h")
    return rate


def read_current(text: str) -> float:
    """Amperes: "5uA", "1.5 mA", "0nA". Raises UnsupportedError."""
    found = re.fullmatch(rf"{_NUMBER}\s*(a|ma|ua|na)", text.strip().lower().replace("µ", "u").replace("μ", "u"))
    current = _value(found, _CURRENTS) if found else -1.0
    if not 0 <= current <= 100:
        raise UnsupportedError(f"current {text[:40]!r} is not understood; expected for example 5uA, 1.5mA or 300nA")
    return current


def read_battery(text: str) -> Battery:
    """A battery by its name in batteries.toml, or as "1000mAh@3.7V". Raises UnsupportedError with the known names."""
    known = _batteries()
    by_name = {name.lower(): name for name in known}
    if text.strip().lower() in by_name:
        name = by_name[text.strip().lower()]
        row = known[name]
        return Battery(name, row.capacity_mah, row.voltage_v, row.source)
    found = re.fullmatch(rf"{_NUMBER}\s*m?ah\s*@\s*{_NUMBER}\s*v", text.strip().lower())
    if found:
        capacity = _number(found[1], found[2]) * (1 if "mah" in text.lower() else 1000)
        voltage = _number(found[3], found[4])
        if 0.001 <= capacity <= 1e7 and 0.1 <= voltage <= 100:
            return Battery(f"{capacity:g} mAh", capacity, voltage, "given by the user")
    guess = documents.nearest(text, list(known))
    hint = f"did you mean {guess!r}? " if guess else ""
    raise UnsupportedError(
        f"unknown battery {text[:40]!r}; {hint}known: {', '.join(known)}; or give it as 1000mAh@3.7V"
    )


def _batteries() -> dict[str, _BatteryRow]:
    try:
        tables = tomllib.loads(BATTERIES.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInputError(f"batteries.toml cannot be read: {error}; reinstall mcusim") from None
    return {name: documents.build(_BatteryRow, row, f"batteries.toml: {name}") for name, row in tables.items()}


def _value(found: re.Match[str], units: Mapping[str, float]) -> float:
    return _number(found[1], found[2]) * units[found[3]]


def _number(digits: str, exponent: str | None) -> float:
    return float(f"{digits}e{exponent or 0}")
