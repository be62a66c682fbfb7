import os

import numpy as np
import pytest
import tflite_writer
from tflite_writer import Table, floats, ints, longs, write

from mcusim import errors, tflite
from mcusim.errors import BadModelError


def read(description):
    return tflite.parse(write(description), "toy")


def tensors_of(description):
    return description["Subgraphs"][0]["Tensors"]


def ops_of(description):
    return description["Subgraphs"][0]["Operators"]


def test_model():
    data = write(tflite_writer.convolution())
    model = tflite.parse(data, "toy")
    assert (model.name, model.description, model.file) == ("toy", "made by hand", data)
    assert len(model.sha256) == 64
    assert dict(model.metadata) == {"note": b"hi"}
    assert [graph.name for graph in model.subgraphs] == ["main"]
    assert (model.inputs, model.outputs) == ((0,), (5,))
    assert [(op.name, op.version, op.inputs, op.outputs) for op in model.ops] == [
        ("CONV_2D", 2, (0, 1, 2), (3,)),
        ("RESHAPE", 1, (3, 4), (5,)),
    ]


def test_options():
    model = read(tflite_writer.convolution())
    assert dict(model.ops[0].options) == {
        "padding": "SAME",
        "stride_w": 1,
        "stride_h": 2,
        "fused_activation_function": "RELU6",
        "dilation_w_factor": 1,
        "dilation_h_factor": 1,
        "quantized_bias_type": "FLOAT32",
    }
    assert dict(model.ops[1].options) == {"new_shape": (1, 48)}
    assert all(type(value) is int for name, value in model.ops[0].options.items() if "stride" in name)


def test_constants():
    model = read(tflite_writer.convolution())
    source, weights, bias, result, shape, _ = model.tensors
    assert source.data is None and result.file_offset is None and not result.is_constant
    assert weights.data.dtype == np.int8
    np.testing.assert_array_equal(weights.data, np.arange(-6, 6).reshape(3, 1, 2, 2))
    np.testing.assert_array_equal(bias.data, [7, -8, 9])
    assert (bias.data.dtype, shape.data.tolist()) == (np.int32, [1, 48])
    assert model.file[weights.file_offset :][:12] == weights.data.tobytes()
    assert model.file[bias.file_offset :][:12] == bias.data.tobytes()
    assert not weights.data.flags.writeable


def test_quantization():
    source, weights, bias, *_ = read(tflite_writer.convolution()).tensors
    assert (source.quantization.scale, source.quantization.zero_point) == (0.5, -3)
    assert not source.quantization.per_channel
    assert weights.quantization.scales == (0.25, 0.5, 1.0)
    assert (weights.quantization.zero_points, weights.quantization.axis) == ((0, 0, 0), 0)
    assert (bias.quantization.scales, bias.quantization.axis) == ((0.125, 0.25, 0.5), 0)


def test_kinds_of_tensors_and_operators():
    model = read(tflite_writer.zoo())
    by_name = {tensor.name: tensor for tensor in model.tensors}
    assert by_name["condition"].shape == () and by_name["condition"].data.tolist() is True
    packed = by_name["packed"]
    assert packed.dtype == "int4" and packed.data.dtype == np.int8 and packed.bytes == 9
    np.testing.assert_array_equal(packed.data, [[1, 2, 3], [4, 5, 6], [7, -8, -1]])
    assert packed.quantization.zero_points == (0, 0, 0)
    assert by_name["state"].is_variable and by_name["state"].data is None
    assert by_name["flags"].data.tolist() == [False, True, True, False]
    assert by_name["nothing"].data.shape == (0, 3) and by_name["nothing"].file_offset is None
    assert by_name["handle"].dtype == "resource" and by_name["handle"].bytes == 4
    assert by_name["word"].data.tolist() == list(range(13))
    with pytest.raises(errors.UnsupportedError, match="string"):
        _ = by_name["word"].bytes
    assert [op.name for op in model.ops] == ["IF", "CUSTOM:Detect", "VAR_HANDLE", "UNIDIRECTIONAL_SEQUENCE_LSTM"]
    assert model.ops[1].inputs == (2, 3, -1, 8, 9, 6) and dict(model.ops[1].options) == {}
    assert dict(model.ops[2].options) == {"container": "c", "shared_name": "größe"}
    assert dict(model.ops[3].options) == {
        "fused_activation_function": "TANH",
        "cell_clip": 10.0,
        "proj_clip": 0.0,
        "time_major": True,
        "asymmetric_quantize_inputs": False,
        "diagonal_recurrent_tensors": False,
    }
    assert [graph.name for graph in model.subgraphs] == ["main", "then", "else"]
    assert [op.name for op in model.subgraphs[2].ops] == ["RELU"]


def test_every_number_type():
    kinds = "INT8 UINT8 INT16 UINT16 INT32 UINT32 INT64 UINT64 FLOAT16 FLOAT32 FLOAT64 COMPLEX64 COMPLEX128 BOOL"
    arrays = {kind: np.arange(6).reshape(2, 3).astype(kind.lower()) for kind in kinds.split()}
    arrays["BFLOAT16"] = np.arange(6, dtype=np.uint16).reshape(2, 3)
    tensors = [tflite_writer.tensor(kind, (2, 3), kind, buffer=i) for i, kind in enumerate(arrays)]
    buffers = [tflite_writer.buffer(array) for array in arrays.values()]
    data = write(tflite_writer.model([], [tflite_writer.subgraph(tensors, [], (), ())], buffers))
    for shift in range(9):  # numbers at any address, aligned or not
        moved = data[:8] + bytes(shift) + data[8:]
        moved = (int.from_bytes(data[:4], "little") + shift).to_bytes(4, "little") + moved[4:]
        for tensor, (kind, array) in zip(tflite.parse(moved, "toy").tensors, arrays.items(), strict=True):
            assert tensor.dtype == kind.lower()
            assert tensor.data.flags.aligned and tensor.data.flags.c_contiguous
            np.testing.assert_array_equal(tensor.data, array)


def test_options_left_out_are_defaults():
    description = tflite_writer.convolution()
    del ops_of(description)[0]["BuiltinOptions"], ops_of(description)[1]["BuiltinOptionsType"]
    model = read(description)
    assert model.ops[0].options["dilation_w_factor"] == 1 and model.ops[0].options["stride_w"] == 0
    assert model.ops[0].options["padding"] == "SAME"
    assert dict(model.ops[1].options) == {"new_shape": ()}


@pytest.mark.parametrize(
    ("deprecated", "builtin", "name"), [(3, 0, "CONV_2D"), (0, 3, "CONV_2D"), (127, 150, "GELU"), (0, 0, "ADD")]
)
def test_operator_code_is_the_larger_one(deprecated, builtin, name):
    description = tflite_writer.convolution()
    description["OperatorCodes"].append(Table("OperatorCode", DeprecatedBuiltinCode=deprecated, BuiltinCode=builtin))
    ops_of(description).append(tflite_writer.op(2, (5,), ()))
    assert read(description).ops[2].name == name


def at(*path, **fields):
    """Set fields (None: remove) of the table at a path of keys."""

    def change(description):
        table = description
        for key in path:
            table = table[key]
        table.update(fields)
        for name in [name for name, value in fields.items() if value is None]:
            del table[name]

    return change


def tensor(index, **fields):
    return at("Subgraphs", 0, "Tensors", index, **fields)


def op(index, **fields):
    return at("Subgraphs", 0, "Operators", index, **fields)


def scales(index, **fields):
    return at("Subgraphs", 0, "Tensors", index, "Quantization", **fields)


def graph(index=0, **fields):
    return at("Subgraphs", index, **fields)


MANY = 2**31 - 1
REFUSALS = {
    "version": (at(Version=2), "schema version 2"),
    "no subgraph": (at(Subgraphs=None), "no subgraph"),
    "unknown operator": (at("OperatorCodes", 1, BuiltinCode=30_000), "operator code 30000"),
    "placeholder": (at("OperatorCodes", 1, BuiltinCode=127), "operator code 127"),
    "unnamed custom": (at("OperatorCodes", 1, BuiltinCode=32), "no custom_code"),
    "opcode index": (op(1, OpcodeIndex=2), r"op 1 has operator code 2; there are 2"),
    "buffer index": (tensor(1, Buffer=5), r"tensor 1 \(filter\): there is no buffer 5"),
    "metadata index": (at("Metadata", 0, Buffer=9), "metadata: there is no buffer 9"),
    "buffer elsewhere": (at("Buffers", 2, Data=None, Offset=4096, Size=12), "outside of the flatbuffer"),
    "tensor type": (tensor(1, Type=77), "has type 77"),
    "sparse": (tensor(1, Sparsity=Table("SparsityParameters")), "sparse"),
    "dynamic": (tensor(3, Shape=ints(-1, 4, 4, 3)), r"negative dimension in its shape \(-1, 4, 4, 3\)"),
    "overflow": (tensor(3, Shape=ints(MANY, MANY, MANY, 3)), "more than 2 GB"),
    "overflow to 0": (tensor(3, Shape=ints(0, MANY, MANY)), "more than 2 GB"),
    "2 GB": (tensor(3, Shape=ints(2**29), Type=2), "more than 2 GB"),
    "rank": (tensor(3, Shape=np.full(1000, MANY, np.int32)), "more than 32 dimensions"),
    "too little data": (tensor(1, Shape=ints(3, 1, 2, 3)), "has 12 bytes of data, but .* take 18"),
    "too much data": (tensor(4, Shape=ints(1)), "has 8 bytes of data, but .* take 4"),
    "type and data": (tensor(1, Type=2, Quantization=None), "has 12 bytes of data, but type int32 .* take 48"),
    "odd bytes": (at("Buffers", 3, Data=np.zeros(7, np.uint8)), "has 7 bytes"),
    "data for none": (tensor(4, Shape=ints(0)), "has 8 bytes of data, but .* take 0"),
    "variable data": (tensor(1, IsVariable=True), "variable and has constant data"),
    "zero scale": (scales(0, Scale=floats(0)), r"tensor 0 \(input\) has a scale of 0\.0"),
    "negative scale": (scales(1, Scale=floats(1, -1, 1)), r"scale of -1\.0"),
    "nan scale": (scales(0, Scale=floats(np.nan)), "scale of nan"),
    "infinite scale": (scales(0, Scale=floats(np.inf)), "scale of inf"),
    "no zero point": (scales(0, ZeroPoint=None), "1 scales but 0 zero points"),
    "zero points": (scales(1, ZeroPoint=longs(0, 0)), "3 scales but 2 zero points"),
    "zero point above": (scales(0, ZeroPoint=longs(128)), "zero point of 128, no value of type int8"),
    "zero point below": (scales(0, ZeroPoint=longs(-129)), "zero point of -129"),
    "zero point huge": (scales(2, ZeroPoint=longs(2**40)), "zero point of 1099511627776"),
    "channels": (scales(1, Scale=floats(1, 1), ZeroPoint=longs(0, 0)), "2 scales along axis 0"),
    "axis": (scales(1, QuantizedDimension=3), r"3 scales along axis 3 of its shape \(3, 1, 2, 2\)"),
    "axis outside": (scales(1, QuantizedDimension=4), "along axis 4"),
    "axis negative": (scales(1, QuantizedDimension=-1), "along axis -1"),
    "bias channels": (scales(2, Scale=floats(1, 1), ZeroPoint=longs(0, 0)), "2 scales along axis 0"),
    "input index": (op(0, Inputs=ints(0, 1, 6)), r"op 0 \(CONV_2D\) refers to tensor 6; there are 6"),
    "input below": (op(0, Inputs=ints(0, 1, -2)), "refers to tensor -2"),
    "output index": (op(0, Outputs=ints(-1)), "refers to tensor -1"),
    "intermediate": (op(0, Intermediates=ints(6)), "refers to tensor 6"),
    "graph input": (graph(Inputs=ints(6)), "list of inputs refers to tensor 6"),
    "graph input left out": (graph(Inputs=ints(-1)), "list of inputs refers to tensor -1"),
    "graph output": (graph(Outputs=ints(2**30)), "list of outputs refers to tensor"),
    "options of another": (op(0, BuiltinOptionsType=8), r"op 0 \(CONV_2D\) has FullyConnectedOptions, not Conv2DOpt"),
    "unknown options": (op(0, BuiltinOptionsType=200), "has options of kind 200"),
    "enumerator": (op(0, BuiltinOptions=Table("Conv2DOptions", Padding=9)), "has padding 9"),
    "cycle": (op(0, Inputs=ints(5, 1, 2)), r"op 0 \(CONV_2D\) reads tensor 5 before it is written"),
    "own output": (op(0, Inputs=ints(3, 1, 2)), "reads tensor 3 before it is written"),
    "written twice": (op(1, Outputs=ints(3)), r"op 1 \(RESHAPE\) writes tensor 3, which is an input of the graph or"),
    "twice in one op": (op(1, Outputs=ints(5, 5)), "writes tensor 5"),
    "writes input": (op(1, Outputs=ints(0)), "writes tensor 0"),
    "writes constant": (op(1, Outputs=ints(2)), "writes tensor 2, which is constant"),
    "constant input": (graph(Inputs=ints(0, 1)), "input tensor 1 is constant"),
    "input twice": (graph(Inputs=ints(0, 0)), "list of inputs has a tensor twice"),
    "output twice": (graph(Outputs=ints(5, 5)), "list of outputs has a tensor twice"),
    "no producer": (op(1, Outputs=ints()), "output tensor 5 is written by no op"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refused(name):
    change, message = REFUSALS[name]
    description = tflite_writer.convolution()
    change(description)
    with pytest.raises(BadModelError, match=message) as refusal:
        read(description)
    assert str(refusal.value).startswith("toy: ") and "\n" not in str(refusal.value)


def if_options(then, otherwise):
    return Table("IfOptions", ThenSubgraphIndex=then, ElseSubgraphIndex=otherwise)


BRANCH_REFUSALS = {
    "no such branch": (op(0, BuiltinOptions=if_options(1, 3)), "calls subgraph 3"),
    "negative branch": (op(0, BuiltinOptions=if_options(-1, 2)), "calls subgraph -1"),
    "recursion": (op(0, BuiltinOptions=if_options(0, 2)), "subgraph 0 calls itself"),
    "branch recursion": (
        at("Subgraphs", 1, Operators=[tflite_writer.op(0, (0, 0), (1,), "IfOptions", if_options(2, 1))]),
        "subgraph 1 calls itself",
    ),
    "in a branch": (at("Subgraphs", 2, Outputs=ints(7)), "subgraph 2, the list of outputs refers to tensor 7"),
    "not finite": (
        at("Subgraphs", 0, "Operators", 3, BuiltinOptions=Table("UnidirectionalSequenceLSTMOptions", CellClip=np.nan)),
        "has cell_clip nan",
    ),
}


@pytest.mark.parametrize("name", BRANCH_REFUSALS)
def test_refused_branches(name):
    change, message = BRANCH_REFUSALS[name]
    description = tflite_writer.zoo()
    change(description)
    with pytest.raises(BadModelError, match=message):
        read(description)


@pytest.mark.parametrize(
    ("change", "quantization"),
    [
        (scales(0, QuantizedDimension=7), ((0.5,), (-3,), 0)),
        (scales(0, Scale=None), None),
        (scales(1, ZeroPoint=longs(0)), ((0.25, 0.5, 1.0), (0, 0, 0), 0)),
        (tensor(0, Quantization=None), None),
    ],
)
def test_accepted_quantization(change, quantization):
    description = tflite_writer.convolution()
    change(description)
    read_back = [tensor.quantization for tensor in read(description).tensors[:2]]
    values = [q and (q.scales, q.zero_points, q.axis) for q in read_back]
    assert quantization in values


def test_names_in_messages_are_escaped_and_short():
    description = tflite_writer.convolution()
    tensors_of(description)[0].update(Name="evil\n\x1b[2J" + "x" * 5000, Type=77)
    with pytest.raises(BadModelError, match=r"tensor 0 \(evil\\n\\x1b") as refusal:
        tflite.parse(write(description), "a\nb" * 100)
    assert str(refusal.value).isprintable() and len(str(refusal.value)) < 250


def test_shared_metadata_takes_no_memory():
    description = tflite_writer.convolution()
    description["Buffers"].append(tflite_writer.buffer(np.zeros(100_000, np.uint8)))
    description["Metadata"] = [Table("Metadata", Name=f"m{i}", Buffer=5) for i in range(1000)]
    with pytest.raises(BadModelError, match="shared so often"):
        read(description)


def test_shared_tensors_cost_their_number():
    description = tflite_writer.convolution()
    description["Subgraphs"][0]["Tensors"] += [tensors_of(description)[1]] * 60_000
    with pytest.raises(BadModelError, match="share more entries"):
        read(description)


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\x1c\0\0\0TFL", b"\x1c\0\0\0TFL2" + bytes(60), b"PK\x03\x04" * 9])
def test_not_a_flatbuffer(data):
    with pytest.raises(BadModelError, match=r"empty|not a TensorFlow Lite flatbuffer"):
        tflite.parse(data, "toy")


def test_every_truncation_is_refused():
    data = write(tflite_writer.convolution())
    for size in range(len(data) - 12):  # the writer puts the last of what is read 12 bytes before the end
        with pytest.raises(BadModelError):
            tflite.parse(data[:size], "toy")


def test_load(tmp_path):
    data = write(tflite_writer.convolution())
    path = tmp_path / "my.model.tflite"
    path.write_bytes(data)
    for given in (path, str(path)):
        model = tflite.load(given)
        assert (model.name, model.file) == ("my.model", data)


def test_load_c_array(tmp_path):
    data = write(tflite_writer.convolution())
    path = tmp_path / "model_data.cc"
    path.write_text(f"const unsigned char g_model[] = {{{', '.join(map(str, data))}}};\n", encoding="ascii")
    model = tflite.load(path)
    assert (model.name, model.file) == ("model_data", data)
    path.write_text("int main() { return 0; }", encoding="ascii")
    with pytest.raises(BadModelError, match=r"model_data\.cc: neither a \.tflite file nor a C source"):
        tflite.load(path)


def test_load_refusals(tmp_path):
    (tmp_path / "big.tflite").touch()
    os.truncate(tmp_path / "big.tflite", 2**31)
    os.mkfifo(tmp_path / "pipe.tflite")
    (tmp_path / "empty.tflite").touch()
    for path, message in (
        (tmp_path, ": a directory; a model is a .tflite file"),
        (tmp_path / "missing.tflite", "cannot be read: No such file"),
        (tmp_path / "empty.tflite", r"empty\.tflite: the file is empty"),
        (tmp_path / "big.tflite", r"big\.tflite: 2147483648 bytes; models of at most 268435456 bytes"),
        (tmp_path / "pipe.tflite", "pipe.tflite: no regular file"),
        (tmp_path / ("x" * 5000), "cannot be read: File name too long"),
        ("a\0b", "cannot be read: not a possible file name"),
        ("no\nsuch", r"no\\nsuch: cannot be read"),
    ):
        with pytest.raises(BadModelError, match=message) as refusal:
            tflite.load(path)
        assert str(refusal.value).isprintable() and len(str(refusal.value)) < 300


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_load_unreadable(tmp_path):
    path = tmp_path / "secret.tflite"
    path.touch(mode=0)
    with pytest.raises(BadModelError, match="cannot be read: Permission denied"):
        tflite.load(path)
