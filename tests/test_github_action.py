"""action.yml, the hooks and the example workflow: what they name exists, and the action's scripts do what they say."""

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mcusim.commands import COMMANDS

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
FAKE_GH = """#!/bin/sh
printf '%s\\n' "$*" >>"$GH_LOG"
case "$*" in *--paginate*) cat "$GH_COMMENTS" ;; esac
"""


def script(name):
    return next(step["run"] for step in STEPS if step.get("name") == name)


def test_nothing_is_put_into_scripts():
    """What a pull request can set reaches a script only through its environment."""
    assert not [step["name"] for step in STEPS if "${{" in step.get("run", "")]
    assert all(step["shell"] == "bash" for step in STEPS if "run" in step)


def test_the_example_workflow_uses_the_actions_inputs():
    workflow = yaml.safe_load((ROOT / "docs/examples/mcusim.yml").read_text(encoding="utf-8"))
    assert {"push", "pull_request"} <= set(workflow[True])  # YAML 1.1 reads "on" as true
    steps = workflow["jobs"]["models"]["steps"]
    (used,) = [step for step in steps if "mcusim@" in step.get("uses", "")]
    assert set(used["with"]) <= set(ACTION["inputs"])
    assert {name for name, one in ACTION["inputs"].items() if one.get("required")} <= set(used["with"])
    assert workflow["permissions"]["pull-requests"] == "write"
    assert any(f"steps.{used['id']}.outputs.{name}" in json.dumps(steps) for name in ACTION["outputs"])


def test_hooks_name_commands():
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        program, command, *_ = shlex.split(hook["entry"])
        assert program == "mcusim" and command in COMMANDS
    assert {hook["language"] for hook in hooks} == {"python"}


@pytest.fixture
def runner(tmp_path):
    """A machine as GitHub's: its folders and files, mcusim and gh on the path."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("mcusim", f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mcusim "$@"\n'), ("gh", FAKE_GH)):
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(stat.S_IRWXU)
    (tmp_path / "event.json").write_text('{"pull_request": {"number": 7}}', encoding="utf-8")
    (tmp_path / "comments").write_text("", encoding="utf-8")
    (tmp_path / "work").mkdir()
    python_path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": python_path,
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_REPOSITORY": "owner/project",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GH_LOG": str(tmp_path / "gh.log"),
        "GH_COMMENTS": str(tmp_path / "comments"),
        "DIRECTORY": str(tmp_path / "mcusim"),
        "POLICY": "",
    }

    def run(name, **more):
        command = ["bash", "-e", "-c", script(name)]
        return subprocess.run(
            command, cwd=tmp_path / "work", env=environment | more, capture_output=True, text=True, timeout=300
        )

    return run, tmp_path


@pytest.mark.slow
def test_a_first_run_then_one_against_its_baseline(runner):
    run, folder = runner
    models = f"{ROOT / 'models/digits_cnn.tflite'} nano33ble\n\n"
    first = run("Profile and compare", MODELS=models)
    assert first.returncode == 0, first.stderr
    assert "there is no baseline yet" in first.stdout and "::notice title=digits_cnn on " in first.stdout
    assert "**FITS**" in (folder / "summary").read_text(encoding="utf-8")
    saved = folder / "mcusim/runs/001.json"
    update = [sys.executable, "-m", "mcusim", "baseline", "update", str(saved), "-q"]
    subprocess.run(update, cwd=folder / "work", check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    second = run("Profile and compare", MODELS=models)
    assert second.returncode == 0, second.stderr
    assert "(unchanged)" in second.stdout and "::error" not in second.stdout
    made = {path.name for path in (folder / "mcusim").iterdir()}
    assert {"runs", "compare.json", "junit.xml", "benchmark.json", "comment.md"} <= made
    (folder / "work/mcusim.toml").write_text("[compare]\ncycels = {}\n", encoding="utf-8")
    unread = run("Profile and compare", MODELS=models)
    assert unread.returncode == 2 and "did you mean 'cycles'" in unread.stderr
    (folder / "work/mcusim.toml").unlink()
    bigger = models.replace("digits_cnn", "ic_resnet8").replace("nano33ble", "bluepill")
    third = run("Profile and compare", MODELS=bigger)
    assert third.returncode in (1, 2) and third.stderr


@pytest.mark.parametrize(
    "models, told",
    [("\n", "::error title=mcusim::the input models is empty"), ("kws.tflite\n", "names a model and a board")],
)
def test_inputs_that_make_no_run(runner, models, told):
    run, _ = runner
    found = run("Profile and compare", MODELS=models)
    assert found.returncode == 2 and told in found.stdout


@pytest.mark.skipif(not Path("/usr/bin/jq").exists(), reason="jq is not there, which GitHub's machines have")
@pytest.mark.parametrize(
    "comments, call",
    [
        ("", "api repos/owner/project/issues/7/comments -F body=@"),
        ("55\n66\n", "api -X PATCH repos/owner/project/issues/comments/55 -F body=@"),
    ],
)
def test_the_comment_is_made_once_and_changed_then(runner, comments, call):
    run, folder = runner
    (folder / "comments").write_text(comments, encoding="utf-8")
    (folder / "mcusim").mkdir()
    (folder / "mcusim/comment.md").write_text("<!-- mcusim -->\n", encoding="utf-8")
    assert run("Comment").returncode == 0
    asked, written = (folder / "gh.log").read_text(encoding="utf-8").splitlines()
    assert "--paginate" in asked and written.startswith(call)
