"""The study of a model, and the best plan written into a copy of it."""

from pathlib import Path

import pytest
from one_layer import M4, Layer, Value, model_file

from mcusim import memory_study, offline_plan
from mcusim.arena import arena
from mcusim.errors import UnsupportedError
from mcusim.runtime import Runtime
from mcusim.tflite import load, parse

MODELS = Path(__file__).parents[1] / "models"


def test_the_copy_has_the_best_plan(tmp_path):
    found = memory_study.study(load(MODELS / "vww_mobilenet_v1_025.tflite"))
    written = memory_study.write_plan(found, tmp_path / "out.tflite")
    assert (written.before_bytes, written.after_bytes) == (100_624, 82_192)
    assert written.planner == found.plans.best.planner != "greedy"
    assert written.worse == ()
    copy = load(tmp_path / "out.tflite")
    assert written.larger_bytes == len(copy.file) - len(found.model.file) > 0
    assert arena(copy, found.runtime).smallest_bytes == 82_192
    again = memory_study.study(copy)
    assert again.plans.plans["offline"].arena.smallest_bytes == again.plans.best.arena.smallest_bytes == 82_192
    rewritten = memory_study.write_plan(again, tmp_path / "again.tflite")
    assert (rewritten.larger_bytes, rewritten.after_bytes) == (0, 82_192)


@pytest.mark.parametrize("kernels, dsp, mve", [("cmsis_nn", True, True), ("reference", False, False)])
def test_no_copy_takes_more_than_the_model(reference_data, tmp_path, kernels, dsp, mve):
    runtime = Runtime(kernels, dsp, mve)
    for name in ("kws_ref_model", "pretrainedResnet_quant", "transpose_conv0", "trained_lstm_int8"):
        model = load(reference_data / "models" / f"{name}.tflite")
        written = memory_study.write_plan(memory_study.study(model, runtime), tmp_path / "out.tflite")
        assert written.after_bytes <= written.before_bytes == arena(model, runtime).smallest_bytes
        for other, before, after in written.worse:
            assert other != runtime and after > before


def test_a_model_that_is_too_large_to_search():
    layers = [Layer("RELU", (index,), index + 1) for index in range(2_001)]
    model = parse(model_file([Value((4,), 0.1)] * 2_002, layers, [2_001]), "long")
    with pytest.raises(UnsupportedError, match=r"long has 2,001 operators and 2,002 tensors; mcusim plans up to"):
        memory_study.study(model)


def test_scratch_stays_planned_at_run_time(reference_data, tmp_path):
    model = load(reference_data / "models" / "conv21.tflite")
    found = memory_study.study(model)
    memory_study.write_plan(found, tmp_path / "out.tflite")
    offsets = offline_plan.read(load(tmp_path / "out.tflite"))
    planned = [index for index, offset in enumerate(offsets) if offset != offline_plan.ONLINE]
    assert planned == [index for index in range(len(model.tensors)) if offline_plan.needs_place(model, index)]
    assert any(one.scratch is not None for one in arena(load(tmp_path / "out.tflite"), M4).buffers)
