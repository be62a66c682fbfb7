"""A table over boards, with planning and running stood in for."""

import dataclasses
import json
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

import pytest
from one_layer import convolution_model

from mcusim import record, sweep
from mcusim.errors import EmulationError, UnsupportedError
from mcusim.hardware import load_board

BOARDS = ("nano33ble", "nucleo_l4r5zi", "stm32f407_disco")


def planned(board, not_simulated=None):
    return SimpleNamespace(board=board.id, core=SimpleNamespace(not_simulated=not_simulated))


@pytest.fixture
def rows(monkeypatch, example_run, bad_run):
    """nano33ble fits with a range, nucleo_l4r5zi does not, stm32f407_disco cannot be simulated."""
    totals = dataclasses.replace(
        example_run.totals, least_cycles=1_280_000, most_cycles=12_800_000, error_percent=7.4, error_percent_reason=None
    )
    fits = dataclasses.replace(example_run, totals=totals, energy=record.Energy(0.01, None, "headline", 3.0, "x", "y"))

    def run(plan):
        if plan.board == "stm32f407_disco":
            raise UnsupportedError("the core lacks an instruction")
        return {"nano33ble": fits, "nucleo_l4r5zi": bad_run}[plan.board]

    monkeypatch.setattr(sweep, "plan", lambda model, board: planned(board))
    monkeypatch.setattr(sweep, "run", run)
    told = []
    made = sweep.sweep("model", [load_board(name) for name in BOARDS], lambda *step: told.append(step))
    assert told == [(0, 3, "nano33ble"), (1, 3, "nucleo_l4r5zi"), (2, 3, "stm32f407_disco"), (3, 3, "done")]
    return made


def test_one_row_a_board_in_order(rows, example_run):
    assert [row.board for row in rows] == list(BOARDS)
    fits, small, unknown = rows
    assert (fits.fits, fits.bit_exact, fits.reason) == (True, True, None)
    assert (fits.cycles, fits.latency_s) == (example_run.totals.cycles, example_run.totals.latency_s)
    assert (fits.least_latency_s, fits.most_latency_s, fits.error_percent) == (0.02, 0.2, 7.4)
    assert (fits.energy_j, fits.energy_basis) == (example_run.totals.energy_j, "headline")
    assert (small.fits, small.bit_exact) == (False, False)
    assert small.reason.startswith("RAM: 230,000 bytes are needed")
    assert (unknown.fits, unknown.cycles, unknown.latency_s) == (None, None, None)
    assert unknown.reason == "the core lacks an instruction"


def test_the_table_has_the_fitting_board_first_and_reasons_below(rows):
    text = sweep.text("kws", rows, 80)
    lines = text.splitlines()
    assert lines[0] == "kws"
    assert [line.split()[0] for line in lines[3:6]] == list(BOARDS)
    assert "yes" in lines[3] and "20.0–200" in lines[3] and " 7% " in lines[3] and lines[3].endswith(" h")
    assert "no" in lines[4].split() and "?" in lines[5].split()
    assert "stm32f407_disco: the core lacks an instruction" in lines
    assert max(len(line) for line in lines[2:6]) <= 80


def test_json_is_an_array(rows):
    document = json.loads(json.dumps([dataclasses.asdict(row) for row in rows]))
    assert [one["board"] for one in document] == list(BOARDS)
    assert document[2]["latency_s"] is None


def test_holds_needs_a_board_that_fits_bit_exact(rows):
    assert sweep.holds(rows)
    assert not sweep.holds(rows[1:])
    assert not sweep.holds([dataclasses.replace(rows[0], bit_exact=False)])
    assert not sweep.holds([])


def test_a_board_that_fits_but_differs_is_marked(rows):
    assert "not exact" in sweep.text("kws", [dataclasses.replace(rows[0], bit_exact=False)], 100)


def test_a_core_that_is_not_simulated_gets_the_memory_verdict(monkeypatch, example_run):
    totals = dataclasses.replace(
        example_run.totals,
        cycles=None,
        latency_s=None,
        least_cycles=None,
        most_cycles=None,
        range_over=None,
        cycles_reason="no MVE here",
    )
    monkeypatch.setattr(sweep, "plan", lambda model, board: planned(board, "no MVE here"))
    monkeypatch.setattr(sweep, "plan_only", lambda plan: dataclasses.replace(example_run, totals=totals, layers=()))
    (row,) = sweep.sweep("model", [load_board("nano33ble")])
    assert (row.fits, row.bit_exact, row.latency_s, row.reason) == (True, None, None, "no MVE here")
    assert sweep.holds([row])
    text = sweep.text("kws", [row], 80)
    assert "yes" in text and "nano33ble: no MVE here" in text


def test_several_processes_make_the_same_rows_in_the_same_order():
    boards = [load_board(name) for name in ("ek_ra8d1", "alif_e7_hp", "corstone300")]
    model = convolution_model()
    rows = sweep.sweep(model, boards, processes=2)
    assert [row.board for row in rows] == ["ek_ra8d1", "alif_e7_hp", "corstone300"]
    assert rows == sweep.sweep(model, boards)


def test_a_process_that_is_ended_is_an_error(monkeypatch):
    ended = Future()
    ended.set_exception(BrokenProcessPool())
    pool = SimpleNamespace(submit=lambda *task: ended, shutdown=lambda **how: None)
    monkeypatch.setattr(sweep, "ProcessPoolExecutor", lambda *settings: pool)
    with pytest.raises(EmulationError, match="was ended from outside; there may be too little memory"):
        sweep.sweep(convolution_model(), [load_board("alif_e7_hp")], processes=2)
