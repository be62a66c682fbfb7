"""Descriptions of .tflite files as nested tables → their bytes, written by the generated code of the package tflite."""

from __future__ import annotations

import flatbuffers
import numpy as np
import tflite


class Table(dict):
    """A table of the schema: its kind and its fields under the names of the generated functions."""

    def __init__(self, kind, **fields):
        super().__init__(fields)
        self.kind = kind


def write(root):
    """The file of a model; a table object that occurs several times is written once and shared."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(_table(builder, root, {}), b"TFL3")
    return bytes(builder.Output())


def _table(builder, table, done):
    if id(table) not in done:
        values = {name: _value(builder, value, done) for name, value in table.items()}
        getattr(tflite, f"{table.kind}Start")(builder)
        for name, value in values.items():
            getattr(tflite, f"{table.kind}Add{name}")(builder, value)
        done[id(table)] = getattr(tflite, f"{table.kind}End")(builder)
    return done[id(table)]


def _value(builder, value, done):
    if isinstance(value, Table):
        return _table(builder, value, done)
    if isinstance(value, str | bytes):
        return builder.CreateSharedString(value)
    if isinstance(value, np.ndarray):
        if id(value) not in done:
            done[id(value)] = builder.CreateNumpyVector(value)
        return done[id(value)]
    if isinstance(value, list):
        offsets = [_table(builder, table, done) for table in value]
        builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
        return builder.EndVector()
    return value


def ints(*values):
    return np.array(values, np.int32)


def longs(*values):
    return np.array(values, np.int64)


def floats(*values):
    return np.array(values, np.float32)


def tensor(name, shape, kind="INT8", buffer=0, **fields):
    return Table(
        "Tensor", Name=name, Shape=ints(*shape), Type=getattr(tflite.TensorType, kind), Buffer=buffer, **fields
    )


def quantization(scales, zero_points, axis=0):
    return Table(
        "QuantizationParameters", Scale=floats(*scales), ZeroPoint=longs(*zero_points), QuantizedDimension=axis
    )


def buffer(array=None):
    """A buffer of an array's bytes; an empty one without."""
    return Table("Buffer") if array is None else Table("Buffer", Data=np.frombuffer(array.tobytes(), np.uint8))


def code(name, **fields):
    number = getattr(tflite.BuiltinOperator, name)
    return Table(
        "OperatorCode", **{"DeprecatedBuiltinCode": min(number, 127), "BuiltinCode": number, "Version": 1} | fields
    )


def op(opcode, inputs, outputs, kind="", options=None, **fields):
    """An operator; `kind` and `options`: its options table."""
    if kind:
        number = getattr(tflite.BuiltinOptions, kind)
        fields |= {"BuiltinOptionsType": number, "BuiltinOptions": Table(kind, **options or {})}
    return Table("Operator", OpcodeIndex=opcode, Inputs=ints(*inputs), Outputs=ints(*outputs), **fields)


def subgraph(tensors, ops, inputs, outputs, name="main"):
    return Table("SubGraph", Name=name, Tensors=tensors, Operators=ops, Inputs=ints(*inputs), Outputs=ints(*outputs))


def model(codes, subgraphs, buffers, **fields):
    return Table(
        "Model",
        **{"Version": 3, "Description": "made by hand", "OperatorCodes": codes, "Subgraphs": subgraphs}
        | {"Buffers": buffers}
        | fields,
    )


def convolution():
    """input int8 [1, 4, 4, 2] → CONV_2D (3 channels) → RESHAPE → [1, 48]; tensors 0, 3, 5; constants 1, 2, 4."""
    filter_data = np.arange(-6, 6, dtype=np.int8).reshape(3, 1, 2, 2)
    tensors = [
        tensor("input", (1, 4, 4, 2), Quantization=quantization([0.5], [-3])),
        tensor("filter", (3, 1, 2, 2), buffer=1, Quantization=quantization([0.25, 0.5, 1.0], [0, 0, 0])),
        tensor("bias", (3,), "INT32", buffer=2, Quantization=quantization([0.125, 0.25, 0.5], [0, 0, 0], 3)),
        tensor("conv", (1, 4, 4, 3), Quantization=quantization([0.75], [4])),
        tensor("shape", (2,), "INT32", buffer=3),
        tensor("output", (1, 48), Quantization=quantization([0.75], [4])),
    ]
    same = {"StrideW": 1, "StrideH": 2, "FusedActivationFunction": tflite.ActivationFunctionType.RELU6}
    ops = [
        op(0, (0, 1, 2), (3,), "Conv2DOptions", same),
        op(1, (3, 4), (5,), "ReshapeOptions", {"NewShape": ints(1, 48)}),
    ]
    buffers = [
        buffer(),
        buffer(filter_data),
        buffer(ints(7, -8, 9)),
        buffer(ints(1, 48)),
        buffer(np.frombuffer(b"hi", np.uint8)),
    ]
    return model(
        [code("CONV_2D", Version=2), code("RESHAPE")],
        [subgraph(tensors, ops, (0,), (5,))],
        buffers,
        Metadata=[Table("Metadata", Name="note", Buffer=4)],
    )


def zoo():
    """Two branches of an IF, a custom operator, variables, packed int4, a bool, a string and an LSTM's options."""
    branch = [
        tensor("x", (1, 4)),
        tensor("y", (1, 4)),
    ]
    tensors = [
        tensor("condition", (), "BOOL", buffer=1),
        tensor("input", (1, 4), Quantization=quantization([0.5], [0])),
        tensor("chosen", (1, 4)),
        tensor("packed", (3, 3), "INT4", buffer=2, Quantization=quantization([1, 2, 3], [0], 1)),
        tensor("state", (1, 4), "INT16", IsVariable=True),
        tensor("made", (2, 2), "FLOAT32"),
        tensor("word", (1,), "STRING", buffer=3),
        tensor("handle", (), "RESOURCE"),
        tensor("flags", (4,), "BOOL", buffer=4),
        tensor("nothing", (0, 3), "INT32"),
        tensor("recalled", (1, 4), "INT16"),
    ]
    lstm = {"FusedActivationFunction": tflite.ActivationFunctionType.TANH, "CellClip": 10.0, "TimeMajor": True}
    ops = [
        op(0, (0, 1), (2,), "IfOptions", {"ThenSubgraphIndex": 1, "ElseSubgraphIndex": 2}),
        op(1, (2, 3, -1, 8, 9, 6), (5,), CustomOptions=np.arange(3, dtype=np.uint8)),
        op(2, (), (7,), "VarHandleOptions", {"Container": "c", "SharedName": "größe"}),
        op(3, (2, 4), (10,), "UnidirectionalSequenceLSTMOptions", lstm, Intermediates=ints(4)),
    ]
    codes = [
        code("IF"),
        code("CUSTOM", CustomCode="Detect"),
        code("VAR_HANDLE"),
        code("UNIDIRECTIONAL_SEQUENCE_LSTM"),
        code("RELU"),
    ]
    buffers = [
        buffer(),
        buffer(np.array([True])),
        buffer(np.array([0x21, 0x43, 0x65, 0x87, 0x0F], np.uint8)),
        buffer(np.arange(13, dtype=np.uint8)),
        buffer(np.array([0, 1, 2, 0], np.uint8)),
    ]
    graphs = [
        subgraph(tensors, ops, (1,), (5, 7, 10)),
        subgraph(branch, [op(4, (0,), (1,))], (0,), (1,), "then"),
        subgraph(branch, [op(4, (0,), (1,))], (0,), (1,), "else"),
    ]
    return model(codes, graphs, buffers)
