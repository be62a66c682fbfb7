"""Planners side by side, against TensorFlow Lite Micro's own heads, and what the best plan gains."""

from pathlib import Path

import numpy as np
import pytest
import tflm_pc
from one_layer import M4, REFERENCE

from mcusim import gaps, offline_plan, plan_writer
from mcusim.arena import arena
from mcusim.head_plans import head_plans, offline_offsets, tensor_offsets
from mcusim.runtime import Request
from mcusim.tflite import load

MODELS = (
    *("ad01_int8", "add0", "add9", "conv0", "conv12", "conv21", "conv4", "conv9", "hello_world_int8"),
    *(
        "keyword_scrambled_8bit",
        "kws_ref_model",
        "leaky_relu0",
        "leaky_relu11",
        "micro_speech_quantized",
        "pad0",
        "pad9",
    ),
    *("person_detect", "pretrainedResnet_quant", "quantize0", "strided_slice0", "strided_slice20", "sub0"),
    *("trained_lstm_int8", "transpose_conv0"),
)


@pytest.fixture(scope="module")
def paths(reference_data):
    return [reference_data / "models" / f"{name}.tflite" for name in MODELS]


def test_greedy_heads_are_tflms(paths):
    assert tflm_pc.heads(paths) == [arena(load(path), REFERENCE).head_bytes for path in paths]


@pytest.mark.parametrize("name", ["kws_ref_model", "person_detect", "pretrainedResnet_quant"])
def test_linear_heads_are_tflms(reference_data, name):
    path = reference_data / "models" / f"{name}.tflite"
    found = arena(load(path), REFERENCE, planner="linear")
    greedy = arena(load(path), REFERENCE)
    assert tflm_pc.linear_head(path, greedy.tail_bytes) == found.head_bytes
    assert found.tail_bytes == greedy.tail_bytes + 4108 - 44


@pytest.mark.slow
def test_linear_heads_of_all_models_are_tflms(paths):
    said = {path: tflm_pc.linear_head(path, arena(load(path), REFERENCE).tail_bytes) for path in paths}
    known = {path: head for path, head in said.items() if head is not None}
    assert known == {path: arena(load(path), REFERENCE, planner="linear").head_bytes for path in known}
    assert len(known) >= 20  # of the others the planning needs more room than the head, so that TFLM never says


def test_offline_heads_are_tflms(paths, tmp_path):
    """Random plans for some of the tensors of each model, others left to the greedy planner, as is scratch."""
    rng = np.random.default_rng(4)
    written, expected = [], []
    for path in paths:
        model = load(path)
        free = arena(model, REFERENCE)
        for share in (0.3, 0.7, 1.0):
            kept = [one for one in free.buffers if one.tensor is not None and rng.random() < share]
            offsets, taken = [offline_plan.ONLINE] * len(model.tensors), []
            for one in kept:
                place = 16 * int(rng.integers(0, 1 + free.head_bytes // 8))
                while any(
                    one.first <= other.last
                    and other.first <= one.last
                    and place < at + other.planned_bytes
                    and at < place + one.planned_bytes
                    for at, other in taken
                ):
                    place += 16
                taken.append((place, one))
                offsets[one.tensor] = place
            written.append(tmp_path / f"{len(written)}.tflite")
            found = plan_writer.write(written[-1], model, offsets)
            expected.append(arena(found, REFERENCE).head_bytes)
    assert tflm_pc.heads(written) == expected


def test_tflm_refuses_another_number_of_tensors(reference_data, tmp_path):
    model = load(reference_data / "models" / "add0.tflite")
    data = offline_plan.encode(model, (0, 640, 1280))
    file = plan_writer.with_plan(model, (0, 640, 1280))
    path = tmp_path / "wrong.tflite"
    path.write_bytes(file.replace(data, data[:8] + b"\2" + data[9:]))
    assert "not equal nbr tensors" in tflm_pc.heads([path])[0]


def test_the_plans_of_a_model(reference_data):
    found = head_plans(load(reference_data / "models" / "person_detect.tflite"), M4)
    assert list(found.plans)[:2] == ["greedy", "linear"] and not set(found.missing) - {"optimum"}
    greedy = found.plans["greedy"]
    assert (greedy.peak_bytes, greedy.wasted_bytes, greedy.optimal) == (55_296, 0, True)
    assert found.best is greedy and found.bound_bytes == found.live_bound_bytes == 55_296
    for plan in found.plans.values():
        requests = [one.planned_bytes for one in found.buffers]
        assert plan.peak_bytes == max(at + size for at, size in zip(plan.offsets, requests, strict=True))
        assert plan.bound_bytes <= plan.peak_bytes == plan.wasted_bytes + 55_296
        tower = [(plan.offsets[pin], requests[pin]) for pin in plan.pins]
        assert max(map(sum, tower)) == plan.peak_bytes
        assert tower[0][0] == 0 or plan.planner == "linear"  # there nothing rests on what lives with it
    for moment in found.fullest:
        assert sum(found.buffers[index].planned_bytes for index in found.alive(moment)) == 55_296


def test_a_plan_of_its_own_is_one_of_the_rows(reference_data, tmp_path):
    model = load(reference_data / "models" / "kws_ref_model.tflite")
    alone = head_plans(model, M4)
    linear = tensor_offsets(model, alone.buffers, alone.plans["linear"].offsets)
    planned = plan_writer.write(tmp_path / "out.tflite", model, linear)
    found = head_plans(planned, M4)
    assert found.plans["greedy"] == alone.plans["greedy"]
    assert found.plans["offline"].arena.smallest_bytes > found.plans["greedy"].arena.smallest_bytes
    assert "offline plan" in found.missing["linear"] and found.best.planner == "greedy"


def test_the_best_plan_is_written_where_greedy_wastes(tmp_path):
    model = load(Path(__file__).parents[1] / "models" / "vww_mobilenet_v1_025.tflite")
    found = head_plans(model, M4)
    assert (found.plans["greedy"].peak_bytes, found.best.peak_bytes, found.live_bound_bytes) == (73_728, 55_296, 55_296)
    offsets = offline_offsets(model, M4, found)
    written = plan_writer.write(tmp_path / "out.tflite", model, offsets)
    after = arena(written, M4)
    assert after.smallest_bytes == found.plans["greedy"].arena.smallest_bytes - (73_728 - 55_296)
    requests = [Request(one.planned_bytes, one.first, one.last) for one in after.buffers]
    assert gaps.overlap(requests, [one.offset for one in after.buffers]) is None
    assert tflm_pc.heads([tmp_path / "out.tflite"]) == [arena(written, REFERENCE).head_bytes]
