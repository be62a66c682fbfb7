"""The picture of a soak: valid XML that stands alone, with areas that add up to the heap."""

import dataclasses
from xml.etree import ElementTree

import pytest

from mcusim.renderers import soak_svg
from mcusim.soak import soak
from mcusim.workload import load_workload

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def failed():
    return soak(load_workload("camera_ov7675"), 3600.0, (1, 2))


@pytest.fixture(scope="module")
def good():
    return soak(load_workload("freertos"), 600.0)


def texts(root):
    return [one.text for one in root.iter(f"{SVG}text")]


def points(root, kind):
    found = next(one for one in root.iter(f"{SVG}polygon") if one.get("class") == kind)
    return [tuple(map(float, pair.split(","))) for pair in found.get("points").split()]


def test_areas_lie_on_each_other_and_fill_the_heap(failed):
    root = ElementTree.fromstring(soak_svg.render(failed))
    used, pieces, free = (points(root, kind) for kind in ("used", "pieces", "free"))
    half = len(used) // 2
    assert used[:half] == pieces[: half - 1 : -1] and pieces[:half] == free[: half - 1 : -1]
    assert {y for _, y in free[:half]} == {float(soak_svg.TOP)}
    assert {y for _, y in used[half:]} == {float(soak_svg.TOP + soak_svg.PLOT)}
    last = failed.worst.samples[-1]
    expected = soak_svg.TOP + soak_svg.PLOT * (1 - last.used_bytes / failed.heap.bytes)
    assert used[half - 1][1] == pytest.approx(expected, abs=0.01)


def test_the_failure_is_marked(failed, good):
    root = ElementTree.fromstring(soak_svg.render(failed))
    assert any("malloc(19,200) fails" in text for text in texts(root))
    assert sum(one.get("class") == "mark" for one in root.iter(f"{SVG}line")) == 2
    assert any("although" in text and "bytes were free" in text for text in texts(root))
    fine = ElementTree.fromstring(soak_svg.render(good))
    assert not [one for one in fine.iter(f"{SVG}line") if one.get("class") == "mark"]
    assert any("no malloc failed" in text for text in texts(fine))


def test_each_sample_can_be_hovered_over(good):
    root = ElementTree.fromstring(soak_svg.render(good))
    hovers = [one.find(f"{SVG}title").text for one in root.iter(f"{SVG}rect") if one.get("class") == "hover"]
    assert len(hovers) == len(good.worst.samples) - 1  # the first stands for no time
    assert "the largest piece" in hovers[0] and "fragmentation" in hovers[0]


def test_a_failure_at_once_and_no_heap_at_all(failed):
    worst = failed.worst
    last = dataclasses.replace(worst.samples[-1], time_s=0.0)
    failure = dataclasses.replace(worst.failure, time_s=0.0, heap=last)
    at_once = dataclasses.replace(worst, samples=(last,), simulated_s=0.0, failure=failure)
    root = ElementTree.fromstring(soak_svg.render(dataclasses.replace(failed, runs=(at_once,))))
    assert points(root, "used")
    bare = soak_svg.render(soak(load_workload("bare"), 3600.0))
    assert "no heap to fragment" in bare and ElementTree.fromstring(bare) is not None


def test_names_from_a_file_are_text(failed):
    name = "</title><script>\x1b]&"
    workload = dataclasses.replace(failed.workload, name=name)
    failure = dataclasses.replace(failed.worst.failure, what=name)
    run = dataclasses.replace(failed.worst, failure=failure)
    root = ElementTree.fromstring(soak_svg.render(dataclasses.replace(failed, workload=workload, runs=(run,))))
    assert not list(root.iter(f"{SVG}script"))


def test_the_same_bytes_again(failed):
    assert soak_svg.render(failed) == soak_svg.render(failed)
