"""Fits: known forms come back, and what is stored fits what is measured now."""

import statistics

import numpy as np
import pytest

from mcusim import fit
from mcusim.cost import Cost
from mcusim.estimate import Estimator
from mcusim.formulas import stored_formulas
from mcusim.hardware import board_core, board_names, load_board
from mcusim.streams import code_cache


def observed(count, waits_per_row):
    """Layers of a kernel of 7 cycles a row, 3 a column and 40 by itself, with waits by rows."""
    rng = np.random.default_rng(2)
    found = []
    for number in range(count):
        rows, columns = (int(one) for one in rng.integers(1, 100, 2))
        waits = waits_per_row * rows + (25 if number % 2 else 0)
        cost = Cost("kernel", {"calls": 1, "rows": rows, "columns": columns})
        found.append(fit.Observation(cost, bool(number % 2), 40 + 7 * rows + 3 * columns + waits, waits))
    return found


def test_a_form_comes_back():
    formulas = fit.fit(load_board("nano33ble"), observed(40, 2))
    formula = formulas.kernels["kernel"]
    assert formula.cycles == pytest.approx({"calls": 40, "rows": 7, "columns": 3}, abs=0.01)
    assert formula.waits == pytest.approx({"rows": 2}, abs=0.01)
    assert sum(formula.cold_waits.values()) == pytest.approx(25, abs=0.2)
    assert formula.worst_percent < 0.1 and formula.layers == 40


def test_without_waits_there_are_none():
    layers = [fit.Observation(one.cost, False, one.cycles - one.waits, 0) for one in observed(40, 2)]
    assert fit.fit(load_board("sparkfun_edge"), layers).kernels["kernel"].waits == {}


def test_few_layers_make_no_formula():
    assert fit.fit(load_board("nano33ble"), observed(40, 0) + observed(0, 0)).kernels.keys() == {"kernel"}
    with pytest.raises(statistics.StatisticsError):
        fit.fit(load_board("nano33ble"), observed(fit.FEWEST_LAYERS - 1, 0))


def test_samples_are_the_same_each_time():
    board = load_board("bluepill_f103")
    first, again = (list(fit.sample_models(board, 0.05)) for _ in range(2))
    assert [model.sha256 for model in first] == [model.sha256 for model in again]
    assert [op.options for model in first for op in model.ops] == [op.options for model in again for op in model.ops]


def test_boards_with_formulas():
    """At least one board of each core; cold code costs only where there is a cache of code."""
    fitted = [name for name in board_names() if stored_formulas(name) is not None]
    simulated = {load_board(name).core for name in board_names() if not board_core(load_board(name)).not_simulated}
    assert simulated - {"cortex_m0"} <= {load_board(name).core for name in fitted}
    for name in fitted:
        stored = stored_formulas(name)
        assert stored.board == name and stored.seed == fit.SEED and stored.median_percent < 2
        cold = any(sum(formula.cold_waits.values()) for formula in stored.kernels.values())
        assert cold == (code_cache(load_board(name)) is not None), name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nano33ble", "nucleo_g0b1re"])
def test_stored_formulas_are_fresh(name):
    """Layers that no fit has seen take what the stored formulas say."""
    board = load_board(name)
    stored = stored_formulas(name)
    assert Estimator(board, stored).stale is None, "fit again: python -m mcusim.fit"
    errors = []
    for one in fit.observations(board, fit.measure(board, list(fit.sample_models(board, 0.05)))):
        if one.cost.kernel in stored.kernels and not one.cost.spread:
            errors.append(abs(fit.predicted(board, stored.kernels[one.cost.kernel], one) / one.cycles - 1))
    assert len(errors) > 30 and statistics.median(errors) < 0.02
