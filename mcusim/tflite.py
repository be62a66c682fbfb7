"""Bytes of a .tflite file, or of a C array of one → Model."""

from __future__ import annotations

import graphlib
import hashlib
import math
import os
import stat
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from types import MappingProxyType

import numpy as np
import tflite as schema
from numpy.typing import NDArray

from mcusim import c_array, op_options
from mcusim.errors import BadModelError, printable, shown
from mcusim.flatbuffer import Extent, Reader, Table
from mcusim.model import DTYPE_BITS, Model, Op, Quantization, Subgraph, Tensor
from mcusim.op_options import names

MAX_FILE_BYTES = 256 << 20
_SCHEMA_VERSION = 3
_MAX_TENSOR_BYTES = 2**31 - 1
_MAX_RANK = 32  # of NumPy before version 2
_SHOWN_PATH = 200

# Types that NumPy lacks, as constants: their bits.
_STORED_AS: Mapping[str, str] = {"bfloat16": "uint16", "resource": "uint32", "string": "uint8", "variant": "uint8"}


def load(path: str | os.PathLike[str]) -> Model:
    """The model in a .tflite file or in a C source that holds an array of one; its name is the file's, unsuffixed.

    BadModelError if there is no such regular file, if it cannot be read, is larger than 256 MB or is no model.
    """
    try:
        return _model(_contents(path), printable(Path(path).stem))
    except BadModelError as error:
        file_name = printable(os.fspath(path))
        file_name = file_name if len(file_name) <= _SHOWN_PATH else "…" + file_name[1 - _SHOWN_PATH :]
        raise BadModelError(f"{file_name}: {error}") from None


def _contents(path: str | os.PathLike[str]) -> bytes:
    """The flatbuffer in a file."""
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise BadModelError(f"{kind}; a model is a .tflite file or a C array of one")
        if status.st_size > MAX_FILE_BYTES:
            raise BadModelError(f"{status.st_size} bytes; models of at most {MAX_FILE_BYTES} bytes are read")
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a possible file name"
        raise BadModelError(f"cannot be read: {reason}") from None
    is_source = data[4:8] != c_array.IDENTIFIER and b"{" in data and b"\0" not in data
    return c_array.model_bytes(data) if is_source else data


def parse(data: bytes, name: str) -> Model:
    """The model that a .tflite flatbuffer holds; constants are read-only views of `data` wherever they can be.

    The file is not trusted: BadModelError, one line that begins with `name`, for anything that no interpreter could
    run or that is larger than 256 MB.
    """
    try:
        return _model(data, printable(name))
    except BadModelError as error:
        raise BadModelError(f"{shown(name)}: {error}") from None


def _model(data: bytes, name: str) -> Model:
    """`parse` without the name in its messages."""
    if not data:
        raise BadModelError("the file is empty")
    if len(data) > MAX_FILE_BYTES:
        raise BadModelError(f"{len(data)} bytes; models of at most {MAX_FILE_BYTES} bytes are read")
    if data[4:8] != c_array.IDENTIFIER:
        raise BadModelError("not a TensorFlow Lite flatbuffer: bytes 4 to 7 are not TFL3")
    root = Reader(data).root(schema.Model)
    version = root.integer("version")
    if version != _SCHEMA_VERSION:
        raise BadModelError(f"schema version {version}; TensorFlow Lite has version {_SCHEMA_VERSION}")
    constants = _Constants(data, tuple(_buffer(index, table) for index, table in enumerate(root.tables("buffers"))))
    codes = tuple(_operator(table) for table in root.tables("operator_codes"))
    tables = root.tables("subgraphs")
    if not tables:
        raise BadModelError("the model has no subgraph")
    subgraphs = tuple(_subgraph(index, table, codes, constants) for index, table in enumerate(tables))
    _check_calls(subgraphs)
    return Model(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        file=data,
        description=root.text("description"),
        subgraphs=subgraphs,
        metadata=_metadata(root, constants),
    )


def _metadata(root: Table, constants: _Constants) -> Mapping[str, bytes]:
    """Contents of the metadata entries by name."""
    entries = root.tables("metadata")
    read = {entry.text("name"): constants.content(entry.integer("buffer"), "metadata") for entry in entries}
    return MappingProxyType(read)


def _operator(table: Table) -> tuple[str, int]:
    """Name and version of an entry of the operator codes.

    Old files have only the deprecated field, of one byte; newer ones keep 127 in it for codes above: the larger
    number counts (schema.fbs).
    """
    code = max(table.integer("deprecated_builtin_code"), table.integer("builtin_code"))
    name = names(schema.BuiltinOperator).get(code)
    if name is None or code == schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES:
        raise BadModelError(f"operator code {code} is not in the TensorFlow Lite schema that mcusim knows")
    if code == schema.BuiltinOperator.CUSTOM:
        custom = table.text("custom_code")
        if not custom:
            raise BadModelError("a custom operator has no custom_code")
        name = f"CUSTOM:{custom}"
    return name, table.integer("version")


def _buffer(index: int, table: Table) -> Extent:
    """Where the bytes of a buffer lie."""
    # An offset above 1 means data behind the flatbuffer, for models over 2 GB (schema.fbs).
    if table.integer("offset") > 1:
        raise BadModelError(
            f"the data of buffer {index} lies outside of the flatbuffer, where TensorFlow Lite Micro does not look"
        )
    return table.extent("data")


class _Constants:
    """The buffers of a file as arrays; each is converted once a type, so that shared buffers cost nothing."""

    def __init__(self, data: bytes, buffers: tuple[Extent, ...]) -> None:
        self._data = data
        self._buffers = buffers
        self._converted: dict[tuple[int, str], NDArray[np.generic]] = {}
        # No file needs more: int4 doubles, and shared metadata is not usual.
        self._copies_bytes = 4 * len(data)

    def extent(self, index: int, subject: str) -> Extent:
        """Where buffer `index` lies; `subject` refers to it."""
        if index >= len(self._buffers):
            raise BadModelError(f"{subject}: there is no buffer {index}, only {len(self._buffers)}")
        return self._buffers[index]

    def content(self, index: int, subject: str) -> bytes:
        """A copy of buffer `index`."""
        start, size = self.extent(index, subject)
        self._spend(size)
        return self._data[start : start + size]

    def array(self, index: int, dtype: str) -> NDArray[np.generic]:
        """All elements of buffer `index` in one dimension, read-only."""
        key = index, dtype
        if key not in self._converted:
            array = self._convert(self._buffers[index], dtype)
            array.flags.writeable = False
            self._converted[key] = array
        return self._converted[key]

    def _spend(self, size_bytes: int) -> None:
        self._copies_bytes -= size_bytes
        if self._copies_bytes < 0:
            raise BadModelError("its buffers are shared so often that the model would take many times the file's size")

    def _convert(self, extent: Extent, dtype: str) -> NDArray[np.generic]:
        raw = np.frombuffer(self._data, np.uint8, extent.elements, extent.start)
        if dtype == "int4":
            self._spend(2 * extent.elements)
            halves: NDArray[np.int8] = np.stack((raw << 4, raw & 0xF0), axis=-1).reshape(-1).view(np.int8)
            halves >>= 4
            return halves
        if dtype == "bool":
            self._spend(extent.elements)
            truth: NDArray[np.bool_] = raw != 0
            return truth
        array = raw.view(np.dtype(_STORED_AS.get(dtype, dtype)).newbyteorder("<"))
        if not array.flags.aligned:
            self._spend(extent.elements)
            array = array.copy()
        return array


def _shape(table: Table, subject: str, dtype: str) -> tuple[int, ...]:
    """The shape of a tensor whose bytes can be counted in 31 bits."""
    if table.extent("shape").elements > _MAX_RANK:
        raise BadModelError(f"{subject} has more than {_MAX_RANK} dimensions")
    shape: tuple[int, ...] = table.numbers("shape")
    if any(size < 0 for size in shape):
        raise BadModelError(
            f"{subject} has a negative dimension in its shape {shown(str(shape))}; convert with fixed shapes"
        )
    # Empty dimensions count as one here: NumPy's own limit does not spare empty arrays.
    if math.prod(size or 1 for size in shape) * DTYPE_BITS.get(dtype, 8) // 8 > _MAX_TENSOR_BYTES:
        raise BadModelError(f"{subject} of type {dtype} and shape {shown(str(shape))} takes more than 2 GB")
    return shape


def _zero_point_range(dtype: str) -> tuple[int, int]:
    """Least and greatest zero point: values of the type that fit in the int32 in which TFLM holds them."""
    if dtype.startswith("uint"):
        return 0, min(2 ** DTYPE_BITS[dtype], 2**31) - 1
    bits = min(DTYPE_BITS[dtype], 32) if dtype.startswith("int") else 32
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def _quantization(table: Table | None, subject: str, dtype: str, shape: tuple[int, ...]) -> Quantization | None:
    """The quantization of a tensor, None if it has no scale.

    Rules of TensorFlow Lite Micro: one zero point may stand for all channels; the axis counts for nothing where there
    is one scale or one dimension (person_detect has axis 3 for biases of one dimension).
    """
    if table is None or not table.extent("scale").elements:
        return None
    scales: tuple[float, ...] = table.numbers("scale")
    zero_points: tuple[int, ...] = table.numbers("zero_point")
    axis = table.integer("quantized_dimension")
    for scale in scales:
        if not 0.0 < scale < math.inf:
            raise BadModelError(f"{subject} has a scale of {scale}; a scale is finite and above zero")
    if len(zero_points) not in (1, len(scales)):
        raise BadModelError(f"{subject} has {len(scales)} scales but {len(zero_points)} zero points")
    least, greatest = _zero_point_range(dtype)
    for zero_point in zero_points:
        if not least <= zero_point <= greatest:
            raise BadModelError(f"{subject} has a zero point of {zero_point}, no value of type {dtype}")
    if not 0 <= axis < len(shape) and (len(scales) == 1 or len(shape) == 1):
        axis = 0
    if len(scales) > 1 and (not 0 <= axis < len(shape) or shape[axis] != len(scales)):
        raise BadModelError(f"{subject} has {len(scales)} scales along axis {axis} of its shape {shown(str(shape))}")
    return Quantization(scales, zero_points * (len(scales) // len(zero_points)), axis)


def _tensor(index: int, table: Table, constants: _Constants, place: str, written: Set[int]) -> Tensor:
    """One tensor; `written` are those that the graph's inputs and operators write, `place` begins messages."""
    name = table.text("name") or f"tensor {index}"
    subject = f"{place}tensor {index} ({shown(name)})"
    dtype = names(schema.TensorType).get(table.integer("type"), "").lower()
    if not dtype:
        raise BadModelError(f"{subject} has type {table.integer('type')}, which is not in the schema that mcusim knows")
    if table.table("sparsity") is not None:
        raise BadModelError(f"{subject} is sparse; only dense tensors can be read")
    shape = _shape(table, subject, dtype)
    is_variable = bool(table.integer("is_variable"))
    buffer = table.integer("buffer")
    extent = constants.extent(buffer, subject)
    if is_variable and extent.elements:
        raise BadModelError(f"{subject} is variable and has constant data")
    return Tensor(
        index=index,
        name=name,
        shape=shape,
        dtype=dtype,
        quantization=_quantization(table.table("quantization"), subject, dtype, shape),
        data=_constant(constants, buffer, shape, dtype, subject, is_empty=0 in shape and index not in written),
        file_offset=extent.start if extent.elements else None,
        is_variable=is_variable,
    )


def _constant(
    constants: _Constants, buffer: int, shape: tuple[int, ...], dtype: str, subject: str, *, is_empty: bool
) -> NDArray[np.generic] | None:
    """The value of a tensor that has bytes in the file, or none because it `is_empty`; None for other tensors."""
    size_bytes = constants.extent(buffer, subject).elements
    if not size_bytes and not is_empty:
        return None
    if dtype not in DTYPE_BITS:
        return constants.array(buffer, dtype)
    elements = math.prod(shape)
    needed_bytes = (elements * DTYPE_BITS[dtype] + 7) // 8
    if size_bytes != needed_bytes:
        raise BadModelError(
            f"{subject} has {size_bytes} bytes of data, but type {dtype} and shape {shown(str(shape))} "
            f"take {needed_bytes}"
        )
    return constants.array(buffer, dtype)[:elements].reshape(shape)


def _indices(values: tuple[int, ...], count: int, least: int, subject: str) -> tuple[int, ...]:
    """Tensor indices, each at least `least` (−1 where a tensor may be left out) and below `count`."""
    for value in values:
        if not least <= value < count:
            raise BadModelError(f"{subject} refers to tensor {value}; there are {count}")
    return values


def _op(index: int, table: Table, codes: Sequence[tuple[str, int]], tensors: int, place: str) -> Op:
    """One operator of a graph of so many tensors."""
    code = table.integer("opcode_index")
    if code >= len(codes):
        raise BadModelError(f"{place}op {index} has operator code {code}; there are {len(codes)}")
    name, version = codes[code]
    subject = f"{place}op {index} ({shown(name)})"
    return Op(
        index=index,
        name=name,
        version=version,
        inputs=_indices(table.numbers("inputs"), tensors, -1, subject),
        outputs=_indices(table.numbers("outputs"), tensors, 0, subject),
        options=op_options.read(table, name, subject),
        intermediates=_indices(table.numbers("intermediates"), tensors, 0, subject),
        custom_options=bytes(table.numbers("custom_options")),
    )


def _subgraph(index: int, table: Table, codes: Sequence[tuple[str, int]], constants: _Constants) -> Subgraph:
    """One graph, its order of execution checked."""
    place = f"subgraph {index}, " if index else ""
    tensors = table.tables("tensors")
    inputs = _indices(table.numbers("inputs"), len(tensors), 0, f"{place}the list of inputs")
    outputs = _indices(table.numbers("outputs"), len(tensors), 0, f"{place}the list of outputs")
    ops = tuple(_op(i, op, codes, len(tensors), place) for i, op in enumerate(table.tables("operators")))
    written = {*inputs, *(tensor for op in ops for tensor in op.outputs)}
    graph = Subgraph(
        index=index,
        name=table.text("name"),
        tensors=tuple(_tensor(i, tensor, constants, place, written) for i, tensor in enumerate(tensors)),
        ops=ops,
        inputs=inputs,
        outputs=outputs,
    )
    _check_order(graph, place)
    return graph


def _check_order(graph: Subgraph, place: str) -> None:
    """BadModelError unless each tensor is written once, before it is read: operators run in the order of the file."""
    for values, what in ((graph.inputs, "inputs"), (graph.outputs, "outputs")):
        if len(set(values)) < len(values):
            raise BadModelError(f"{place}the list of {what} has a tensor twice")
    constant = {tensor.index for tensor in graph.tensors if tensor.is_constant}
    readable = constant | {tensor.index for tensor in graph.tensors if tensor.is_variable} | set(graph.inputs)
    written = set(graph.inputs)
    for tensor in written & constant:
        raise BadModelError(f"{place}input tensor {tensor} is constant")
    for op in graph.ops:
        subject = f"{place}op {op.index} ({shown(op.name)})"
        for tensor in op.inputs:
            if tensor >= 0 and tensor not in readable:
                raise BadModelError(f"{subject} reads tensor {tensor} before it is written: wrong order or a cycle")
        for tensor in op.outputs:
            if tensor in written or tensor in constant:
                earlier = "constant" if tensor in constant else "an input of the graph or the output of another op"
                raise BadModelError(f"{subject} writes tensor {tensor}, which is {earlier}")
            written.add(tensor)
            readable.add(tensor)
    for tensor in graph.outputs:
        if tensor not in readable:
            raise BadModelError(f"{place}output tensor {tensor} is written by no op")


def _check_calls(subgraphs: tuple[Subgraph, ...]) -> None:
    """BadModelError unless control flow operators call subgraphs that exist, and none that leads back to itself."""
    order: graphlib.TopologicalSorter[int] = graphlib.TopologicalSorter()
    for graph in subgraphs:
        order.add(graph.index)
        for op in graph.ops:
            for option, callee in op.options.items():
                if "subgraph" not in option or not isinstance(callee, int):
                    continue
                if not 0 <= callee < len(subgraphs):
                    raise BadModelError(f"op {op.index} ({op.name}) of subgraph {graph.index} calls subgraph {callee}")
                order.add(graph.index, callee)
    try:
        order.prepare()
    except graphlib.CycleError as error:
        raise BadModelError(f"subgraph {error.args[1][0]} calls itself, directly or through others") from None
