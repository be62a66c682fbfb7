"""The map of an arena for the terminal, against plans that are drawn by hand."""

import dataclasses
import re
from pathlib import Path

import pytest

from mcusim.memory_record import BufferInfo, LayerInfo, PlanInfo, TailPart
from mcusim.memory_report import report
from mcusim.memory_study import study
from mcusim.renderers.arena_map import ROWS, arena_map, lifetime_words
from mcusim.tflite import load

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="module")
def digits():
    return report(study(load(MODELS / "digits_cnn.tflite")))


def drawn(digits, buffers, offsets, moments):
    """The report of a plan: buffers are (name, kind, bytes, first, last)."""
    infos = tuple(BufferInfo(name, kind, size, size, first, last) for name, kind, size, first, last in buffers)
    head = max(offset + one.planned_bytes for offset, one in zip(offsets, infos, strict=True))
    live = tuple(
        sum(one.planned_bytes for one in infos if one.first_moment <= at <= one.last_moment) for at in range(moments)
    )
    plan = PlanInfo("greedy", offsets, head, head - max(live), max(live), head, (0,))
    model = dataclasses.replace(digits.model, layers=(LayerInfo("RELU", "x"),) * (moments - 1))
    return dataclasses.replace(
        digits, model=model, buffers=infos, plans=(plan,), live_bytes=live, live_bound_bytes=max(live), head_bytes=head
    )


def grid(text):
    """The rows of the map without their labels."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.lstrip().startswith("peak")) + 1
    return [line.split("┤")[1] for line in lines[start:] if "┤" in line]


def test_by_hand(digits):
    """An input of 64 bytes on top of a hole, scratch beside it, and an intermediate tensor that follows below."""
    buffers = [
        ("in", "input or output", 64, 0, 1),
        ("mid", "intermediate", 64, 1, 2),
        ("s", "scratch", 64, 2, 2),
        ("out", "input or output", 64, 2, 3),
    ]
    text = arena_map(drawn(digits, buffers, (64, 0, 64, 128), 4), "greedy", 80)
    rows = grid(text)
    assert len(rows) == 192 // 16
    columns = ["".join(row[12 * column + 5] for row in reversed(rows)) for column in range(4)]
    assert columns == ["××××▓▓▓▓····", "███▇▓▓▓▓····", "███▇▒▒▒▒▓▓▓▓", "××××××××▓▓▓▓"]
    assert re.search(r"peak +▼{12}\n", text)
    assert "192 ┤" in text and "\n    0 └" in text
    assert "A in  64 at 64, up to layer 0\n" in text
    assert "D out  64 at 128, layers 1 to 2\n" in text


def test_letters_stand_in_their_buffers(digits):
    rows = grid(arena_map(drawn(digits, [("only", "intermediate", 64, 0, 1)], (0,), 2), "greedy", 80))
    assert rows[1].startswith("█A█") and sum(row.count("A") for row in rows) == 1


@pytest.mark.parametrize("width", [40, 80, 100, 200])
def test_lines_keep_to_the_width(digits, width):
    lines = arena_map(digits, "greedy", width).splitlines()
    assert max(map(len, lines)) <= width
    assert len(grid("\n".join(lines))) == ROWS


def test_more_layers_than_columns_show_the_fullest_of_each_group(digits):
    """300 moments in fewer columns: a single full one among empty ones is seen."""
    buffers = [("small", "intermediate", 16, 0, 299), ("large", "scratch", 240, 151, 151)]
    text = arena_map(drawn(digits, buffers, (0, 16), 300), "greedy", 80)
    assert any("▒" in row or "B" in row for row in grid(text))
    assert max(map(len, text.splitlines())) <= 80
    peaks = next(line for line in text.splitlines() if line.lstrip().startswith("peak"))
    assert peaks.count("▼") == 1


def test_the_tail_in_parts_to_scale(digits):
    parts = tuple(TailPart(f"kind {number}", 10) for number in range(10))
    text = arena_map(dataclasses.replace(digits, tail=parts), "greedy", 80)
    strip = text.splitlines()[0]
    assert strip.lstrip().startswith("tail ┤1") and abs(strip.count("1") - strip.count("2")) <= 1
    assert "9 others 20" in text


def test_another_plan_has_no_tail_and_the_same_plan_is_not_drawn_again(digits):
    assert "tail" not in arena_map(digits, "linear", 80)
    copy = dataclasses.replace(digits.plan("greedy"), planner="optimum")
    same = dataclasses.replace(digits, plans=(digits.plan("greedy"), copy))
    assert arena_map(same, "optimum") == "the same plan as that of greedy\n"


def test_colour_changes_nothing_but_colour(digits):
    plain, coloured = arena_map(digits, "greedy", 80), arena_map(digits, "greedy", 80, True)
    assert "\x1b[" in coloured and "\x1b" not in plain
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()


def test_nothing_in_the_head(digits):
    empty = dataclasses.replace(
        digits,
        model=dataclasses.replace(digits.model, layers=()),
        buffers=(),
        plans=(PlanInfo("greedy", (), 0, 0, 0, 100, ()),),
        live_bytes=(0,),
        live_bound_bytes=0,
        head_bytes=0,
    )
    assert "└" in arena_map(empty, "greedy")


def test_lifetimes_in_words():
    cases = {(-1, -1): "never used", (0, 0): "before layer 0", (0, 3): "up to layer 2", (2, 2): "layer 1"}
    assert {ends: lifetime_words(*ends) for ends in cases} == cases
    assert lifetime_words(1, 4) == "layers 0 to 3"


def test_names_from_a_file_do_nothing_to_a_terminal(digits):
    hostile = tuple(dataclasses.replace(one, name="a\x1b[31m\nb") for one in digits.buffers)
    assert "\x1b" not in arena_map(dataclasses.replace(digits, buffers=hostile), "greedy")
