"""`mcusim exec`: what goes where, and the exit statuses."""

import json
import os
import pty
import select
import shlex
import subprocess
import sys

import pytest
from firmware_build import build

from mcusim.cli import main

BOARD = ["--board", "nucleo_l4r5zi"]
ANSWER_WITHIN_S = 120  # a test that would wait forever fails instead


def test_console_then_report(capsys):
    firmware = str(build("hal_style", "m4"))
    assert main(["exec", firmware, *BOARD, "--send", "name%", "--until", "m-name-hal"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("m-timeouts-0\nm-ready\nm-name-hal\nhal_style_m4.elf on NUCLEO-L4R5ZI")
    assert "SysTick_Handler" in out and "it has printed 'm-name-hal'" in out


def test_data_alone_on_the_standard_output(capsys, tmp_path):
    firmware = str(build("semihosting", "m4", "hex"))
    arguments = ["exec", firmware, *BOARD, "--files", str(tmp_path)]
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "mcusim.exec/1"
    assert main([*arguments, "--format", "collapsed"]) == 0
    assert all(line.rsplit(" ", 1)[1].isdigit() for line in capsys.readouterr().out.splitlines())
    assert main([*arguments, "--quiet"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("option", ["--chip", "--input", "--minus"])
def test_what_is_read_is_not_written(capsys, option):
    assert main(["exec", "x.elf", *BOARD, option, "given.toml", "--json", "given.toml"]) == 2
    assert "given.toml is an input and would be overwritten" in capsys.readouterr().err


def test_input_from_a_file_and_a_difference(capsys, tmp_path):
    firmware, lines = str(build("hal_style", "m4", "bin")), tmp_path / "input.txt"
    talk = ["--input", str(lines), "--prompt", "m-ready", "--until", "m-name-hal", "-q"]
    lines.write_text("infer%\nname%\n")
    assert main(["exec", firmware, *BOARD, *talk, "--json", str(tmp_path / "one.json")]) == 0
    lines.write_text("infer%\ninfer%\nname%\n")
    both = ["--minus", str(tmp_path / "one.json"), "--json", str(tmp_path / "difference.json")]
    assert main(["exec", firmware, *BOARD, *talk, *both]) == 0
    found = json.loads((tmp_path / "difference.json").read_text())
    loops = [one for one in found["functions"] if one["calls"] == 1 and one["instructions"] > 5000]
    assert [one["instructions"] // 1000 for one in loops] == [6], "work(1000): six instructions a round"


def test_a_program_that_fails_is_status_1_and_a_line(capsys, tmp_path):
    firmware = str(build("semihosting", "m4"))
    assert main(["exec", firmware, *BOARD, "-q"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "--files" in error
    endless = str(build("hal_style", "m4"))
    assert main(["exec", endless, *BOARD, "-q", "--max-instructions", "1000"]) == 1
    assert "does not end within 1,000 instructions; it is in" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options, words",
    [
        (["--entry", "nothing"], "it has no such function"),
        (["--base", "flash"], "--base flash: expected an address"),
        (["--marker", "0x1234567890"], "--marker 0x1234567890: expected an address"),
        (["--chip", "stm32x9"], "unknown chip 'stm32x9'"),
        (["--region", "nothing"], "it has no such function"),
        (["--files", "/nowhere"], "cannot use /nowhere"),
        (["--input", "/nowhere"], "cannot read /nowhere"),
        (["--minus", "/nowhere"], "cannot read /nowhere"),
        (["--max-instructions", "0"], "max-instructions"),
        (["--format", "svg"], "unknown format 'svg'"),
    ],
)
def test_bad_usage_is_status_2_and_a_line(capsys, options, words):
    assert main(["exec", str(build("semihosting", "m4")), *BOARD, *options]) == 2
    printed = capsys.readouterr()
    assert words in printed.err and printed.err.count("\n") == 1 and printed.out == ""


def test_files_that_are_no_firmware(capsys, tmp_path):
    path = tmp_path / "x.elf"
    for content, words in ((b"\x7fELF" + bytes(100), "not a 32-bit little-endian"), (b"", "is empty")):
        path.write_bytes(content)
        assert main(["exec", str(path), *BOARD]) == 2
        assert words in capsys.readouterr().err
    assert main(["exec", str(tmp_path / "none.elf"), *BOARD]) == 2
    assert "cannot read" in capsys.readouterr().err


def test_a_saved_execution_is_shown_again(capsys, tmp_path):
    firmware, saved = str(build("semihosting", "m4")), str(tmp_path / "run.json")
    assert main(["exec", firmware, *BOARD, "--json", saved]) == 1
    report = capsys.readouterr()
    assert main(["show", saved]) == 1
    shown = capsys.readouterr()
    assert report.out.endswith(shown.out) and shown.out.startswith("semihosting_m4.elf on NUCLEO-L4R5ZI")
    assert shown.err == report.err
    for name in ("collapsed", "speedscope", "json"):
        assert main(["show", saved, "--format", name]) == 1
        assert capsys.readouterr().out
    assert main(["show", saved, "--format", "html"]) == 2
    assert "is of the runs of mcusim exec, which have no format 'html'" in capsys.readouterr().err
    assert main(["show", saved, "--format", "htm"]) == 2
    assert "unknown format 'htm'" in capsys.readouterr().err


def test_commands_typed_on_a_terminal():
    """A command line by interrupt, fed line by line as its answers come, up to the end of input (Ctrl-D)."""
    user, program = pty.openpty()
    command = [sys.executable, "-m", "mcusim", "exec", str(build("hal_style", "m4")), *BOARD, "--prompt", "m-ready"]
    with subprocess.Popen(command, stdin=program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        os.close(program)
        assert process.stdout is not None
        printed = b""
        for typed, answer in ((b"name%\n", b"m-name-hal"), (b"infer%\n", b"m-end"), (b"name%\n", b"m-name-hal")):
            before = len(printed)
            os.write(user, typed)
            while answer not in printed[before:]:  # the next prompt may come in the same piece
                if not select.select([process.stdout], [], [], ANSWER_WITHIN_S)[0]:
                    process.kill()
                    pytest.fail(f"no {answer!r} after {typed!r}: {printed.decode()}")
                piece = os.read(process.stdout.fileno(), 1 << 16)
                assert piece, printed.decode()
                printed += piece
        os.write(user, b"\x04")
        printed += process.stdout.read()
    os.close(user)
    assert process.returncode == 0
    text = printed.decode()
    assert text.startswith(
        "m-timeouts-0\nm-ready\nm-name-hal\nm-ready\nm-start\nm-result-3256500\nm-end\nm-ready\nm-name-hal"
    )
    assert "without printing" in " ".join(text.split()) and "UART_Handler" in text


def test_the_command_is_the_whole_one(capsys, tmp_path):
    options = ["--clock", "4MHz", "--entry", "work", "--args", "100", "--send", "a b", "--send", "q", "--until", "m%"]
    command = ["exec", str(build("regions", "m4")), *BOARD, *options]
    assert main([*command, "--region", "0x10:0x20", "--json"]) == 2  # which never ran
    capsys.readouterr()
    assert main([*command, "--json"]) == 0
    told = shlex.split(json.loads(capsys.readouterr().out)["command"])
    assert told[0] == "mcusim" and sorted(told[1:]) == sorted(command)
    assert main([*told[1:], "-q"]) == 0


def test_formats_of_other_runs_are_named(capsys, tmp_path):
    saved = tmp_path / "run.json"
    saved.write_text("{}")
    assert main(["show", str(saved)]) == 2
    assert "schema is missing" in (error := capsys.readouterr().err) and "mcusim.exec/1" in error
    saved.write_text('{"schema": "mcusim.memory/1"}')
    assert main(["show", str(saved), "--format", "speedscope"]) == 2
    assert "is of the reports of mcusim memory, which have no format 'speedscope'" in capsys.readouterr().err
