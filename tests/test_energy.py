"""Energy, average power and battery life, by hand; what users type for rate, current and battery."""

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest

from mcusim import energy, record
from mcusim.errors import UnsupportedError
from mcusim.hardware import Power, load_board

SCHEMA = json.loads((Path(record.__file__).parent / "run_schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def board():
    """24 mA at 1.5 V and 100 MHz, measured: 36 mW."""
    power = Power(0.024, 1.5, 100_000_000, True, "inference", "a meter")
    return dataclasses.replace(load_board("nucleo_l4r5zi"), power=power, power_reason=None, clock_hz=100_000_000)


@pytest.fixture
def tenth(example_run, board):
    """A run of a tenth of a second on that board."""
    totals = dataclasses.replace(example_run.totals, latency_s=0.1)
    return dataclasses.replace(example_run, totals=totals, energy=energy.running_power(board))


def test_power_is_current_times_voltage(board):
    running = energy.running_power(board)
    assert running.power_w == pytest.approx(0.036)
    assert running.basis == "measured"
    assert energy.inference_energy(running, 0.5) == (pytest.approx(0.018), None)
    assert "36.0 mW × latency: measured during inference (24 mA × 1.5 V at 100 MHz" in energy.note(running)


def test_a_headline_is_marked(board):
    headline = dataclasses.replace(board, power=dataclasses.replace(board.power, measured=False))
    assert energy.running_power(headline).basis == "headline"
    assert "not measured" in energy.note(energy.running_power(headline))


def test_another_clock_scales_and_says_so(board):
    slow = energy.running_power(dataclasses.replace(board, clock_hz=25_000_000))
    assert slow.power_w == pytest.approx(0.009)
    assert slow.basis == "scaled"
    assert "at 100 MHz" in slow.condition and slow.condition.endswith("(measured)")


def test_no_power_no_energy(board):
    running = energy.running_power(dataclasses.replace(board, power=None, power_reason="nobody measured"))
    assert (running.power_w, running.power_w_reason, running.basis) == (None, "nobody measured", None)
    assert energy.inference_energy(running, 1.0) == (None, "nobody measured")
    assert energy.note(running) is None


def test_average_power_with_sleep(tenth):
    battery = record.Battery("cell", 1000, 3.0, "made up")
    duty = energy.with_duty_cycle(tenth, 2.0, 0.001, battery).duty_cycle
    assert duty.busy_share == pytest.approx(0.2)
    assert duty.average_power_w == pytest.approx(0.2 * 0.036 + 0.8 * 0.001 * 1.5)
    assert duty.battery_life_s == pytest.approx(3600 * 3.0 / duty.average_power_w)
    assert duty.counts_sleep
    assert "at most" not in energy.duty_words(duty) and "lasts 14.9 days" in energy.duty_words(duty)


def test_without_sleep_both_are_bounds(tenth):
    duty = energy.with_duty_cycle(tenth, 2.0, None, record.Battery("cell", 1000, 3.0, "made up")).duty_cycle
    assert duty.average_power_w == pytest.approx(0.0072)
    assert not duty.counts_sleep and duty.sleep_a is None and duty.sleep_a_reason
    words = energy.duty_words(duty)
    assert "at least 7.20 mW" in words and "lasts at most" in words and "--sleep" in words


def test_a_rate_that_cannot_be_kept_up(tenth):
    duty = energy.with_duty_cycle(tenth, 11.0, 0.0, record.Battery("cell", 1, 3.0, "made up")).duty_cycle
    assert duty.average_power_w is None and duty.battery_life_s is None
    assert duty.average_power_w_reason == "an inference takes 100 ms: at most 10 Hz can be kept up"
    assert "cannot keep up with 11 Hz: an inference takes 100 ms: at most 10 Hz" in energy.duty_words(duty)
    exactly = energy.with_duty_cycle(tenth, 10.0, 1.0).duty_cycle
    assert exactly.average_power_w == pytest.approx(0.036)


def test_unknown_power_gives_a_reason(tenth):
    unknown = dataclasses.replace(tenth, energy=record.Energy(None, "nobody measured", None, None, None, None))
    duty = energy.with_duty_cycle(unknown, 1.0).duty_cycle
    assert (duty.average_power_w, duty.average_power_w_reason) == (None, "nobody measured")
    assert duty.battery_life_s_reason == "nobody measured"


@pytest.mark.parametrize("sleep", [None, 5e-6])
@pytest.mark.parametrize("rate", [1.0, 100.0])
def test_json_has_it_and_reads_back(tenth, rate, sleep):
    run = energy.with_duty_cycle(tenth, rate, sleep, energy.read_battery("CR2032"))
    document = json.loads(json.dumps(record.to_json(run)))
    jsonschema.validate(document, SCHEMA)
    again = record.from_json(document)
    assert (again.energy, again.duty_cycle) == (run.energy, run.duty_cycle)


@pytest.mark.parametrize(
    "text, hertz",
    [
        ("1Hz", 1),
        ("0.5 hz", 0.5),
        ("10/min", 1 / 6),
        ("4/h", 4 / 3600),
        ("2/s", 2),
        ("1/day", 1 / 86400),
        ("1e1Hz", 10),
    ],
)
def test_rates(text, hertz):
    assert energy.read_rate(text) == pytest.approx(hertz)


@pytest.mark.parametrize("text", ["", "1", "Hz", "-1Hz", "0Hz", "nanHz", "1e99Hz", "9" * 500 + "Hz", "1MHz", "1Hz2"])
def test_rates_that_are_none(text):
    with pytest.raises(UnsupportedError, match="expected for example 1Hz"):
        energy.read_rate(text)


@pytest.mark.parametrize(
    "text, amperes", [("5uA", 5e-6), ("5 µA", 5e-6), ("1.5mA", 1.5e-3), ("300nA", 3e-7), ("0A", 0)]
)
def test_currents(text, amperes):
    assert energy.read_current(text) == pytest.approx(amperes)


@pytest.mark.parametrize("text", ["", "5", "uA", "-5uA", "5uV", "1e9A", "١uA" * 50])
def test_currents_that_are_none(text):
    with pytest.raises(UnsupportedError, match="expected for example 5uA"):
        energy.read_current(text)


def test_batteries():
    cell = energy.read_battery("cr2032")
    assert (cell.name, cell.capacity_mah, cell.voltage_v) == ("CR2032", 225, 3.0)
    given = energy.read_battery("1.5Ah@3.7V")
    assert (given.capacity_mah, given.voltage_v, given.source) == (1500, 3.7, "given by the user")


@pytest.mark.parametrize("text", ["", "CR2033", "0mAh@3V", "5mAh", "1mAh@0V", "1e9Ah@1V", "mAh@3V"])
def test_batteries_that_are_none(text):
    with pytest.raises(UnsupportedError, match="known: CR2032"):
        energy.read_battery(text)


def test_the_power_of_every_board_is_marked():
    for name in ("nucleo_l4r5zi", "nano33ble", "sparkfun_edge"):
        running = energy.running_power(load_board(name))
        assert (running.power_w is None) == (running.basis is None) == (running.power_w_reason is not None)
