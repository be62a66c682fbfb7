"""Published rows beside predictions, with the simulation stood in for."""

import dataclasses
import json
from types import SimpleNamespace

import pytest

from mcusim import accuracy
from mcusim.errors import UnsupportedError
from mcusim.published import Publication, Row

ONE = Publication(
    id="one",
    framework="TFLM",
    kernels="CMSIS-NN 13.0",
    compiler="GCC 13",
    flags="-O3",
    board="nucleo_l4r5zi",
    chip="STM32L4R5ZI",
    core="cortex_m4",
    clock_hz=120_000_000,
    memory="flash",
    kind="model",
    binary="other kernels",
    use="validation",
    difference="another version",
    source="a repository",
    row=(Row("kws", latency_us=100_000.0),),
)


class Stages:
    """Stands in for load, plan and run; every model takes 9 million cycles."""

    def __init__(self):
        self.runs = []

    def load(self, path):
        return path

    def plan(self, model, board):
        if "vww" in model.name:
            raise UnsupportedError(f"{model} needs an operator that mcusim does not have")
        return model, board

    def run(self, plan, link_orders):
        model, board = plan
        self.runs.append((model.name, board.id))
        return SimpleNamespace(
            totals=SimpleNamespace(cycles=9_000_000, cycles_reason=None),
            provenance=SimpleNamespace(memory_model="art"),
            model=SimpleNamespace(sha256="a" * 64),
            board=SimpleNamespace(clock_hz=board.clock_hz),
        )


@pytest.fixture
def stages(monkeypatch):
    stand_in = Stages()
    for name in ("load", "plan", "run"):
        monkeypatch.setattr(accuracy, name, getattr(stand_in, name))
    return stand_in


@pytest.fixture
def models(tmp_path):
    for name in ("kws_ref_model.tflite", "kws_ds_cnn.tflite", "ad_autoencoder.tflite", "vww_mobilenet_v1_025.tflite"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def compared(monkeypatch, folders, *rows):
    monkeypatch.setattr(accuracy, "publications", lambda: iter(rows))
    return accuracy.compare(folders)


def test_error_is_predicted_over_published(stages, monkeypatch, models):
    result = compared(monkeypatch, [models], ONE)
    (row,) = result.rows
    assert (row.published_cycles, row.predicted_cycles, row.error_percent) == (12_000_000.0, 9_000_000, -25.0)
    assert (row.memory, row.model_file, row.own_model) == ("art", "kws_ref_model.tflite", False)
    (group,) = result.groups
    assert (group.core, group.memory, group.mean_percent, group.bias_percent) == ("cortex_m4", "art", 25.0, -25.0)


def test_a_model_runs_once_a_board(stages, monkeypatch, models):
    two = dataclasses.replace(ONE, id="two", row=(Row("kws", latency_us=90_000.0), Row("ad", latency_us=9_000.0)))
    result = compared(monkeypatch, [models], ONE, two)
    assert stages.runs == [("kws_ref_model.tflite", "nucleo_l4r5zi"), ("ad_autoencoder.tflite", "nucleo_l4r5zi")]
    assert [row.error_percent for row in result.rows] == [-25.0, -16.67, 733.33]
    assert result.rows[2].own_model


@pytest.mark.parametrize(
    "changes, row, expected",
    [
        ({"kind": "kernel"}, Row("x25519", cycles=10.0), "not part of mcusim"),
        ({"board": None}, Row("kws", latency_us=1.0), "no board file for STM32L4R5ZI"),
        ({"board": "nucleo_x"}, Row("kws", latency_us=1.0), "no board file for nucleo_x"),
        ({}, Row("ic", latency_us=1.0), "pretrainedResnet_quant.tflite or ic_resnet8.tflite is not there"),
        ({"clock_hz": 80_000_000}, Row("kws", latency_us=1.0), "another clock"),
        ({}, Row("vww", latency_us=1.0), "needs an operator"),
    ],
)
def test_a_row_that_cannot_be_predicted_says_why(stages, monkeypatch, models, changes, row, expected):
    result = compared(monkeypatch, [models], dataclasses.replace(ONE, row=(row,), **changes))
    (found,) = result.rows
    assert expected in found.predicted_cycles_reason
    assert str(models) not in found.predicted_cycles_reason
    assert (found.predicted_cycles, found.error_percent, found.memory, result.groups) == (None, None, None, ())


def test_the_published_model_comes_before_ones_own_in_all_folders(stages, monkeypatch, tmp_path):
    for folder, name in (("a", "kws_ds_cnn.tflite"), ("b", "kws_ref_model.tflite")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(b"")
    result = compared(monkeypatch, [tmp_path / "a", tmp_path / "b"], ONE)
    assert result.rows[0].model_file == "kws_ref_model.tflite"


def test_folders(monkeypatch, tmp_path):
    monkeypatch.setenv(accuracy.REFERENCE_DATA, str(tmp_path))
    assert accuracy.model_folders([])[0] == tmp_path / "models"
    assert [str(folder) for folder in accuracy.model_folders(["x", "y"])] == ["x", "y"]
    monkeypatch.delenv(accuracy.REFERENCE_DATA)
    assert [str(folder) for folder in accuracy.model_folders([])] == ["models"]


def test_texts_name_everything(stages, monkeypatch, models):
    context = dataclasses.replace(ONE, id="theirs", use="context", row=(Row("ad", latency_us=1_000.0),))
    missing = dataclasses.replace(ONE, id="gone", board=None)
    result = compared(monkeypatch, [models], ONE, context, missing)
    shown = accuracy.text(result, 200)
    assert "-25.0%" in shown and "100 ms" in shown and "75.0 ms" in shown
    assert "For context: other kernels" in shown and "ad (ad_autoencoder.tflite)" in shown
    assert "Not predicted\nmcusim has no board file for STM32L4R5ZI: gone: kws" in shown
    assert "one: TFLM on nucleo_l4r5zi; CMSIS-NN 13.0, GCC 13, -O3; predicted with memory timing art" in shown
    assert "another version (a repository)" in shown
    assert all(len(line) <= 100 for line in accuracy.text(result, 100).splitlines() if " | " not in line)
    table = accuracy.markdown(result).splitlines()
    assert table[0].startswith("| model | board | published |") and table[1].startswith("| --- | --- | ---: |")
    assert len(table) == 3 and "-25.0%" in table[2]
    json.dumps(dataclasses.asdict(result))


def test_progress_is_told_of_every_row(stages, monkeypatch, models):
    monkeypatch.setattr(accuracy, "publications", lambda: iter([ONE, dataclasses.replace(ONE, id="two")]))
    told = []
    accuracy.compare([models], lambda done, total, what: told.append((done, total, what)))
    assert told == [(0, 2, "kws on nucleo_l4r5zi"), (1, 2, "kws on nucleo_l4r5zi")]
