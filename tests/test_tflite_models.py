"""Whole model files read twice: by mcusim, and by the generated classes of the package tflite."""

import re
from pathlib import Path

import numpy as np
import pytest
import tflite as schema

from mcusim import tflite

BUNDLED = sorted((Path(__file__).parents[1] / "models").glob("*.tflite"))
REFERENCE_FILES = 24
NUMPY = {
    schema.TensorType.INT8: np.int8,
    schema.TensorType.INT16: np.int16,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT64: np.int64,
    schema.TensorType.UINT8: np.uint8,
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.BOOL: np.bool_,
}
ENUMERATIONS = {
    "padding": schema.Padding,
    "fused_activation_function": schema.ActivationFunctionType,
    "weights_format": schema.FullyConnectedOptionsWeightsFormat,
    "quantized_bias_type": schema.TensorType,
}


def check_tensor(tensor, other, root, data):
    # A tensor without a name is named by its number, so that reports can tell of it.
    assert tensor.name == ((other.Name() or b"").decode() or f"tensor {tensor.index}")
    assert tensor.shape == (tuple(other.ShapeAsNumpy().tolist()) if other.ShapeLength() else ())
    assert getattr(schema.TensorType, tensor.dtype.upper()) == other.Type()
    assert tensor.is_variable == other.IsVariable()
    buffer = root.Buffers(other.Buffer())
    if buffer.DataLength():
        raw = buffer.DataAsNumpy()
        np.testing.assert_array_equal(tensor.data.reshape(-1), raw.view(NUMPY[other.Type()]))
        assert data[tensor.file_offset :][: raw.size] == raw.tobytes()
        assert tensor.data.nbytes == raw.size == tensor.bytes
    else:
        assert tensor.file_offset is None
        assert tensor.data is None or (tensor.data.size == 0 and 0 in tensor.shape)
    quantization = other.Quantization()
    if quantization is None or not quantization.ScaleLength():
        assert tensor.quantization is None
    else:
        scales = quantization.ScaleAsNumpy()
        assert tensor.quantization.scales == tuple(scales.tolist())
        assert tensor.quantization.zero_points == tuple(quantization.ZeroPointAsNumpy().tolist())
        if len(scales) > 1:
            assert tensor.shape[tensor.quantization.axis] == len(scales)


def check_op(op, other, root):
    code = root.OperatorCodes(other.OpcodeIndex())
    assert getattr(schema.BuiltinOperator, op.name) == code.BuiltinCode()
    assert op.version == code.Version()
    assert op.inputs == tuple(other.InputsAsNumpy().tolist())
    assert op.outputs == tuple(other.OutputsAsNumpy().tolist())
    kinds = {number: name for name, number in vars(schema.BuiltinOptions).items()}
    kind = kinds[other.BuiltinOptionsType()]
    if kind == "NONE":
        return
    options = getattr(schema, kind)()
    options.Init(other.BuiltinOptions().Bytes, other.BuiltinOptions().Pos)
    for name, value in op.options.items():
        accessor = "".join(word.capitalize() for word in name.split("_"))
        if isinstance(value, tuple):
            read = getattr(options, f"{accessor}AsNumpy")() if getattr(options, f"{accessor}Length")() else np.zeros(0)
            assert value == tuple(read.tolist())
        elif isinstance(value, str):
            assert getattr(ENUMERATIONS[name], value) == getattr(options, accessor)()
        else:
            assert value == getattr(options, accessor)()
    assert len(op.options) == len(
        [
            name
            for name in vars(type(options))
            if re.match(r"(?!Init|GetRoot)[A-Z]", name)
            and not re.search(r"(IsNone|Length|AsNumpy|HasIdentifier)$", name)
        ]
    )


def check(path):
    """Compare one file; returns the number of its operators."""
    model = tflite.load(path)
    data = path.read_bytes()
    root = schema.Model.GetRootAsModel(data, 0)
    assert (model.name, model.file, model.description) == (
        path.stem,
        data,
        (root.Description() or b"").decode(),
    )
    assert len(model.subgraphs) == root.SubgraphsLength()
    for graph in model.subgraphs:
        other = root.Subgraphs(graph.index)
        assert (graph.inputs, graph.outputs) == tuple(
            tuple(indices.tolist()) for indices in (other.InputsAsNumpy(), other.OutputsAsNumpy())
        )
        assert (len(graph.tensors), len(graph.ops)) == (other.TensorsLength(), other.OperatorsLength())
        for tensor in graph.tensors:
            check_tensor(tensor, other.Tensors(tensor.index), root, data)
        for op in graph.ops:
            check_op(op, other.Operators(op.index), root)
    assert list(model.metadata) == [root.Metadata(i).Name().decode() for i in range(root.MetadataLength())]
    return sum(len(graph.ops) for graph in model.subgraphs)


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_bundled_models(path):
    assert check(path) > 3


def test_reference_models(reference_data):
    paths = sorted((reference_data / "models").glob("*.tflite"))
    assert len(paths) == REFERENCE_FILES
    operators = {path.stem: check(path) for path in paths}
    assert operators["person_detect"] == 31
    bias = tflite.load(reference_data / "models" / "person_detect.tflite").tensors[33]
    # In the file its quantized_dimension is 3, though it has one dimension.
    assert (len(bias.shape), bias.quantization.axis, bias.quantization.per_channel) == (1, 0, True)
