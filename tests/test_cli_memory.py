"""mcusim memory on the command line: exit statuses, one line for each error, and what is written."""

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from mcusim import memory_record
from mcusim.cli import main

MODELS = Path(__file__).parents[1] / "models"
FIRMWARE = ["--board", "nano33ble", "--firmware", "app.elf"]


@pytest.fixture
def model(tmp_path):
    return Path(shutil.copy(MODELS / "digits_cnn.tflite", tmp_path / "digits.tflite"))


def test_a_report(model, capsys):
    assert main(["memory", str(model)]) == 0
    assert capsys.readouterr().out.startswith("digits: the smallest arena is 3,056 bytes\n")
    assert main(["memory", str(model), "--board", "nano33ble"]) == 0
    assert "as on nano33ble" in " ".join(capsys.readouterr().out.split())


def test_a_board_without_dsp(model, capsys):
    assert main(["memory", str(model), "--board", "pico"]) == 0
    assert "without DSP instructions" in " ".join(capsys.readouterr().out.split())


def test_a_copy_with_a_plan(model, tmp_path, capsys):
    copy, before = tmp_path / "copy.tflite", model.read_bytes()
    assert main(["memory", str(model), "--write-plan", str(copy), "-q"]) == 0
    assert capsys.readouterr().out == ""
    assert model.read_bytes() == before and before in copy.read_bytes()
    assert main(["memory", str(copy)]) == 0
    assert "with the plan in its metadata" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--write-plan", "{model}"], "is an input and would be overwritten"),
        (["--write-plan", "{folder}/x", "-o", "{folder}/x"], "is where the report goes"),
        (["--write-plan", "{folder}/x", "--json", "{folder}/x"], "is where the report goes"),
        (["--write-plan", "{folder}"], "no regular file"),
        (["--write-plan", "{folder}/no/such"], "no such file or directory"),
        (["--write-plan", 300 * "x"], "file name too long"),
        (["-o", "{model}"], "is an input and would be overwritten"),
        ([*FIRMWARE, "-o", "app.elf"], "app.elf is an input and would be overwritten"),
        ([*FIRMWARE, "--write-plan", "app.elf"], "app.elf is an input and would be overwritten"),
        (["--board", "nano33ble", "--app-profile", "my.toml", "--json", "my.toml"], "my.toml is an input and would be"),
        (["--board", "nowhere"], "nowhere"),
        (["--format", "xml"], "unknown format 'xml'"),
        (["--planner", "worst"], "no planner 'worst'"),
        (["--soak", "--workload", "bare", "--watch"], "--watch is about one model's arena"),
        (["--with", "{model}", "--planner", "optimum"], "--planner is about one model's arena"),
        (["--watch"], "--watch executes the model on a board"),
        (["--app-profile", "bare"], "--app-profile is about a board's RAM"),
        (["--firmware", "x.elf"], "--firmware is about a board's RAM"),
        (["--arena-size", "-5"], "is not understood"),
        (["--board", "nano33ble", "--app-profile", "nothing"], "nothing"),
        (["--board", "corstone300", "--watch"], "nothing can be executed"),
    ],
)
def test_refusals_are_one_line(model, tmp_path, capsys, arguments, message):
    before = model.read_bytes()
    filled = [one.format(model=model, folder=tmp_path) for one in arguments]
    assert main(["memory", str(model), *filled]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
    assert model.read_bytes() == before and list(tmp_path.iterdir()) == [model]


def test_the_arena_over_time_and_other_planners(model, capsys):
    assert main(["memory", str(model), "--planner", "linear", "--planner", "optimum"]) == 0
    out = capsys.readouterr().out
    assert "Arena over time, planned by greedy\n" in out and "planned by linear\n" in out
    assert "the same plan as that of greedy" in out
    assert "\x1b" not in out and max(map(len, out.splitlines())) <= 80


def test_a_size_given_by_hand(model, capsys):
    assert main(["memory", str(model), "--arena-size", "3056"]) == 0
    assert "FITS the arena that was given" in capsys.readouterr().out
    assert main(["memory", str(model), "--arena-size", "3040", "-q"]) == 1
    said = capsys.readouterr().err
    assert "16 fewer than the 3,056 that AllocateTensors needs" in said and said.count("\n") == 1
    assert main(["memory", str(model), "--board", "nano33ble", "--arena-size", "3040", "-q"]) == 1
    assert "16 fewer" in capsys.readouterr().err


def test_a_board_leaves_an_arena(model, capsys):
    assert main(["memory", str(model), "--board", "nano33ble", "--app-profile", "ble_sensor"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    for part in ("FITS nano33ble", "The arena from both sides", "Flash as linked", "most arena", "--watch does"):
        assert part in words


def test_watching(model, capsys):
    assert main(["memory", str(model), "--board", "nano33ble", "--watch"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "Watched while it ran planned written arena 3,056 2,973" in words
    assert "--watch does" not in words


def test_json_and_svg_again_by_show(model, tmp_path, capsys):
    saved, picture = tmp_path / "saved.json", tmp_path / "arena.svg"
    assert main(["memory", str(model), "--planner", "linear", "--json", str(saved), "--format", "svg"]) == 0
    drawn = capsys.readouterr().out
    ElementTree.fromstring(drawn)
    document = json.loads(saved.read_text())
    schema = json.loads((Path(memory_record.__file__).parent / "memory_schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    assert main(["show", str(saved), "--format", "svg", "-o", str(picture)]) == 0
    assert picture.read_text(encoding="utf-8") == drawn
    assert main(["memory", str(model), "--planner", "linear"]) == 0
    text = capsys.readouterr().out
    assert main(["show", str(saved)]) == 0
    assert capsys.readouterr().out == text
    assert main(["show", str(saved), "--format", "csv"]) == 2
    refused = "is of the reports of mcusim memory, which have no format 'csv'; theirs are text, json, svg"
    assert refused in capsys.readouterr().err
    document["plans"][0]["offsets"][0] = 10**12
    saved.write_text(json.dumps(document))
    assert main(["show", str(saved)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_report_that_did_not_fit_still_does_not(model, tmp_path, capsys):
    saved = tmp_path / "saved.json"
    assert main(["memory", str(model), "--arena-size", "3040", "--json", str(saved), "-q"]) == 1
    assert main(["show", str(saved), "-q"]) == 1
    assert "16 fewer" in capsys.readouterr().err


def test_a_soak_again_by_show(tmp_path, capsys):
    saved = tmp_path / "soak.json"
    soak = ["memory", "--soak", "--workload", "freertos", "--hours", "0.1"]
    for name in ("text", "csv", "svg"):
        assert main([*soak, "--format", name, "--json", str(saved)]) == 0
        made = capsys.readouterr().out
        assert main(["show", str(saved), "--format", name]) == 0
        assert capsys.readouterr().out == made
    assert main(["show", str(saved), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(saved.read_text())
    saved.write_text(saved.read_text().replace('"runs"', '"walks"'))
    assert main(["show", str(saved)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_no_model(tmp_path, capsys):
    bad = tmp_path / "bad.tflite"
    bad.write_bytes(b"TFL3" * 10)
    assert main(["memory", str(bad)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
