"""The picture of an arena: valid XML that stands alone, with the rectangles that the plan has."""

import dataclasses
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mcusim.memory_record import BufferInfo, LayerInfo, PlanInfo
from mcusim.memory_report import report
from mcusim.memory_study import study
from mcusim.renderers import arena_drawing, arena_svg
from mcusim.renderers.svg import LEFT, RIGHT, WIDTH
from mcusim.tflite import load

MODELS = Path(__file__).parents[2] / "models"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def digits():
    return report(study(load(MODELS / "digits_cnn.tflite")), maps=["linear"])


def boxes(root):
    """Rectangles of buffers: hover text → (x, y, width, height)."""
    kinds = ("in_out", "intermediate", "scratch")
    return {
        one.find(f"{SVG}title").text: tuple(float(one.get(key)) for key in ("x", "y", "width", "height"))
        for one in root.iter(f"{SVG}rect")
        if one.get("class") in kinds and one.find(f"{SVG}title") is not None
    }


def test_it_stands_alone(digits):
    text = arena_svg.render(digits)
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert set(re.findall(r"https?://[^\"]+", text)) == {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"url\(([^)]*)\)", text)) == {f"#{one.get('id')}" for one in root.iter(f"{SVG}pattern")}
    assert not re.search(r"<script|<image|<foreignObject|<use|href|@import|\son\w+=", text)
    assert "prefers-color-scheme:dark" in text
    assert text == arena_svg.render(digits)


def test_rectangles_are_lifetimes_and_offsets(digits):
    root = ElementTree.fromstring(arena_svg.render(dataclasses.replace(digits, maps=("greedy",))))
    found = boxes(root)
    plan, moments = digits.plan("greedy"), len(digits.live_bytes)
    column = (WIDTH - LEFT - RIGHT) / moments
    bottoms = []
    for index, one in enumerate(digits.buffers):
        at = f" at {plan.offsets[index]:,}"
        hover, (x, y, width, height) = next(
            item for item in found.items() if item[0].startswith(one.name.split(";")[0]) and item[0].endswith(at)
        )
        assert f"{one.bytes:,} bytes ({one.planned_bytes:,} with padding){at}" in hover
        assert x == pytest.approx(LEFT + column * one.first_moment, abs=0.01)
        assert width == pytest.approx(column * (one.last_moment - one.first_moment + 1), abs=0.01)
        assert height == pytest.approx(arena_drawing.PLOT * one.planned_bytes / plan.head_bytes, abs=0.02)
        bottoms.append(y + height + arena_drawing.PLOT * plan.offsets[index] / plan.head_bytes)
    assert max(bottoms) - min(bottoms) < 0.05


def test_a_map_for_each_planner_with_its_peak(digits):
    root = ElementTree.fromstring(arena_svg.render(digits))
    texts = [one.text for one in root.iter(f"{SVG}text")]
    assert any(text.startswith("head planned by greedy (in use): 1,344 bytes, 0 of them") for text in texts)
    assert any(text.startswith("head planned by linear") for text in texts)
    assert sum(text.startswith("peak ") for text in texts) == 2
    assert len([one for one in root.iter(f"{SVG}polygon") if one.get("class") == "hole"]) == 2


def test_hover_names_layer_and_operator(digits):
    hovers = boxes(ElementTree.fromstring(arena_svg.render(digits)))
    assert any("scratch, layer 2 (CONV_2D)" in hover for hover in hovers)


def test_names_from_a_file_are_text(digits):
    name = "</title><script>alert(1)</script>&\x00\x1b\ud800\"'"
    hostile = tuple(dataclasses.replace(one, name=name) for one in digits.buffers)
    layers = tuple(LayerInfo(name, name) for _ in digits.model.layers)
    model = dataclasses.replace(digits.model, name=name, layers=layers)
    text = arena_svg.render(dataclasses.replace(digits, buffers=hostile, model=model, board=name))
    root = ElementTree.fromstring(text.encode())
    assert not list(root.iter(f"{SVG}script"))
    assert any("<script>" in (one.text or "") for one in root.iter(f"{SVG}title"))


def test_thousands_of_buffers_stay_bounded(digits):
    """The largest are drawn, the picture says how many are not."""
    count = 5_000
    buffers = tuple(
        BufferInfo(
            f"tensor/with/a/rather/long/name/{index}", "intermediate", 16 * (index + 1), 16 * (index + 1), index, index
        )
        for index in range(count)
    )
    live = tuple(16 * (index + 1) if index < count else 0 for index in range(count + 1))
    plan = PlanInfo("greedy", (0,) * count, 16 * count, 0, 16 * count, 16 * count, (count - 1,))
    model = dataclasses.replace(digits.model, layers=(LayerInfo("RELU", "x"),) * count)
    large = dataclasses.replace(
        digits,
        model=model,
        buffers=buffers,
        live_bytes=live,
        live_bound_bytes=max(live),
        plans=(plan,),
        maps=("greedy",),
    )
    text = arena_svg.render(large)
    assert len(text) < 1_500_000
    assert f"{count - arena_drawing.MOST_RECTANGLES:,} smaller or unused buffers are not drawn" in text
    assert len(boxes(ElementTree.fromstring(text))) <= arena_drawing.MOST_RECTANGLES + len(digits.tail)


def test_nothing_in_the_head(digits):
    empty = dataclasses.replace(
        digits,
        model=dataclasses.replace(digits.model, layers=()),
        buffers=(),
        tail=(),
        maps=("greedy",),
        plans=(PlanInfo("greedy", (), 0, 0, 0, 100, ()),),
        live_bytes=(0,),
        live_bound_bytes=0,
        head_bytes=0,
    )
    ElementTree.fromstring(arena_svg.render(empty))
