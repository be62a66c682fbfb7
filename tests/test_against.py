"""Another implementation beside the reference: ways of rounding are proven by recomputing, the rest diverges."""

from pathlib import Path

import numpy as np
import pytest

from mcusim import accumulators, against, forward
from mcusim.against import Dump
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.run_inputs import pseudo_random_inputs
from mcusim.tflite import load

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture(scope="module")
def autoencoder():
    return load(str(MODELS / "ad_autoencoder.tflite"))


@pytest.fixture(scope="module")
def rounded_once(autoencoder):
    """The values of a runtime that rounds once: in this model that differs in three elements."""
    inputs, values = pseudo_random_inputs(autoencoder), {}
    for _ in autoencoder.ops:  # each pass knows the outputs of one layer more
        for op, operands, _ in forward.steps(autoencoder, inputs, values):
            if op.outputs[0] not in values:
                found = accumulators.accumulators(autoencoder, op, operands)
                once = accumulators.rounded_once(found, found.multipliers, found.shifts)
                values[op.outputs[0]] = once.astype(np.int8)
                break
    return values


def compared(model, values, **more):
    return against.compare(model, Dump("dump", pseudo_random_inputs(model), values, (), **more))


def test_single_rounding_is_harmless(autoencoder, rounded_once):
    found = compared(autoencoder, rounded_once)
    assert not found.diverging and len(found.layers) == 10
    harmless = [one for one in found.layers if one.wrong_elements]
    assert [(one.index, one.harmless_elements) for one in harmless] == [(3, 1), (9, 2)]
    assert {one.rounding for one in harmless} == {"single rounding, as LiteRT"}
    assert compared(autoencoder, rounded_once, likely="XNNPACK").layers[3].rounding.endswith("as XNNPACK")


def test_an_element_that_rounding_does_not_give_diverges(autoencoder, rounded_once):
    """Off by one as well, but not where rounding once is."""
    op = autoencoder.ops[9]
    wrong = rounded_once[op.outputs[0]].copy()
    wrong[0, 7] += 1
    found = compared(autoencoder, {**rounded_once, op.outputs[0]: wrong})
    (layer,) = found.diverging
    assert (layer.index, layer.wrong_elements, layer.harmless_elements) == (9, 3, 2)
    assert layer.difference.index == (0, 7) and layer.difference.accumulation is not None
    assert layer.difference.target == layer.difference.reference + 1


def test_what_a_layer_before_spoils_is_of_its_operands(autoencoder, rounded_once):
    op = autoencoder.ops[0]
    wrong = rounded_once[op.outputs[0]] ^ 8
    found = compared(autoencoder, {op.outputs[0]: wrong})
    assert len(found.layers) == 1 and found.notes == ("9 outputs of layers are not there; the reference's stand in.",)
    values = {}
    for later, _, (result,) in forward.steps(autoencoder, pseudo_random_inputs(autoencoder), {op.outputs[0]: wrong}):
        values[later.outputs[0]] = wrong if later is op else result
    found = compared(autoencoder, values)
    assert [one.index for one in found.diverging] == [0]
    assert found.layers[1].wrong_elements == 0 < found.layers[1].apart_elements


def test_a_file_of_tensors(autoencoder, rounded_once, tmp_path):
    path = tmp_path / "dump.npz"
    (source,) = pseudo_random_inputs(autoencoder)
    first, second = (autoencoder.ops[number].outputs[0] for number in (0, 3))
    named = {autoencoder.tensors[autoencoder.inputs[0]].name: source, f"tensor_{first}": rounded_once[first]}
    # zipfile writes a name with a slash as it is.
    np.savez(path, **named, **{str(second): rounded_once[second].reshape(-1)})
    found = against.against(autoencoder, str(path))
    assert found.name == "dump.npz" and [one.index for one in found.layers] == [0, 3] and not found.diverging


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"nonsense": np.zeros(1)}, "no tensor is named 'nonsense'"),
        ({"\x1b[2J": np.zeros(1)}, r"no tensor is named '\\x1b\[2J'"),
        ({"tensor_9999": np.zeros(1)}, "no tensor is named 'tensor_9999'"),
        ({"0": np.zeros((1, 640), np.float32)}, "is float32 of shape .*; the tensor is int8"),
        ({"0": np.zeros((1, 641), np.int8)}, r"of shape \[1, 641\]"),
        ({"1": None}, "lacks the model's input"),
        ({"0": None}, "has the output of no layer"),
    ],
)
def test_files_that_do_not_go_with_the_model(autoencoder, tmp_path, arrays, message):
    tensors = autoencoder.tensors
    given = {
        name: np.zeros(tensors[int(name)].shape, tensors[int(name)].dtype) if array is None else array
        for name, array in arrays.items()
    }
    np.savez(tmp_path / "dump.npz", **given)
    with pytest.raises(BadInputError, match=message):
        against.against(autoencoder, str(tmp_path / "dump.npz"))


def test_other_names_are_refused(autoencoder):
    with pytest.raises(UnsupportedError, match=r"one of litert, litert-xnnpack is expected, or a \.npz file"):
        against.check_name("onnx")


def test_litert_itself(autoencoder, rounded_once):
    pytest.importorskip("ai_edge_litert")
    found = against.against(autoencoder, "litert")
    assert found.name.startswith("LiteRT ") and not found.diverging
    assert [(one.index, one.harmless_elements) for one in found.layers if one.wrong_elements] == [(3, 1), (9, 2)]


def test_a_litert_that_is_not_there(autoencoder, monkeypatch):
    monkeypatch.setattr("mcusim.litert.PACKAGE", "no_such_package")
    with pytest.raises(UnsupportedError, match="LiteRT is not installed; install it with: pip install ai-edge-litert"):
        against.against(autoencoder, "litert")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits_cnn", "ic_resnet8", "kws_ds_cnn"])
def test_xnnpack(name):
    """Every element of every convolution is what a multiplication in float32 gives."""
    pytest.importorskip("ai_edge_litert")
    found = against.against(load(str(MODELS / f"{name}.tflite")), "litert-xnnpack")
    assert not found.diverging and sum(one.harmless_elements for one in found.layers) >= 1
