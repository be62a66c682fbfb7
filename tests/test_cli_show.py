"""`mcusim show`: every format of a saved run, without what simulates."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcusim.cli import main
from mcusim.renderers import RENDERERS

ROOT = Path(__file__).parents[1]

# Packages that are not there raise ImportError where they are imported; what is printed are the statuses.
SHOW_ALL = """
import sys
for name in ("unicorn", "capstone", "numba", "elftools"):
    sys.modules[name] = None
from mcusim.cli import main
run, folder, *formats = sys.argv[1:]
print([main(["show", run, "--format", name, "-o", f"{folder}/{name}"]) for name in formats])
"""


@pytest.fixture
def saved(tmp_path, example_run):
    path = tmp_path / "run.json"
    path.write_text(RENDERERS["json"](example_run), encoding="utf-8")
    return path


def test_every_format_needs_nothing_that_simulates_and_has_the_same_bytes_everywhere(saved, tmp_path, example_run):
    """Another process with another order of hashing writes what this one renders."""
    command = [sys.executable, "-c", SHOW_ALL, str(saved), str(tmp_path), *RENDERERS]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.stdout, done.stderr) == (f"{[0] * len(RENDERERS)}\n", "")
    for name, render in RENDERERS.items():
        assert (tmp_path / name).read_bytes().decode() == render(example_run), name


@pytest.mark.parametrize("verb", ["show", "profile", "validate"])
def test_help_lists_the_formats(capsys, verb):
    assert main([verb, "--help"]) == 0
    listed = capsys.readouterr().out.replace("\n", " ").partition("--format")[2]
    words = {word.strip(",.;") for word in listed.partition("-o PATH")[0].split()}
    assert set(RENDERERS) <= words


@pytest.mark.parametrize("ending, name", [(".csv", "csv"), (".md", "markdown"), (".svg", "svg"), (".json", "json")])
def test_the_ending_of_the_output_names_the_format(saved, tmp_path, example_run, ending, name):
    target = tmp_path / f"report{ending}"
    assert main(["show", str(saved), "-o", str(target)]) == 0
    assert target.read_bytes().decode() == RENDERERS[name](example_run)


def test_a_format_of_other_documents_is_refused_with_those_there_are(tmp_path, capsys):
    compared = tmp_path / "compared.json"
    compared.write_text('{"schema": "mcusim.compare/1"}', encoding="utf-8")
    assert main(["show", str(compared), "--format", "svg"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "of the reports of mcusim compare, which have no format 'svg'; theirs are text, json, markdown" in said


@pytest.mark.parametrize("name", ["perfetto", "speedscope", "collapsed", "model-explorer"])
def test_unknown_cycles_are_a_line(tmp_path, capsys, planned_run, name):
    path = tmp_path / "plan.json"
    path.write_text(RENDERERS["json"](planned_run), encoding="utf-8")
    assert main(["show", str(path), "--format", name, "-o", str(tmp_path / "out")]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "the core is not simulated" in line
    assert not (tmp_path / "out").exists()
