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
from types import SimpleNamespace

import jsonschema
import pytest

from mcusim import hardware, record
from mcusim.application import UNKNOWN
from mcusim.cli import main
from mcusim.errors import BadModelError, DoesNotFitError, EmulationError, UnsupportedError
from mcusim.hardware import board_names, core_names
from mcusim.ops import OPERATORS
from mcusim.renderers import RENDERERS, text, validation

ROOT = Path(__file__).parents[1]
PROFILE = ["profile", "kws.tflite", "--board", "nano33ble"]


class Planned(str):
    """A plan that equals "plan", on a core that is simulated."""

    core = SimpleNamespace(not_simulated=None)
    application = UNKNOWN
    given_arena_bytes = None


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

    def plan(self, model, board, *, weights="flash", arena=None, application=UNKNOWN, arena_bytes=None):
        self.beside = (application, arena_bytes)
        changed = [] if (weights, arena) == ("flash", None) else [weights, arena]
        self.calls.append(("plan", model, board.id, *changed))
        self.board = board
        return Planned("plan")

    def run(self, plan, inputs=None, *, command="", progress=None, why=False):
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
        ([*PROFILE, "--kernels", "lib.a", "-o", "lib.a"], "lib.a is an input and would be overwritten"),
        ([*PROFILE, "--firmware", "app.elf", "--json", "app.elf"], "app.elf is an input and would be overwritten"),
        ([*PROFILE, "--app-profile", "my.toml", "--json", "my.toml"], "my.toml is an input and would be"),
        (["validate", *PROFILE[1:], "--kernels", "lib.a", "-o", "lib.a"], "lib.a is an input and would be"),
        ([*PROFILE, "-o", "/nowhere/x"], "there is no folder /nowhere"),
        (["profile", "kws.tflite", "--board", 300 * "b"], "unknown board 'bbb"),
        ([*PROFILE, "-o", f"{300 * 'f'}/x"], "there is no folder fff"),
        (["compare", 300 * "a", 300 * "b"], "cannot read bbb"),
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


def test_the_core_of_a_board_is_an_input(stages, tmp_path, capsys):
    """A board's file may name its core's, from where it lies."""
    board, core = tmp_path / "board.toml", tmp_path / "core.toml"
    text = (Path(hardware.__file__).parent / "boards" / "nano33ble.toml").read_text(encoding="utf-8")
    board.write_text(text.replace('core = "cortex_m4"', 'core = "core.toml"'), encoding="utf-8")
    arguments = ["kws.tflite", "--board", str(board), "--json", str(core)]
    for verb in (
        ["profile"],
        ["memory"],
        ["memory", "--with", "kws.tflite"],
        ["memory", "--soak", "--workload", "bare"],
    ):
        assert main([*verb, *arguments]) == 2
        assert f"{core} is an input and would be overwritten" in only_line(capsys)


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

    def run(plan, *, command, progress, why):
        if progress is not None:
            progress(0, 2, "CONV_2D")
            clock[0] += seconds
            progress(1, 2, "SOFTMAX")
        return example_run

    monkeypatch.setattr(importlib.import_module("mcusim.run"), "run", run)
    monkeypatch.setattr("mcusim.command_line.time.monotonic", lambda: clock[0])
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


def test_boards_says_what_is_simulated_of_each(capsys):
    assert main(["boards"]) == 0
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert rows["board"] == ["board", "core", "MHz", "RAM", "flash", "waits", "memory", "cycles", "MCU"]
    assert rows["nucleo_l4r5zi"][1:6] == ["M4", "120", "640K", "2048K", "5"]
    assert rows["nucleo_l4r5zi"][7] == "yes"
    assert rows["pico"][1:6] == ["M0+", "133", "264K", "2048K", "?"]
    assert rows["alif_e7_hp"][1] == "M55" and rows["alif_e7_hp"][7] == "no"
    assert main(["boards", "--json"]) == 0
    facts = {one["id"]: one for one in json.loads(capsys.readouterr().out)}
    assert "no vector unit" in facts["ek_ra8d1"]["cycles_reason"]
    assert facts["nucleo_l4r5zi"]["cycles_reason"] is None


@pytest.mark.parametrize("verb", ["profile", "validate"])
def test_clock_and_placement_reach_the_plan_and_the_record(stages, capsys, verb):
    asked = ["--clock", "80 MHz", "--weights", "sram", "--arena", "SRAM2"]
    assert main([verb, "kws.tflite", "--board", "nucleo_l4r5zi", *asked]) == 0
    assert stages.calls[1] == ("plan", "model", "nucleo_l4r5zi", "sram", "SRAM2")
    assert (stages.board.clock_hz, stages.board.flash_timing.wait_states) == (80_000_000, 3)
    command = f"mcusim {verb} kws.tflite --board nucleo_l4r5zi --clock '80 MHz' --weights sram --arena SRAM2"
    assert stages.calls[2][2] == command


def test_what_runs_beside_reaches_the_plan_and_the_record(stages):
    asked = ["--app-profile", "freertos", "--app-profile", "camera_ov7675", "--arena-size", "24KB"]
    assert main([*PROFILE, *asked]) == 0
    application, size = stages.beside
    assert application.names == ("freertos", "camera_ov7675") and size == 24_576
    named = "--arena-size 24KB --app-profile freertos --app-profile camera_ov7675"
    assert stages.calls[2][2] == f"mcusim profile kws.tflite --board nano33ble {named}"


def test_what_cannot_run_beside_is_one_line(stages, capsys, tmp_path):
    damaged = tmp_path / "app.elf"
    damaged.write_bytes(b"\x7fELF\x01\x01" + bytes(60))
    for asked, message in (
        (["--app-profile", "fretros"], "did you mean 'freertos'?"),
        (["--app-profile", "bare", "--app-profile", "zephyr"], "each a platform of their own"),
        (["--arena-size", "much"], "arena size 'much' is not understood"),
        (["--firmware", "nothing.elf"], "cannot read nothing.elf"),
        (["--firmware", str(damaged)], "app.elf is built for another machine than Arm"),
    ):
        assert main([*PROFILE, *asked]) == 2
        assert message in only_line(capsys)


def test_what_does_not_fit_is_one_line_with_the_bytes_that_are_missing(capsys):
    model = str(ROOT / "models" / "digits_cnn.tflite")
    large = str(ROOT / "models" / "vww_mobilenet_v1_025.tflite")
    assert main(["profile", model, "-b", "nucleo_f446re", "--engine", "estimate", "-q", "--arena-size", "3040"]) == 1
    assert "3,040 bytes are given, 16 fewer than the 3,056 that AllocateTensors needs" in only_line(capsys)
    assert main(["profile", large, "-b", "bluepill_f103", "--engine", "estimate", "-q"]) == 1
    line = only_line(capsys)
    assert "alone takes 36,864 bytes, 16,384 more than the largest bank of bluepill_f103 has" in line
    assert "RAM: needs" in line and "flash: needs" in line and line.count("more than bluepill_f103 leaves") == 2


def test_a_saved_run_shows_the_budget(saved, capsys):
    assert main(["show", str(saved)]) == 0
    out = capsys.readouterr().out
    assert "Arena, from both sides" in out and "least 23,760" in out and "Flash as linked" in out


def test_clocks_that_cannot_be_are_one_line(stages, capsys):
    assert main([*PROFILE, "--clock", "soon"]) == 2
    assert "'soon' is not a clock; expected one such as 80MHz" in only_line(capsys)
    assert main([*PROFILE, "--clock", "1GHz"]) == 2
    assert "nano33ble cannot run at 1000 MHz; it takes 0.001 to 64 MHz" in only_line(capsys)
    assert main(["profile", "kws.tflite", "--board", "all", "--clock", "64MHz"]) == 2
    assert "--clock is for one board; name it with --board" in only_line(capsys)
    assert stages.calls == []


def test_memory_that_the_board_does_not_have_is_one_line(capsys):
    model = str(ROOT / "models" / "digits_cnn.tflite")
    assert main(["profile", model, "--board", "nano33ble", "--weights", "dtcm"]) == 2
    assert "nano33ble has no memory 'dtcm' for the weights" in only_line(capsys)


@pytest.mark.parametrize("board, status", [("alif_e7_hp", 0), ("ek_ra8d1", 0), ("corstone300", 0)])
def test_a_core_that_is_not_simulated_gets_its_memory_verdict(capsys, tmp_path, board, status):
    model, out = str(ROOT / "models" / "digits_cnn.tflite"), tmp_path / "run.json"
    assert main(["profile", model, "--board", board, "--json", str(out)]) == status
    report = capsys.readouterr().out
    assert "FITS   memory only: cycles are not simulated" in report
    assert "no vector unit (MVE, Helium)" in report
    document = json.loads(out.read_text())
    jsonschema.validate(document, json.loads((ROOT / "mcusim" / "run_schema.json").read_text()))
    assert document["totals"]["cycles"] is None and "no vector unit" in document["totals"]["cycles_reason"]
    assert document["totals"]["macs"] > 0 and document["layers"] == []
    assert main(["show", str(out)]) == status
    assert capsys.readouterr().out == report
    assert main(["validate", model, "--board", board]) == 2
    assert "nothing can be executed" in only_line(capsys)


def test_what_does_not_fit_a_core_that_is_not_simulated_fails(capsys, tmp_path):
    small = (ROOT / "mcusim" / "boards" / "ek_ra8d1.toml").read_text(encoding="utf-8")
    board = tmp_path / "small.toml"
    board.write_text(small.replace("bytes = 917_504", "bytes = 2_048"), encoding="utf-8")
    model = str(ROOT / "models" / "digits_cnn.tflite")
    assert main(["profile", model, "--board", str(board), "--arena", "sram"]) == 1
    printed = capsys.readouterr()
    assert "DOES NOT FIT   memory only" in printed.out
    assert "RAM: needs" in printed.err


def test_ops_names_kernels_that_the_firmware_has(capsys):
    assert main(["ops", "--json"]) == 0
    firmware = (ROOT / "mcusim" / "firmware" / "armv7em.elf").read_bytes()
    for row in json.loads(capsys.readouterr().out):
        # Handles and their initialization are the interpreter's own.
        assert row["kernels"] or row["op"] in ("VAR_HANDLE", "CALL_ONCE")
        for kernel in (one["kernel"] for one in row["kernels"]):
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


def test_profile_on_all_boards_is_one_table(monkeypatch, capsys, stages, example_run):
    sweep = importlib.import_module("mcusim.sweep")
    monkeypatch.setattr(sweep, "usable_processes", lambda: 1)  # another process would not have what stands in
    monkeypatch.setattr(sweep, "plan", lambda model, board: SimpleNamespace(core=hardware.load_core("cortex_m4")))
    monkeypatch.setattr(sweep, "run", lambda plan: example_run)
    monkeypatch.setattr(importlib.import_module("mcusim.tflite"), "load", lambda path: example_run.model)
    arguments = ["profile", "kws.tflite", "--board", "all"]
    assert main(arguments) == 0
    table = capsys.readouterr().out
    assert all(f"\n{name} " in table for name in board_names())
    assert main([*arguments, "--json"]) == 0
    assert [row["board"] for row in json.loads(capsys.readouterr().out)] == list(board_names())


def test_profile_on_all_boards_fails_where_it_fits_on_none(monkeypatch, capsys, stages, bad_run):
    sweep = importlib.import_module("mcusim.sweep")
    monkeypatch.setattr(sweep, "usable_processes", lambda: 1)  # another process would not have what stands in
    monkeypatch.setattr(sweep, "plan", lambda model, board: SimpleNamespace(core=hardware.load_core("cortex_m4")))
    monkeypatch.setattr(sweep, "run", lambda plan: bad_run)
    monkeypatch.setattr(importlib.import_module("mcusim.tflite"), "load", lambda path: bad_run.model)
    assert main(["profile", "kws.tflite", "--board", "all", "--quiet"]) == 1
    assert only_line(capsys) == f"mcusim: kws_ds_cnn fits on none of {len(board_names())} boards\n"


def test_rate_battery_and_sleep_go_into_the_run(stages, capsys, example_run):
    powered = dataclasses.replace(
        example_run, energy=record.Energy(0.0099, None, "headline", 3.0, "CoreMark", "a sheet")
    )
    stages.result = powered
    assert main([*PROFILE, "--rate", "1Hz", "--battery", "CR2032", "--sleep", "5uA", "--json"]) == 0
    duty = json.loads(capsys.readouterr().out)["duty_cycle"]
    assert (duty["rate_hz"], duty["battery"]["name"], duty["counts_sleep"]) == (1.0, "CR2032", True)
    assert main([*PROFILE, "--rate", "1Hz", "--battery", "CR2032"]) == 0
    assert "at most" in capsys.readouterr().out


def test_a_rate_that_cannot_be_kept_up_is_status_1(stages, capsys):
    assert main([*PROFILE, "--rate", "1000000Hz", "-q"]) == 1
    assert "it cannot keep up with 1e+06 Hz: an inference takes" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options, expected",
    [
        (["--battery", "CR2032"], "need --rate"),
        (["--sleep", "5uA"], "need --rate"),
        (["--rate", "fast"], "rate 'fast' is not understood"),
        (["--rate", "1Hz", "--battery", "CR2033"], "did you mean 'CR2032'?"),
        (["--rate", "1Hz", "--sleep", "5"], "current '5' is not understood"),
        (["--rate", "1Hz", "--board", "all"], "--rate is for one board"),
    ],
)
def test_wrong_duty_cycles_are_refused_before_anything_runs(stages, capsys, options, expected):
    assert main([*PROFILE, *options]) == 2
    assert expected in only_line(capsys)
    assert stages.calls == []


@pytest.fixture
def compared(monkeypatch):
    """`accuracy` without its simulations: what it was asked, and what is stored as the result."""
    stage = importlib.import_module("mcusim.accuracy")
    stored = importlib.import_module("mcusim.expectation").stored_accuracy()
    folders = []
    monkeypatch.setattr(stage, "compare", lambda given, progress: folders.append(given) or stored)
    return stored, folders


@pytest.mark.parametrize("name", ["text", "json", "markdown"])
def test_accuracy_in_every_format(compared, capsys, name):
    stored, folders = compared
    stage = importlib.import_module("mcusim.accuracy")
    expected = {
        "text": stage.text(stored, 80),
        "markdown": stage.markdown(stored),
        "json": json.dumps(dataclasses.asdict(stored), indent=2) + "\n",
    }
    assert main(["accuracy", "--models", "a", "--models", "b", "--format", name]) == 0
    assert capsys.readouterr().out == expected[name]
    assert [str(folder) for folder in folders[0]] == ["a", "b"]


@pytest.fixture
def log(tmp_path, monkeypatch):
    """A log of a model that takes 1,000 cycles, and 10 more for each of the conditional branch's refill."""
    stage = importlib.import_module("mcusim.calibrate")
    refill = stage.REFILL_RULE
    monkeypatch.setattr(stage, "predictor", lambda: lambda board, model: [1000 + 10 * board.rules[refill].value])
    path = tmp_path / "log.csv"
    path.write_text("model,cycles\nkws.tflite,1030\n", encoding="utf-8")
    return path


def test_calibrate_writes_a_board_and_reports(log, tmp_path, capsys):
    target = tmp_path / "mine.toml"
    assert main(["calibrate", "--board", "nucleo_l4r5zi", "--from", str(log), "-o", str(target), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["changes"] == [{"name": "rules.conditional_branch_refill", "before": 2.0, "after": 3.0}]
    assert {path.name for path in tmp_path.iterdir()} == {"log.csv", "mine.toml"}
    assert main(["calibrate", "--board", str(target), "--from", str(log), "-o", str(tmp_path / "again.toml")]) == 0
    assert "they stay" in capsys.readouterr().out


@pytest.mark.parametrize(
    "output, expected",
    [("log.csv", "is an input"), ("mine.txt", "ends in .toml"), ("none/mine.toml", "there is no folder")],
)
def test_calibrate_refuses_where_it_cannot_write(log, tmp_path, capsys, monkeypatch, output, expected):
    monkeypatch.chdir(tmp_path)
    assert main(["calibrate", "--board", "nucleo_l4r5zi", "--from", "log.csv", "-o", output]) == 2
    assert expected in only_line(capsys)
    assert {path.name for path in tmp_path.iterdir()} == {"log.csv"}
