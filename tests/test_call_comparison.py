"""What grew too much, by which cause and in which loop; what figures rest on; what is new and what has vanished."""

import dataclasses

import pytest
from made_calls import ORIGIN, call, loop, saved

from mcusim import call_report
from mcusim.call_comparison import compare, grown_cause, grown_loop, parse_tolerance
from mcusim.errors import BadInputError

CYCLES = parse_tolerance("cycles:1%")


@pytest.mark.parametrize(
    "text, before, most",
    [
        ("cycles:1%", 1_000, 1_010),
        ("cycles:0.5%", 1_000, 1_005),
        ("cycles:0.1%", 1_001, 1_002),  # 1.001 cycles more: exact, no float
        ("stack_bytes:16", 24, 40),
        ("instructions:0", 0, 0),
        ("cycles_by_cause.fetch:5%", 0, 0),
    ],
)
def test_a_tolerance_holds_up_to_its_last_unit(text, before, most):
    tolerance = parse_tolerance(text)
    assert tolerance.holds(before, most) and tolerance.holds(before, 0) and not tolerance.holds(before, most + 1)
    assert f"{tolerance.metric}:{tolerance.words}" == text


@pytest.mark.parametrize(
    "text, words",
    [
        ("cycles", "is no tolerance; METRIC"),
        ("cylces:1%", "did you mean 'cycles'"),
        ("cycles:-1%", "'-1%' in 'cycles:-1%' is no tolerance"),
        ("cycles:nan", "is no tolerance"),
        ("cycles_by_cause.luck:1", "unknown metric 'cycles_by_cause.luck'"),
    ],
)
def test_other_tolerances_are_refused(text, words):
    with pytest.raises(BadInputError) as caught:
        parse_tolerance(text)
    assert words in str(caught.value)


def test_a_failure_names_call_metric_cause_and_loop():
    before = saved({"t.py::test_dot[m4]": [call(loops=(loop(cycles=700), loop("clamp", 4, cycles=200)))]})
    slower = call(cycles=1_100, branch=105, loops=(loop(size=14, cycles=799), loop("clamp", 4, cycles=200)))
    found = compare(before, saved({"t.py::test_dot[m4]": [slower]}), [CYCLES, parse_tolerance("stack_bytes:0")])
    (failure,) = found.failures
    assert call_report.failure_words(failure) == (
        "GREW t.py::test_dot[m4]: dot: cycles 1,000 → 1,100 (+10.00%; allowed +1%); issue +95 cycles; "
        "the loop at dot+0x10 (dot.c:15) grew: 700 → 799 cycles (+99, 12 → 14 bytes)"
    )


def test_faster_and_within_tolerance_passes():
    before = saved({"t": [call(), call("norm")]})
    after = saved({"t": [call(cycles=1_010), call("norm", cycles=10, branch=0)]})
    assert not compare(before, after, [CYCLES]).failures


def test_loops_are_matched_by_rounds_before_places():
    inner, outer = loop(offset=16, iterations=999, cycles=500), loop(offset=40, iterations=9, cycles=300)
    before = call(loops=(inner, outer))
    # Two instructions more in front of both loops; the outer one takes longer.
    after = call(loops=(dataclasses.replace(outer, offset=44, cycles=480), dataclasses.replace(inner, offset=20)))
    grown = grown_loop(before, after)
    assert (grown.before, grown.cycles) == (outer, 180)
    assert grown_loop(before, call(loops=(inner,))) is None
    fresh = grown_loop(before, call(loops=(loop("memset", 8, iterations=3, cycles=90), inner)))
    assert fresh.before is None and fresh.cycles == 90


def test_the_cause_that_grew_most():
    before, after = call(), call(cycles=1_100, branch=110, cycles_by_cause={"issue": 900, "branch": 110, "fetch": 90})
    assert grown_cause(before, after) == ("fetch", 90)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"timing_rules_sha256": "f" * 64}, "timing rules changed (222222222222 → ffffffffffff)"),
        ({"core_table_sha256": "f" * 64}, "timing table of Cortex-M4 changed (111111111111 → ffffffffffff)"),
        ({"image_sha256": "f" * 64}, "code dot.elf changed (333333333333 → ffffffffffff)"),
        (
            {"image_sha256": "f" * 64, "flags": "-O2 -mcpu=cortex-m4"},
            "code dot.elf changed (333333333333 → ffffffffffff), flags −-O3 +-O2",
        ),
        ({"image_sha256": "f" * 64, "compiler": "clang 19"}, ", compiler arm-none-eabi-gcc 12.2.1 → clang 19"),
        ({"board": "nano33ble", "board_file_sha256": "f" * 64}, "board none → nano33ble"),
    ],
)
def test_what_the_figures_rest_on_is_told_first(change, words):
    before, after = saved({"t": [call()]}), saved({"t": [call(cycles=2_000)]}, dataclasses.replace(ORIGIN, **change))
    found = compare(before, after, [CYCLES])
    assert [(one.what.endswith(words), one.calls) for one in found.changes] == [(True, 1)]
    text = call_report.comparison_text(found, "0001_main.json", 200)
    assert text.index(f"{words}: 1 call") < text.index("GREW t: dot: cycles")


def test_other_arguments_and_another_version_are_told():
    before, after = saved({"t": [call()]}), saved({"t": [call(arguments_id="b" * 16)]}, version="0.2.0")
    assert [one.what for one in compare(before, after, []).changes] == ["mcusim 0.1.0 → 0.2.0", "arguments changed"]


def test_new_vanished_and_not_run():
    before = saved({"a.py::one": [call(), call("norm")], "a.py::two": [call()], "b.py::one": [call()]})
    after = saved({"a.py::one": [call()], "a.py::three": [call()]})
    found = compare(before, after, [CYCLES], known=["a.py::one", "a.py::three"])
    assert [(one.test, one.label) for one in found.new] == [("a.py::three", "dot")]
    assert [(one.test, one.label) for one in found.vanished] == [("a.py::one", "norm"), ("a.py::two", "dot")]
    assert found.not_run == 1
    deselected = compare(before, after, [CYCLES], known=["a.py::one", "a.py::two", "a.py::three"])
    assert [one.label for one in deselected.vanished] == ["norm"] and deselected.not_run == 2
