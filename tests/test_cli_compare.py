"""mcusim compare and mcusim baseline on the command line: what is compared, exit statuses, and one line an error."""

import dataclasses
import json

import pytest
from run_variants import with_buffer, with_changes, with_longer_loop, with_slower_layer

from mcusim import record
from mcusim.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(path, run):
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(json.dumps(record.to_json(run)), encoding="utf-8")
    return str(path.name)


@pytest.fixture
def runs(folder, example_run):
    """Three saved runs: before, slower, and with another timing table."""
    save(folder / "a.json", example_run)
    save(folder / "slow.json", with_longer_loop(example_run, 3))
    save(folder / "timing.json", with_changes(with_slower_layer(example_run, 3, 9), timing_rules_sha256="0" * 64))
    return folder


def test_the_same_run_twice(runs, capsys):
    assert main(["compare", "a.json", "a.json"]) == 0
    assert capsys.readouterr().out == "kws_ds_cnn on nano33ble: before → after\nno difference\n"


def test_a_slower_run_fails_and_says_why(runs, capsys):
    assert main(["compare", "a.json", "slow.json"]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("kws_ds_cnn on nano33ble: a.json → slow.json\nFAILS\n")
    assert all(len(line) <= 80 for line in printed.out.splitlines())
    line = printed.err.splitlines()[-1]
    assert line.startswith("mcusim: kws_ds_cnn on nano33ble: layer 3 DEPTHWISE_CONV_2D") and "7 → 8 cycles each" in line
    assert main(["compare", "slow.json", "a.json"]) == 0
    assert "Improves" in capsys.readouterr().out


def test_the_policy_of_the_working_directory(runs, capsys):
    half = "{ percent = 50 }"
    text = f"[compare]\ncycles = {half}\nlatency_s = {half}\nlayer_cycles = {half}\ninstructions = {half}\n"
    (runs / "mcusim.toml").write_text(text)
    assert main(["compare", "a.json", "slow.json", "-q"]) == 0
    (runs / "strict.toml").write_text("[compare]\nlayer_cycles = {}\n")
    assert main(["compare", "a.json", "slow.json", "-q", "--policy", "strict.toml"]) == 1
    assert capsys.readouterr().out == ""


def test_a_changed_timing_table_is_told_apart(runs, capsys):
    assert main(["compare", "a.json", "timing.json"]) == 1
    words = " ".join(capsys.readouterr().out.split())
    assert "Only mcusim's model of time changed: changes of cycles are of that, not of your code." in words
    assert "timing rules: 999999999999 → 000000000000" in words


def test_directories(runs, example_run, capsys):
    save(runs / "old" / "kws.json", example_run)
    save(runs / "old" / "same.json", dataclasses.replace(example_run, command="another"))
    save(runs / "new" / "kws.json", with_buffer(example_run, "skip", 1_024, (1, 3)))
    save(runs / "new" / "same.json", example_run)
    (runs / "new" / "notes.json").write_text("{}")
    assert main(["compare", "old", "new"]) == 1
    printed = capsys.readouterr().out
    rows = [line.split() for line in printed.splitlines()[:3]]
    assert rows[0] == ["model", "board", "cycles", "error", "arena", "RAM", "flash", "verdict"]
    assert rows[1][-2:] == ["FAILS", "(2)"] and rows[2][-2:] == ["no", "difference"]
    assert "new/kws.json" in printed and "notes.json" in printed and "new intermediate skip, 1,024 bytes" in printed


def test_a_run_that_vanished_fails(runs, example_run, capsys):
    for name in ("old/kws.json", "old/k.json", "new/kws.json"):
        save(runs / name, example_run)
    assert main(["compare", "old", "new", "--json", "c.json"]) == 1
    printed = capsys.readouterr()
    assert printed.err == "mcusim: k.json has vanished: no run after belongs to it\n"
    sentence = "k.json has vanished: no run after belongs to it"
    document = json.loads((runs / "c.json").read_text(encoding="utf-8"))
    assert [one["sentence"] for one in document["findings"]] == [sentence]
    for name, said in (
        (
            "text",
            f"no difference\n\nFails\n  • {sentence}\n\nOnly before: k.json.\n",
        ),
        ("markdown", "**Fails**\n\n- k.json has vanished: no run after belongs to it\n"),
        ("comment", "- k.json has vanished: no run after belongs to it\n"),
        ("junit", '<failure message="k.json has vanished: no run after belongs to it">'),
        ("github", "::error title=mcusim compare::k.json has vanished: no run after belongs to it\n"),
    ):
        assert main(["show", "c.json", "--format", name]) == 1
        assert said in capsys.readouterr().out
    (runs / "tell.toml").write_text('[compare]\nvanished = "tell"\n')
    assert main(["compare", "old", "new", "--policy", "tell.toml", "--format", "github"]) == 0
    assert "::warning title=mcusim compare::1 of 1 not checked: only before: k.json\n" in capsys.readouterr().out
    assert main(["compare", "new", "old", "-q"]) == 0  # a new run
    assert main(["compare", "old", "new/kws.json", "-q"]) == 0  # one run was asked for


def test_a_comparison_saved_before_it_had_findings(runs, capsys):
    assert main(["compare", "a.json", "a.json", "-q", "--json", "c.json"]) == 0
    document = json.loads((runs / "c.json").read_text(encoding="utf-8"))
    del document["findings"]
    (runs / "c.json").write_text(json.dumps(document), encoding="utf-8")
    assert main(["show", "c.json"]) == 0


def test_against_the_baseline(runs, capsys):
    assert main(["compare", "a.json"]) == 2
    assert "has no baseline for kws_ds_cnn on nano33ble" in capsys.readouterr().err
    assert main(["baseline", "update", "a.json"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == ["kws_ds_cnn@nano33ble.json", "new", "6,330,118"]
    assert main(["compare", "a.json", "-q"]) == 0
    assert main(["compare", "slow.json", "-q"]) == 1
    assert main(["baseline", "update", "slow.json", "-q"]) == 0
    assert main(["compare", "slow.json", "-q"]) == 0
    capsys.readouterr()
    assert main(["baseline", "show", "--json"]) == 0
    (kept,) = json.loads(capsys.readouterr().out)
    assert (kept["model"], kept["board"], kept["cycles"]) == ("kws_ds_cnn", "nano33ble", 6_378_345)
    assert kept["error_percent"] is None and kept["error_percent_reason"].startswith("not validated")


def test_formats_and_a_saved_comparison(runs, capsys):
    assert main(["compare", "a.json", "slow.json", "--json", "c.json", "-o", "c.md"]) == 1
    assert (runs / "c.md").read_text(encoding="utf-8").startswith("## mcusim compare\n")
    capsys.readouterr()
    assert main(["compare", "a.json", "slow.json"]) == 1
    report = capsys.readouterr().out
    assert main(["show", "c.json"]) == 1
    assert capsys.readouterr().out == report
    assert main(["show", "c.json", "--format", "markdown"]) == 1
    assert capsys.readouterr().out == (runs / "c.md").read_text(encoding="utf-8")
    assert main(["show", "c.json", "--json"]) == 1
    assert capsys.readouterr().out == (runs / "c.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare", "a.json", "none.json"], "cannot read none.json"),
        (["compare", "a.json", "slow.json", "--policy", "none.toml"], "cannot read none.toml"),
        (["compare", "a.json", "slow.json", "-o", "slow.json"], "is an input and would be overwritten"),
        (["compare", "a.json", "slow.json", "--json", "a.json"], "is an input and would be overwritten"),
        (["compare", "a.json", "slow.json", "--format", "html"], "unknown format 'html'"),
        (["compare", "a.json", "memory.json"], "is of mcusim memory; what can be compared are runs of mcusim profile"),
        (["compare", "empty", "a.json"], "has no runs"),
        (["baseline", "updat", "a.json"], "unknown action 'updat'; did you mean 'update'?"),
        (["baseline", "update"], "baseline update takes runs saved with --json"),
        (["baseline", "show", "a.json"], "baseline show takes no runs"),
        (["baseline", "show"], "there is no folder .mcusim/baseline"),
        (["baseline", "update", "a.json", "a.json"], "are both of kws_ds_cnn on nano33ble"),
        (["baseline", "update", "a.json", "-o", ".mcusim/baseline/kws_ds_cnn@nano33ble.json"], "would be overwritten"),
    ],
)
def test_one_line_an_error(runs, capsys, arguments, said):
    (runs / "memory.json").write_text('{"schema": "mcusim.memory/1"}')
    (runs / "empty").mkdir()
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert said in printed.err and printed.err.count("\n") == 1 and printed.out == ""


def test_names_cannot_act_on_a_terminal(runs, example_run, capsys):
    named = dataclasses.replace(example_run, model=dataclasses.replace(example_run.model, name="\x1b[31mred\n\u202e"))
    layers = tuple(dataclasses.replace(one, name=f"\x1b[2J{one.index}") for one in named.layers)
    save(runs / "hostile.json", with_slower_layer(dataclasses.replace(named, layers=layers), 2, 99_000))
    assert main(["compare", "a.json", "hostile.json"]) == 1
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err and "\u202e" not in printed.out + printed.err
