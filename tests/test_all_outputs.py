"""A copy of a model that gives out every value: it parses, and only its outputs are others."""

from pathlib import Path

import pytest

from mcusim import all_outputs
from mcusim.tflite import load, parse

MODELS = Path(__file__).parents[1] / "models"


@pytest.mark.parametrize("name", ["digits_cnn", "ic_resnet8"])
def test_only_the_outputs_differ(name):
    model = load(str(MODELS / f"{name}.tflite"))
    found = parse(all_outputs.with_all_outputs(model), "copy")
    assert found.outputs == tuple(op.outputs[0] for op in model.ops) == all_outputs.computed(model)
    assert found.inputs == model.inputs and len(found.ops) == len(model.ops)
    for one, other in zip(model.tensors, found.tensors, strict=True):
        assert (one.name, one.shape, one.quantization) == (other.name, other.shape, other.quantization)
        assert one.data is None or one.data.tobytes() == other.data.tobytes()
