"""Policies: the documented defaults are the defaults, and a wrong key is named with what is meant."""

import tomllib
from pathlib import Path

import pytest

from mcusim import policy
from mcusim.errors import BadInputError


def write(folder, text):
    path = folder / "mcusim.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_documented_file_holds_the_defaults():
    documented = Path(policy.__file__).with_name("policy.toml")
    loaded = policy.load_policy(documented)
    assert (loaded.compare, loaded.baseline) == (policy.Policy().compare, policy.Policy().baseline)
    keys = tomllib.loads(documented.read_text(encoding="utf-8"))["compare"].keys()
    assert list(keys) == list(policy.ComparePolicy.__dataclass_fields__)


def test_without_a_file_the_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert policy.load_policy() == policy.Policy()
    assert policy.Policy().baseline_directory == Path(".mcusim/baseline")


def test_the_working_directory_has_one(tmp_path, monkeypatch):
    write(tmp_path, '[compare]\ncycles = { percent = 0.5, absolute = 20 }\nfails = "any change"\n')
    monkeypatch.chdir(tmp_path)
    loaded = policy.load_policy()
    assert loaded.compare.cycles == policy.Tolerance(0.5, 20)
    assert loaded.compare.fails == "any change"
    assert loaded.compare.layer_cycles == policy.ComparePolicy().layer_cycles


def test_baselines_lie_beside_the_file(tmp_path):
    loaded = policy.load_policy(write(tmp_path, '[baseline]\ndirectory = "saved"\n'))
    assert loaded.baseline_directory == tmp_path / "saved"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[compare]\ncycle = {}\n", "compare: unknown key 'cycle'; did you mean 'cycles'?"),
        ("[budgets.dot]\nmax_cycles = -1\n", "budgets.dot.max_cycles: expected 0 or more, found -1"),
        ("[budgets.dot]\nmax_cycle = 1\n", "budgets.dot: unknown key 'max_cycle'; did you mean 'max_cycles'?"),
        ('[pytest]\ncompare_fail = ["cycles:1%"]\n', "pytest.compare: expected the saved calls"),
        ("[compares]\n", "unknown key 'compares'; did you mean 'compare'?"),
        ("[compare]\ncycles = 3\n", "compare.cycles: expected a table"),
        ("[compare]\ncycles = { percents = 3 }\n", "compare.cycles: unknown key 'percents'; did you mean 'percent'?"),
        ("[compare]\ncycles = { percent = -1 }\n", "compare.cycles.percent: expected 0 or more, found -1"),
        ("[compare]\ncycles = { percent = nan }\n", "compare.cycles.percent: expected a finite number"),
        ('[compare]\nfails = "never"\n', "compare.fails: expected one of 'growth', 'any change', found 'never'"),
        ('[compare]\nvanished = "ok"\n', "compare.vanished: expected one of 'fail', 'tell', found 'ok'"),
        ('[compare]\nchanged_board = "ok"\n', "compare.changed_board: expected one of 'refuse', 'tell', 'judge'"),
        ('[baseline]\ndirectory = " "\n', "baseline.directory: expected the path of a folder"),
        ("[compare\n", "is not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_key(tmp_path, text, said):
    with pytest.raises(BadInputError) as refused:
        policy.load_policy(write(tmp_path, text))
    assert said in str(refused.value)
    assert "mcusim.toml" in str(refused.value)


def test_a_file_that_is_named_has_to_be_there(tmp_path):
    with pytest.raises(BadInputError, match="cannot read"):
        policy.load_policy(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("tolerance", "before", "change", "allowed"),
    [
        (policy.Tolerance(), 1000, 0, True),
        (policy.Tolerance(), 1000, 1, False),
        (policy.Tolerance(percent=1), 1000, 10, True),
        (policy.Tolerance(percent=1), 1000, 11, False),
        (policy.Tolerance(percent=1, absolute=50), 1000, 50, True),  # the larger one allows
        (policy.Tolerance(percent=10, absolute=50), 1000, 100, True),
        (policy.Tolerance(percent=10, absolute=50), 1000, 101, False),
        (policy.Tolerance(percent=5), 0, 1, False),  # no percentage of nothing
        (policy.Tolerance(percent=1), 1000, -11, False),
    ],
)
def test_the_larger_tolerance_allows(tolerance, before, change, allowed):
    assert tolerance.allows(before, change) == allowed


def test_calls_of_tests_and_their_budgets(tmp_path):
    text = """
        [pytest]
        compare = "calls.json"
        compare_fail = ["cycles:1%"]
        [budgets.dot]
        max_stack_bytes = 64
        [budgets."dot/cortex_m4"]
        max_cycles = 900
        [budgets."tests/test_dot.py::test_dot"]
        max_cycles = 1000
    """
    loaded = policy.load_policy(write(tmp_path, text))
    assert (loaded.compared_calls, loaded.pytest.compare_fail) == (tmp_path / "calls.json", ("cycles:1%",))
    assert loaded.budgets_of("tests/test_dot.py::test_dot[1]", "dot", "cortex_m4") == {
        "tests/test_dot.py::test_dot": policy.Budgets(max_cycles=1000),
        "dot": policy.Budgets(max_stack_bytes=64),
        "dot/cortex_m4": policy.Budgets(max_cycles=900),
    }
    assert list(loaded.budgets_of("other", "dot", "cortex_m0")) == ["dot"]
    assert policy.Policy().compared_calls is None
