"""The table of calls fits 80 columns, tells every error or that there is none, and lets no name act on a terminal."""

import dataclasses

from made_calls import ORIGIN, call, saved

from mcusim.call_comparison import compare, parse_tolerance
from mcusim.call_report import calls_table, comparison_text
from mcusim.tables import cells

VALIDATED = dataclasses.replace(ORIGIN, error_percent=31.0, error_percent_reason=None)
LONG = "tests/test_dot.py::test_of_a_very_long_name_that_says_all[cortex-m4-arm_convolve_s8]"


def test_a_table():
    before = saved({"t.py::test_dot": [call(), call()]})
    after = saved({"t.py::test_dot": [call(cycles=1_012), call()]})
    table = calls_table(after, compare(before, after, []), 80)
    assert table.splitlines() == [
        "call           cycles     Δ%  instr.  stack  error",
        "t.py",
        "  test_dot      1,012  +1.20     759     24  n. v.",
        "  test_dot #2   1,000  +0.00     750     24  n. v.",
        "n. v.: not validated: no published latency is there to compare with",
    ]


def test_names_are_cut_at_their_beginning():
    table = calls_table(saved({LONG: [call("my_function", cycles=1_234_567_890)]}, VALIDATED), None, 80)
    row = next(line for line in table.splitlines() if "1,234,567,890" in line)
    assert "s8] my_function" in row and row.startswith("  …") and "±31%" in row
    assert max(cells(line) for line in table.splitlines()) <= 80


def test_of_too_many_those_that_changed_stay():
    before = saved({f"t.py::test_{number}": [call()] for number in range(60)})
    after = saved({f"t.py::test_{number}": [call(cycles=1_000 + (number == 59))] for number in range(60)})
    table = calls_table(after, compare(before, after, []), 80)
    assert "test_59" in table and "20 more calls are not shown (--mcu-table shows all)" in table
    assert "more calls" not in calls_table(after, None, 80, None)


def test_of_many_that_grew_the_worst_are_named():
    before = saved({f"t.py::test_{number}": [call()] for number in range(30)})
    after = saved({f"t.py::test_{number}": [call(cycles=1_100 + number)] for number in range(30)})
    lines = comparison_text(compare(before, after, [parse_tolerance("cycles:1%")]), "a.json", 300).splitlines()
    assert "test_29: dot: cycles 1,000 → 1,129" in lines[1] and lines[-1] == "GREW: 10 more"


def test_hostile_names():
    hostile = saved({"t.py::test\x1b[2J": [call("do\x07t")]})
    found = compare(saved({}), hostile, [])
    text = calls_table(hostile, found, 80) + comparison_text(found, "a.json", 80)
    assert "\x1b" not in text and "\x07" not in text and "new: t.py::test�[2J: do�t" in text
