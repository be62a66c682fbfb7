"""pytest sessions that save and compare calls, from outside: exit status, files, what is told at the end."""

import json
import re

import numpy as np
import pytest

from mcusim.saved_calls import load_calls

pytest_plugins = ["pytester"]

COPIES = """
    import os
    import numpy as np
    import pytest

    pytestmark = pytest.mark.mcu(core="cortex-m4", elf="own")

    @pytest.mark.parametrize("count", [16, 64])
    def test_copy(mcu, count):
        source, target = np.arange(count, dtype=np.uint8), np.zeros(count, np.uint8)
        mcu.call("memcpy", target, source, count + int(os.environ.get("MORE_BYTES", 0)))

    @pytest.mark.skipif("GONE" in os.environ, reason="gone")
    def test_fill(mcu):
        assert mcu.call("memset", np.zeros(32, np.uint8), 1, 32).cycles
"""


@pytest.fixture(scope="module")
def loaded():
    """All modules that a session imports: pytester has those forgotten that come with its own, and Numba must not."""
    from mcusim.target import Target

    target = Target("cortex-m4")
    target.load("own")
    target.call("memset", np.zeros(1, np.uint8), 1, 1)


@pytest.fixture
def session(pytester, loaded):
    """Runs pytest on COPIES, in this process."""
    pytester.makepyfile(test_copies=COPIES)

    def run(*options):
        plugins = ("-p", "mcusim.pytest_plugin", "-p", "no:cacheprovider", "-p", "no:randomly")
        return pytester.runpytest_inprocess(*plugins, *options)

    return run


def test_a_table_without_any_option(session, pytester):
    result = session()
    result.stdout.fnmatch_lines(
        [
            "call * cycles *instr. *stack *error",
            "test_copies.py",
            "*test_copy?16? memcpy *n. v.",
            "n. v.: not validated*",
        ]
    )
    assert result.ret == 0 and not (pytester.path / ".mcusim").exists()
    assert "Δ%" not in result.stdout.str() and "mcusim" not in session("-q", "--mcu-disable").stdout.str()
    assert "memcpy" not in session("-q").stdout.str() and "memcpy" in session("-q", "--mcu-table").stdout.str()


def test_saved_calls_are_compared(session, pytester, monkeypatch):
    assert session("--mcu-save=main").ret == 0
    assert session("--mcu-autosave").ret == 0
    folder = pytester.path / ".mcusim"
    assert sorted(path.name for path in folder.iterdir()) == ["0001_main.json", "0002_calls.json"]
    one, two = (load_calls(path) for path in sorted(folder.iterdir()))
    assert one.tests == two.tests and one.origins == two.origins
    same = session("--mcu-compare", "--mcu-compare-fail=cycles:0", "--mcu-compare-fail=instructions:0%")
    same.stdout.fnmatch_lines(["compared with .mcusim/0002_calls.json: 3 calls, 0 slower, 0 faster*"])
    assert same.ret == 0
    monkeypatch.setenv("MORE_BYTES", "0")
    pytester.makepyfile(test_copies=COPIES.replace("count + int", "count - 8 + int"))
    shorter = session("--mcu-compare=main", "--mcu-save=less", "--mcu-compare-fail=cycles:0")
    shorter.stdout.fnmatch_lines(["not as before: arguments changed: 2 calls"])
    assert shorter.ret == 0
    pytester.makepyfile(test_copies=COPIES)
    longer = session("--mcu-compare=less", "--mcu-compare-fail=cycles:1%", "--mcu-compare-fail=stack_bytes:16")
    text = re.sub(r"\n  +", " ", longer.stdout.str())
    assert re.search(
        r"GREW test_copies.py::test_copy\[64\]: memcpy: cycles \d+ → \d+ \(\+[\d.]+%; allowed \+1%\)", text
    )
    assert "stack_bytes" not in text and longer.ret == 1
    assert "--mcu-update has .mcusim/0003_less.json written anew" in text


def test_new_and_vanished(session, pytester):
    session("--mcu-json=calls.json", "-k", "copy")
    pytester.makepyfile(test_copies=COPIES.replace("[16, 64]", "[16, 32]"))
    result = session("--mcu-compare=calls.json", "-k", "not fill")
    result.stdout.fnmatch_lines(["new: test_copies.py::test_copy?32?: memcpy", "vanished: *test_copy?64?: memcpy"])
    deselected = session("--mcu-compare=calls.json", "-k", "16")
    deselected.stdout.fnmatch_lines(["compared with calls.json: 1 call, * 0 new, 1 vanished, 0 not*"])


def test_update_keeps_what_did_not_run(session, pytester):
    options = ("--mcu-compare=calls.json", "--mcu-update")
    assert session(*options).ret == 0
    first = (pytester.path / "calls.json").read_text(encoding="utf-8")
    assert session(*options, "-k", "16").ret == 0
    assert (pytester.path / "calls.json").read_text(encoding="utf-8") == first  # its time too: nothing changed
    pytester.makepyfile(test_copies=COPIES.replace("[16, 64]", "[16, 32]"))
    session(*options, "-k", "32")
    tests = [one.test.partition("::")[2] for one in load_calls(pytester.path / "calls.json").tests]
    assert tests == ["test_copy[16]", "test_copy[32]", "test_fill"]


def test_failed_tests_are_not_saved(session, pytester):
    pytester.makepyfile(test_copies=COPIES.replace("32).cycles", "32).cycles < 5"))
    result = session("--mcu-json=calls.json")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*test_fill memset*", "saved calls.json", "not saved: the calls of 1 failed test"])
    assert len(load_calls(pytester.path / "calls.json").tests) == 2


@pytest.mark.parametrize(
    "options, words",
    [
        (["--mcu-compare-fail=cycles:1%"], "--mcu-compare-fail needs calls to compare with"),
        (["--mcu-compare"], ".mcusim has no saved calls 'latest'; it has nothing"),
        (["--mcu-compare=none.json"], "cannot read none.json: no such file"),
        (["--mcu-save", "test_copies.py"], "'test_copies.py' is no name for saved calls"),
        (["--mcu-json=nowhere/calls.json"], "cannot write nowhere/calls.json: there is no folder nowhere"),
        (["--mcu-json=."], "cannot write .: is a directory"),
        (["--mcu-json=test_copies.py"], "test_copies.py holds something else than saved calls"),
        (["--mcu-compare=x.json", "--mcu-json=x.json"], "x.json is compared with and would be overwritten"),
        (["--mcu-compare=x.json", "--mcu-compare-fail=cycle:1"], "unknown metric 'cycle' in 'cycle:1'; did you mean"),
        (["--mcu-update"], "--mcu-update needs the calls that it updates"),
    ],
)
def test_options_that_cannot_be(session, pytester, options, words):
    (pytester.path / "x.json").write_text('{"schema": "mcusim.run/1"}', encoding="utf-8")
    result = session(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert words in result.stderr.str().replace("\n", " ") and "Traceback" not in result.stderr.str()


def test_the_policy_compares_and_holds_budgets(session, pytester):
    session("--mcu-json=calls.json", "-k", "copy")
    document = json.loads((pytester.path / "calls.json").read_text(encoding="utf-8"))
    call = document["tests"][0]["calls"][0]
    call["cycles"] -= 10
    call["cycles_by_cause"]["issue"] -= 10
    (pytester.path / "calls.json").write_text(json.dumps(document), encoding="utf-8")
    policy = pytester.path / "mcusim.toml"
    policy.write_text('[pytest]\ncompare = "calls.json"\ncompare_fail = ["cycles:1%"]\n', encoding="utf-8")
    result = session("-k", "copy")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["GREW test_copies.py::test_copy*"])
    policy.write_text('[budgets."memcpy/cortex_m4"]\nmax_cycles = 10\n', encoding="utf-8")
    result = session("-k", "copy")
    result.assert_outcomes(failed=2, deselected=1)
    result.stdout.fnmatch_lines(["*memcpy: * cycles, the budget is 10*(mcusim.toml, budgets.memcpy/cortex_m4)*"])
    session("-k", "copy", "--mcu-disable").assert_outcomes(passed=2, deselected=1)
    policy.write_text('[pytest]\ncompare = "none.json"\n', encoding="utf-8")
    result = session("-k", "copy")
    result.assert_outcomes(passed=2, deselected=1)
    result.stdout.fnmatch_lines(["mcusim: cannot read *none.json*"])
    assert result.ret == 1


@pytest.mark.slow
def test_workers_of_xdist_tell_the_same(session, pytester):
    pytest.importorskip("xdist")
    assert session("--mcu-json=alone.json").ret == 0
    alone = (pytester.path / "alone.json").read_text(encoding="utf-8")
    (pytester.path / "before.json").write_text(alone.replace("test_fill", "test_gone"), encoding="utf-8")
    compared = ("--mcu-compare=before.json", "--mcu-compare-fail=cycles:0", "--mcu-json=workers.json")
    result = pytester.runpytest_subprocess("-p", "mcusim.pytest_plugin", "-n", "2", *compared)
    result.stdout.fnmatch_lines(
        ["new: test_copies.py::test_fill: memset", "vanished: test_copies.py::test_gone: memset"]
    )
    assert result.ret == 0
    workers = (pytester.path / "workers.json").read_text(encoding="utf-8")
    created = r'"created": "[^"]*"'
    assert re.sub(created, "", workers) == re.sub(created, "", alone)
