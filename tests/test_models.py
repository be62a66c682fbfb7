"""The bundled models: MODELS.toml tells the truth about each file, and each file does what its row says."""

import hashlib
import importlib.util
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

import mcusim.ops
import mcusim.tflite
from mcusim.model import Model

MODELS = Path(__file__).parent.parent / "models"
ROWS = tomllib.loads((MODELS / "MODELS.toml").read_text(encoding="utf-8"))
MAX_BYTES = 2_000_000
PUBLISHED_MACS = {
    # Millions, as counted for MLPerf Tiny's reference models, additions of biases among them.
    "kws_ds_cnn": 2.666,
    "ic_resnet8": 12.535,
    "vww_mobilenet_v1_025": 7.5,
    "ad_autoencoder": 0.266,
}
PUBLISHED_FILES = {
    "kws_ds_cnn": "kws_ref_model",
    "ic_resnet8": "pretrainedResnet_quant",
    "ad_autoencoder": "ad01_int8",
}

Int8 = NDArray[np.int8]
each_model = pytest.mark.parametrize("name", sorted(ROWS))


def build_module(name: str) -> ModuleType:
    """A module of models/build, which is no package: its scripts run from where they lie."""
    spec = importlib.util.spec_from_file_location(f"models_build_{name}", MODELS / "build" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load(name: str) -> Model:
    return mcusim.tflite.load(MODELS / ROWS[name]["file"])


def infer(model: Model, sample: Int8) -> Int8:
    """One input [...] through mcusim's reference kernels, operator by operator."""
    values = {tensor.index: tensor.data for tensor in model.tensors if tensor.is_constant}
    values[model.inputs[0]] = sample.reshape(model.tensors[model.inputs[0]].shape)
    for op in model.ops:
        operands = [values[index] if index >= 0 else None for index in op.inputs]
        outputs = mcusim.ops.OPERATORS[op.name].reference(model, op, operands)
        values.update(zip(op.outputs, outputs, strict=True))
    return values[model.outputs[0]][0]


def quantize(model: Model, inputs: NDArray[np.float32]) -> Int8:
    quantization = model.tensors[model.inputs[0]].quantization
    return np.clip(np.round(inputs / quantization.scale) + quantization.zero_point, -128, 127).astype(np.int8)


def test_every_file_has_a_row_and_every_row_a_file() -> None:
    assert {row["file"] for row in ROWS.values()} == {path.name for path in MODELS.glob("*.tflite")}


def test_the_bundled_models_are_these() -> None:
    assert set(ROWS) == {*PUBLISHED_MACS, "digits_cnn"}


def test_the_catalogue_is_what_its_script_writes(tmp_path: Path) -> None:
    copy = tmp_path / "MODELS.toml"
    write_row = build_module("catalogue").write_row
    for name, row in ROWS.items():
        write_row(copy, name, row, (MODELS / row["file"]).read_bytes())
    assert copy.read_text(encoding="utf-8") == (MODELS / "MODELS.toml").read_text(encoding="utf-8")


@each_model
def test_row_matches_file(name: str) -> None:
    row = ROWS[name]
    file = (MODELS / row["file"]).read_bytes()
    assert row["sha256"] == hashlib.sha256(file).hexdigest()
    assert row["bytes"] == len(file) < MAX_BYTES


@each_model
def test_row_is_filled_and_its_script_exists(name: str) -> None:
    row = ROWS[name]
    assert set(row) == set(build_module("catalogue").COLUMNS)
    assert all(row.values())
    assert (MODELS.parent / row["made_by"]).is_file()


@each_model
def test_macs(name: str) -> None:
    model = load(name)
    assert sum(mcusim.ops.OPERATORS[op.name].macs(model, op) for op in model.ops) == ROWS[name]["macs"]


@pytest.mark.parametrize("name", PUBLISHED_MACS)
def test_macs_are_those_of_the_published_architecture(name: str) -> None:
    assert ROWS[name]["macs"] / 1e6 == pytest.approx(PUBLISHED_MACS[name], rel=0.01)


@pytest.mark.parametrize("name", PUBLISHED_FILES)
def test_operators_are_those_of_the_published_file(name: str, reference_data: Path) -> None:
    def operators(model: Model) -> list[tuple[object, ...]]:
        # A RESHAPE before FULLY_CONNECTED comes and goes with the converter's version; so does the order of branches.
        rows = []
        for op in model.ops:
            operands = op.inputs[1:2] if op.name == "FULLY_CONNECTED" else (*op.inputs[:2], *op.outputs)
            shapes = [model.tensors[index].shape for index in operands]
            rows.append((op.name, shapes, sorted(op.options.items())))
        return sorted((row for row in rows if row[0] != "RESHAPE"), key=str)

    published = mcusim.tflite.load(reference_data / "models" / f"{PUBLISHED_FILES[name]}.tflite")
    assert operators(load(name)) == operators(published)


@each_model
def test_model_is_int8_from_input_to_output_and_known_to_mcusim(name: str) -> None:
    model = load(name)
    assert list(model.tensors[model.inputs[0]].shape) == ROWS[name]["input_shape"]
    assert {tensor.dtype for tensor in model.tensors if not tensor.is_constant} == {"int8"}
    for op in model.ops:
        assert mcusim.ops.OPERATORS[op.name].check(model, op) is None
        if op.name in {"CONV_2D", "DEPTHWISE_CONV_2D"}:
            assert model.tensors[op.inputs[1]].quantization.per_channel


def digits() -> tuple[Int8, Int8]:
    with np.load(MODELS / "digits_test.npz") as held_out:
        return held_out["inputs"], held_out["labels"]


def test_digits_test_set_is_as_stated() -> None:
    inputs, labels = digits()
    assert (inputs.shape, inputs.dtype, labels.shape) == ((450, 8, 8, 1), np.int8, (450,))
    assert sorted(set(labels.tolist())) == list(range(10))
    assert np.bincount(labels).min() >= 40


def test_digits_accuracy_is_as_stated() -> None:
    model = load("digits_cnn")
    inputs, labels = digits()
    predictions = np.array([infer(model, sample).argmax() for sample in inputs])
    assert round(float(np.mean(predictions == labels)), 4) == ROWS["digits_cnn"]["score"]


def test_digits_accuracy_with_litert_is_as_stated() -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(
        str(MODELS / "digits_cnn.tflite"), experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    source, sink = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    inputs, labels = digits()
    predictions = []
    for sample in inputs:
        interpreter.set_tensor(source, sample[np.newaxis])
        interpreter.invoke()
        predictions.append(interpreter.get_tensor(sink)[0].argmax())
    assert round(float(np.mean(np.array(predictions) == labels)), 4) == ROWS["digits_cnn"]["score"]


@pytest.mark.parametrize(
    ("name", "module", "make", "seed", "samples"),
    [
        ("kws_ds_cnn", "synthetic_audio", "spoken_commands", 101, 60),
        ("ic_resnet8", "synthetic_images", "shapes", 401, 60),
        ("vww_mobilenet_v1_025", "synthetic_images", "people", 301, 60),
    ],
)
def test_classifier_knows_its_held_out_data(name: str, module: str, make: str, seed: int, samples: int) -> None:
    # The first of the samples that the row's score is of: as accurate, within what so few of them can tell.
    make_samples: Callable[[int, int], tuple[NDArray[np.float32], NDArray[np.int64]]]
    make_samples = getattr(build_module(module), make)
    inputs, labels = make_samples(samples, seed)
    model = load(name)
    predictions = np.array([infer(model, sample).argmax() for sample in quantize(model, inputs)])
    score = ROWS[name]["score"]
    tolerance = 3.0 * (score * (1.0 - score) / samples) ** 0.5
    assert np.mean(predictions == labels) >= score - tolerance


def test_autoencoder_reconstructs_normal_hum_better_than_anomalous() -> None:
    machine_hum = build_module("synthetic_audio").machine_hum
    model = load("ad_autoencoder")
    output = model.tensors[model.outputs[0]].quantization

    def error(faults: tuple[str, ...], seed: int) -> float:
        windows = machine_hum(30, 1, faults, seed).reshape(30, 640)
        outputs = np.stack([infer(model, sample) for sample in quantize(model, windows)])
        return float(np.mean((windows - output.scale * (outputs.astype(np.float32) - output.zero_point)) ** 2))

    spread = machine_hum(30, 1, ("none",), 201).var(axis=(0, 1)).mean()
    normal = error(("none",), 201)
    assert normal < 0.5 * spread
    assert error(("bearing", "imbalance", "leak"), 202) > 1.2 * normal
