"""Errors by core and memory timing, and what a report says about them."""

import pytest

from mcusim import expectation
from mcusim.expectation import Accuracy, Comparison, expected_error, no_error, stored_accuracy, summarise
from mcusim.hardware import load_board, load_core


def comparison(error, board="nucleo_l4r5zi", core="cortex_m4", memory="art", use="validation"):
    return Comparison(
        publication="p",
        workload="kws",
        board=board,
        chip="chip",
        core=core,
        clock_hz=1_000_000,
        framework="TFLM",
        kernels="CMSIS-NN",
        compiler="GCC",
        flags="-O3",
        memory_as_published="flash",
        binary="other kernels",
        use=use,
        difference="versions",
        note="",
        source="somewhere",
        published_cycles=100.0,
        predicted_cycles=None if error is None else round(100 + error),
        predicted_cycles_reason="no board" if error is None else None,
        error_percent=error,
        memory=None if error is None else memory,
        model_file="kws.tflite",
        model_sha256="0" * 64,
        own_model=False,
    )


ROWS = (
    comparison(-10.0),
    comparison(5.0, board="nano33ble"),
    comparison(-3.0),
    comparison(None),
    comparison(50.0, use="context"),
    comparison(1.0, memory="cache"),
    comparison(-8.0, core="cortex_m33", memory="cache"),
)


@pytest.fixture
def stored(monkeypatch):
    accuracy = Accuracy(expectation.SCHEMA, "0", ROWS, summarise(ROWS))
    monkeypatch.setattr(expectation, "stored_accuracy", lambda: accuracy)


def test_groups_are_by_core_memory_and_use():
    groups = summarise(ROWS)
    assert [(one.core, one.memory, one.use, one.rows) for one in groups] == [
        ("cortex_m33", "cache", "validation", 1),
        ("cortex_m4", "art", "validation", 3),
        ("cortex_m4", "cache", "validation", 1),
        ("cortex_m4", "art", "context", 1),
    ]
    art = groups[1]
    assert (art.mean_percent, art.median_percent, art.worst_percent) == (6.0, 5.0, -10.0)
    assert art.bias_percent == pytest.approx(-8 / 3, abs=0.01)
    assert art.boards == ("nano33ble", "nucleo_l4r5zi")


def test_the_error_is_that_of_core_and_memory(stored):
    bar = expected_error(load_board("nucleo_l4r5zi"), load_core("cortex_m4"), "art")
    assert bar.percent == 6.0
    assert bar.source.startswith(
        "mean of 3 published figures on Cortex-M4 with memory timing art (nano33ble, nucleo_l4r5zi);"
    )
    assert "mean with signs -3%, worst -10%" in bar.source


def test_rows_of_other_boards_are_named_as_such(stored):
    bar = expected_error(load_board("stm32f407_disco"), load_core("cortex_m4"), "art")
    assert "none of them on this board" in bar.source
    one = expected_error(load_board("nucleo_l4r5zi"), load_core("cortex_m4"), "cache")
    assert "1 published figure on" in one.source


def test_no_error_without_rows(stored):
    core = load_core("cortex_m4")
    assert expected_error(load_board("nucleo_l4r5zi"), core, "xip") is None
    assert no_error(core, "xip") == (
        "no published latency on Cortex-M4 with memory timing xip is there to compare with"
    )


def test_context_rows_make_no_error(monkeypatch):
    rows = (comparison(50.0, use="context"),)
    accuracy = Accuracy(expectation.SCHEMA, "0", rows, summarise(rows))
    monkeypatch.setattr(expectation, "stored_accuracy", lambda: accuracy)
    assert expected_error(load_board("nucleo_l4r5zi"), load_core("cortex_m4"), "art") is None


def test_the_stored_groups_are_those_of_the_stored_rows():
    accuracy = stored_accuracy()
    assert accuracy.schema == expectation.SCHEMA
    assert accuracy.groups == summarise(accuracy.rows)
    for row in accuracy.rows:
        if row.predicted_cycles is not None:
            error = 100 * (row.predicted_cycles / row.published_cycles - 1)
            assert row.error_percent == pytest.approx(error, abs=0.02)
