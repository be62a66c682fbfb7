"""The command line: exit statuses, one line for every error, where texts go, and a quick start."""

import dataclasses
import importlib
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from mcusim import record
from mcusim.cli import main
from mcusim.errors import BadModelError, DoesNotFitError, EmulationError, UnsupportedError
from mcusim.hardware import board_names, core_names
from mcusim.ops import OPERATORS
from mcusim.renderers import RENDERERS, text, validation

ROOT = Path(__file__).parents[1]
PROFILE = ["profile", "kws.tflite", "--board", "nano33ble"]


class Stages:
    """Stands in for tflite.load, plan.plan and run.run: what they were given and what the run is."""

    def __init__(self, result):
        self.result = result
        self.calls = []

    def load(self, path):
        self.calls.append(("load", path))
        if isinstance(self.result, BaseException):
            raise self.result
        return "model"

    def plan(self, model, board):
        self.calls.append(("plan", model, board.id))
        return "plan"

    def run(self, plan, inputs=None, *, command="", progress=None):
        self.calls.append(("run", plan, command, progress))
        return self.result


@pytest.fixture
def stages(monkeypatch, example_run):
    """The stages replaced, and with them the second that an inference takes."""
    stand_in = Stages(example_run)
    for module, name in (("tflite", "load"), ("plan", "plan"), ("run", "run")):
        monkeypatch.setattr(importlib.import_module(f"mcusim.{module}"), name, getattr(stand_in, name))
    return stand_in


@pytest.fixture
def saved(tmp_path, example_run):
    path = tmp_path / "run.json"
    path.write_text(RENDERERS["json"](example_run), encoding="utf-8")
    return path


def only_line(capsys):
    """The one line on standard error; nothing else was printed."""
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1 and printed.err.endswith("\n")
    assert "Traceback" not in printed.err
    return printed.err


def test_profile_prints_the_report(stages, capsys, example_run):
    assert main(PROFILE) == 0
    printed = capsys.readouterr()
    assert printed.out == text.render(example_run)
    assert printed.err == ""
    assert stages.calls == [
        ("load", "kws.tflite"),
        ("plan", "model", "nano33ble"),
        ("run", "plan", "mcusim profile kws.tflite --board nano33ble", None),
    ]


def test_validate_prints_the_three_witnesses(stages, capsys, example_run):
    assert main(["validate", *PROFILE[1:]]) == 0
    assert capsys.readouterr().out == validation.render(example_run)
    assert main(["validate", *PROFILE[1:], "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == record.to_json(example_run)


@pytest.mark.parametrize("verb", ["profile", "validate"])
def test_status_1_and_a_line_for_a_run_that_fails(stages, capsys, bad_run, verb):
    stages.result = bad_run
    assert main([verb, *PROFILE[1:]]) == 1
    line = capsys.readouterr().err
    assert line == (
        "mcusim: kws_ds_cnn on nano33ble: RAM: 230,000 bytes are needed, 217,088 are there; "
        "1 of 13 layers are not bit-exact, layer 3 first\n"
    )


@pytest.mark.parametrize("kind", ["json_to_file", "json_alone", "format", "both_files", "quiet"])
def test_where_texts_go(stages, capsys, tmp_path, monkeypatch, example_run, kind):
    monkeypatch.chdir(tmp_path)
    options, out, files = {
        "json_to_file": (["--json", "a.json"], "text", {"a.json": "json"}),
        "json_alone": (["--json"], "json", {}),
        "format": (["--format=json"], "json", {}),
        "both_files": (["-o", "a.txt", "--json", "a.json"], None, {"a.txt": "text", "a.json": "json"}),
        "quiet": (["--quiet"], None, {}),
    }[kind]
    assert main([*PROFILE, *options]) == 0
    assert capsys.readouterr().out == (RENDERERS[out](example_run) if out else "")
    assert {path.name for path in tmp_path.iterdir()} == set(files)
    for name, renderer in files.items():
        assert (tmp_path / name).read_text(encoding="utf-8") == RENDERERS[renderer](example_run)


def test_json_before_another_option_has_no_path(stages, capsys):
    assert main(["profile", "--json", "--board", "nano33ble", "kws.tflite"]) == 0
    assert capsys.readouterr().out.startswith("{")


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ([], None),
        (["profile"], "Missing argument 'model'"),
        (["profile", "kws.tflite"], "Missing option '--board'"),
        (["profile", "kws.tflite", "--bord", "x"], "No such option: --bord"),
        (["profil"], "No such command 'profil'"),
        (["profile", "kws.tflite", "--board", "nano34ble"], "did you mean 'nano33ble'?"),
        ([*PROFILE, "--format", "htlm"], "unknown format 'htlm'"),
        ([*PROFILE, "--json", "-", "-o", "-"], "two texts for one output"),
        ([*PROFILE, "--json", "kws.tflite"], "is an input and would be overwritten"),
        ([*PROFILE, "-o", "/nowhere/x"], "there is no folder /nowhere"),
        (["show", "none.json"], "cannot read none.json: no such file or directory"),
        (["models", "/nowhere"], "cannot read /nowhere/MODELS.toml"),
    ],
)
def test_bad_usage_is_status_2_and_a_line(stages, capsys, arguments, expected):
    assert main(arguments) == 2
    if expected is None:
        assert "Usage: mcusim" in capsys.readouterr().err
    else:
        assert expected.lower() in only_line(capsys).lower()  # Typer spells an argument as it likes
    assert stages.calls == []


@pytest.mark.parametrize(
    "error, status, expected",
    [
        (BadModelError("kws.tflite is cut short"), 2, "mcusim: error: kws.tflite is cut short"),
        (UnsupportedError("two\nlines \x1b[2J"), 2, "mcusim: error: two lines �[2J"),
        (EmulationError("layer 3 (ADD): it wrote to 0x0"), 2, "mcusim: error: layer 3"),
        (DoesNotFitError("4 GB are needed"), 1, "mcusim: error: 4 GB are needed"),
        (ZeroDivisionError("by zero"), 2, "this is a bug in mcusim: ZeroDivisionError: by zero (--debug shows where)"),
        (MemoryError(), 2, "this is a bug in mcusim: MemoryError"),
    ],
)
def test_errors_are_a_line_and_a_status(stages, capsys, error, status, expected):
    stages.result = error
    assert main(PROFILE) == status
    assert expected in only_line(capsys)


def test_debug_shows_the_traceback_wherever_it_stands(stages, capsys):
    stages.result = BadModelError("broken")
    for arguments in (["--debug", *PROFILE], [*PROFILE, "--debug"], ["profile", "--debug", *PROFILE[1:]]):
        assert main(arguments) == 2
        assert "Traceback" in capsys.readouterr().err


def test_interrupted(stages):
    stages.result = KeyboardInterrupt()
    assert main(PROFILE) == 130


@pytest.mark.parametrize("seconds, shown", [(0.4, False), (1.5, True)])
@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_progress_on_a_terminal_after_a_second(stages, capsys, monkeypatch, example_run, seconds, shown, quiet):
    clock = [100.0]

    def run(plan, *, command, progress):
        if progress is not None:
            progress(0, 2, "CONV_2D")
            clock[0] += seconds
            progress(1, 2, "SOFTMAX")
        return example_run

    monkeypatch.setattr(importlib.import_module("mcusim.run"), "run", run)
    monkeypatch.setattr("mcusim.cli.time.monotonic", lambda: clock[0])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main([*PROFILE, *quiet]) == 0
    assert ("SOFTMAX" in capsys.readouterr().err) is (shown and not quiet)


def test_a_real_model_from_end_to_end(capsys, tmp_path):
    """Nothing replaced: the bundled digits model runs, fits, is bit-exact and valid by the schema."""
    model, out = ROOT / "models" / "digits_cnn.tflite", tmp_path / "run.json"
    assert main(["profile", str(model), "--board", "nano33ble", "--json", str(out)]) == 0
    document = json.loads(out.read_text(encoding="utf-8"))
    schema = json.loads((ROOT / "mcusim" / "run_schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["fits"] and all(layer["bit_exact"] for layer in document["layers"])
    report = capsys.readouterr().out
    assert main(["show", str(out)]) == 0
    assert capsys.readouterr().out == report


def test_show_renders_a_saved_run_in_any_format(saved, capsys, example_run):
    for name, render in RENDERERS.items():
        assert main(["show", str(saved), "--format", name]) == 0
        assert capsys.readouterr().out == render(example_run)


def test_show_judges_a_run_as_its_simulation_did(tmp_path, capsys, bad_run):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(record.to_json(bad_run)))
    assert main(["show", str(path), "--quiet"]) == 1
    assert "not bit-exact" in only_line(capsys)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_standard_output_is_one_line():
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(
            [sys.executable, "-m", "mcusim", "boards"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert found.returncode == 2
    assert found.stderr == "mcusim: error: cannot write to the standard output: no space left on device\n"


def test_show_refuses_a_run_that_was_tampered_with(saved, capsys, example_run):
    document = record.to_json(example_run)
    document["totals"]["cycles"] += 1
    saved.write_text(json.dumps(document))
    assert main(["show", str(saved)]) == 2
    assert "totals.cycles: expected the sum" in only_line(capsys)


@pytest.mark.parametrize("verb, names", [("boards", board_names()), ("cores", core_names()), ("ops", tuple(OPERATORS))])
def test_lists_have_a_row_each(capsys, verb, names):
    assert main([verb]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines[1:]} >= set(names)
    assert max(map(len, lines)) <= 80
    assert main([verb, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(names)


def test_ops_names_kernels_that_the_firmware_has(capsys):
    assert main(["ops", "--json"]) == 0
    firmware = (ROOT / "mcusim" / "firmware" / "armv7em.elf").read_bytes()
    for row in json.loads(capsys.readouterr().out):
        assert row["kernels"], row["op"]
        for kernel in row["kernels"]:
            assert b"\0" + kernel.encode() + b"\0" in firmware, f"{row['op']}: {kernel} is not in the firmware"


def test_models_of_a_folder(capsys, tmp_path):
    row = 'file = "x.tflite"\nbytes = 1000\nmacs = 2000000\nscore = 0.5\nmetric = "accuracy"\ntitle = "X"\n'
    (tmp_path / "MODELS.toml").write_text(f"[x]\n{row}")
    assert main(["models", str(tmp_path)]) == 0
    assert re.search(r"x +1,000 +2,000,000 +X\n", capsys.readouterr().out)
    for broken in ("[x]\nfile = 3\n", "x = 1\n", "[", f"[x]\n{row.replace('1000', chr(39) * 2)}"):
        (tmp_path / "MODELS.toml").write_text(broken)
        assert main(["models", str(tmp_path)]) == 2
        assert "the MODELS.toml of the folder models/" in only_line(capsys)


def run_mcusim(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)} | options.pop("env", {})
    return subprocess.Popen([sys.executable, "-m", "mcusim", *arguments], env=environment, **options)


def test_version():
    process = run_mcusim("--version", stdout=subprocess.PIPE, text=True)
    assert re.fullmatch(r"mcusim \d+\.\d+\.\d+\n", process.communicate()[0])
    assert process.returncode == 0


def test_a_closed_pipe_is_no_error(saved):
    reading, writing = os.pipe()
    os.close(reading)
    process = run_mcusim("show", str(saved), stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert process.communicate()[1] == b""
    assert process.returncode == 141


def test_an_output_without_unicode_is_no_error(saved):
    process = run_mcusim("show", str(saved), stdout=subprocess.PIPE, env={"PYTHONIOENCODING": "ascii"})
    assert b"FITS" in process.communicate()[0]
    assert process.returncode == 0


@pytest.mark.parametrize("no_color, codes", [("", True), ("1", False)])
def test_a_terminal_gets_its_width_and_colour(saved, example_run, no_color, codes):
    ours, theirs = pty.openpty()
    environment = {"COLUMNS": "120", "LINES": "40", "TERM": "xterm", "NO_COLOR": no_color}
    process = run_mcusim("show", str(saved), stdout=theirs, env=environment)
    os.close(theirs)
    received = b""
    try:
        while chunk := os.read(ours, 65536):
            received += chunk
    except OSError:  # a pseudo-terminal ends in EIO
        pass
    os.close(ours)
    assert process.wait() == 0
    assert received.decode().replace("\r\n", "\n") == text.render(example_run, 120, colour=codes)


def test_hostile_board_file_is_one_line(tmp_path, stages, capsys):
    board = tmp_path / "b\x1b[2Jad.toml"
    board.write_text('id = "\\u001b[2J"\n')
    assert main(["profile", "kws.tflite", "--board", str(board)]) == 2
    assert "\x1b" not in only_line(capsys)


def test_a_layer_without_a_difference_is_not_reported(stages, capsys, bad_run):
    stages.result = dataclasses.replace(bad_run, fits=True, verdict=dataclasses.replace(bad_run.verdict, reasons=()))
    assert main([*PROFILE, "-q"]) == 1
    assert only_line(capsys) == "mcusim: kws_ds_cnn on nano33ble: 1 of 13 layers are not bit-exact, layer 3 first\n"
