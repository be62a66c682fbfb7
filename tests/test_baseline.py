"""Baselines: names that every file system takes, what belongs together, and files that stay as they are."""

import dataclasses
import json
from pathlib import Path

import pytest
from run_variants import with_slower_layer

from mcusim import baseline, record
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.policy import Policy


def of(run, model=None, board=None):
    """The run of another model, on another board."""
    model = dataclasses.replace(run.model, name=model or run.model.name)
    return dataclasses.replace(run, model=model, board=dataclasses.replace(run.board, name=board or run.board.name))


def save(folder, name, run):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record.to_json(run)), encoding="utf-8")
    return path


def saved(run, name):
    return baseline.Saved(name, Path(name).name, run)


@pytest.mark.parametrize(
    ("model", "kept"),
    [
        ("kws_ds_cnn", "kws_ds_cnn@nano33ble.json"),
        ("../../etc/passwd", "_.._etc_passwd-"),
        (".hidden", "hidden-"),
        ("größe", "gr_e-"),
        ("x" * 300, "x" * 100 + "-"),
        ("", "_-"),
    ],
)
def test_file_names(example_run, model, kept):
    run = dataclasses.replace(example_run, model=dataclasses.replace(example_run.model, name=model))
    name = baseline.file_name(run)
    assert name.startswith(kept) and name.endswith("@nano33ble.json") and "/" not in name


def test_names_that_look_alike_are_kept_apart(example_run):
    assert len({baseline.file_name(of(example_run, model=name)) for name in ("a b", "a_b", "a/b")}) == 3


def test_a_file_and_a_directory_of_runs(example_run, tmp_path):
    save(tmp_path, "b.json", example_run)
    save(tmp_path, "a.json", of(example_run, board="pico"))
    (tmp_path / "other.json").write_text("[]", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    runs, others = baseline.read_runs(tmp_path)
    assert [one.name for one in runs] == ["a.json", "b.json"] and others == ("other.json",)
    (tmp_path / "cut.json").write_text((tmp_path / "a.json").read_text(encoding="utf-8")[:-9], encoding="utf-8")
    with pytest.raises(BadInputError, match=r"cut\.json is not JSON"):
        baseline.read_runs(tmp_path)
    (single,), none = baseline.read_runs(tmp_path / "b.json")
    assert single.run == example_run and none == ()


def test_what_cannot_be_compared(example_run, tmp_path):
    (tmp_path / "m.json").write_text('{"schema": "mcusim.memory/1"}', encoding="utf-8")
    with pytest.raises(UnsupportedError, match="is of mcusim memory; what can be compared are runs of mcusim profile"):
        baseline.read_runs(tmp_path / "m.json")
    with pytest.raises(BadInputError, match="has no runs"):
        baseline.read_runs(tmp_path)
    with pytest.raises(BadInputError, match="cannot read"):
        baseline.read_runs(tmp_path / "none.json")


def test_matched_by_name_then_by_model_and_board(example_run):
    before = [saved(example_run, "a.json"), saved(of(example_run, board="pico"), "old.json"),
              saved(of(example_run, "gone"), "g.json")]  # fmt: skip
    after = [saved(of(example_run, board="pico"), "new.json"), saved(example_run, "a.json"),
             saved(of(example_run, "added"), "n.json")]  # fmt: skip
    found = baseline.match(before, after)
    assert [(one.name, other.name) for one, other in found.pairs] == [("old.json", "new.json"), ("a.json", "a.json")]
    assert (found.only_before, found.only_after) == (("g.json",), ("n.json",))


def test_two_single_runs_belong_together(example_run):
    found = baseline.match([saved(example_run, "a.json")], [saved(of(example_run, "other", "pico"), "b.json")])
    assert len(found.pairs) == 1


def test_nothing_belongs_together(example_run):
    before = [saved(of(example_run, name), f"{name}.json") for name in "ab"]
    found = baseline.match(before, [saved(of(example_run, "c"), "c.json")])
    with pytest.raises(BadInputError, match="no two runs belong together"):
        baseline.compared(found, (), Policy(), "")


def test_update_writes_what_is_new(example_run, tmp_path):
    folder = tmp_path / "kept" / "baseline"
    (new,) = baseline.update([saved(example_run, "a.json")], folder)
    assert new.written and new.delta is None
    path = folder / "kws_ds_cnn@nano33ble.json"
    assert record.load_run(path) == example_run
    later = dataclasses.replace(example_run, created="2027-01-01T00:00:00+00:00", command="elsewhere")
    text = path.read_text(encoding="utf-8")
    (same,) = baseline.update([saved(later, "b.json")], folder)
    assert not same.written and same.delta.is_same and path.read_text(encoding="utf-8") == text
    (slow,) = baseline.update([saved(with_slower_layer(example_run, 2, 500), "c.json")], folder)
    assert slow.written and record.load_run(path).totals.cycles == example_run.totals.cycles + 500
    assert baseline.change_words(slow.delta) == "cycles +500, 1 of 13 layers"
    assert baseline.baseline_of(example_run, folder).run.totals.cycles == example_run.totals.cycles + 500


def test_nothing_is_written_where_two_runs_have_one_name(example_run, tmp_path):
    twice = [saved(example_run, "a.json"), saved(of(example_run, "KWS_DS_CNN"), "b.json")]
    with pytest.raises(BadInputError, match=r"a.json and b.json are both of"):
        baseline.update(twice, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_no_baseline_says_how_to_make_one(example_run, tmp_path):
    with pytest.raises(BadInputError, match=r"mcusim baseline update RUN\.json makes one"):
        baseline.baseline_of(example_run, tmp_path)


def test_a_folder_that_cannot_be_made(example_run, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(BadInputError, match="cannot make the folder"):
        baseline.update([saved(example_run, "a.json")], tmp_path / "file" / "x")
