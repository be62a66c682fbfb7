"""A model's file and offsets of its tensors → the file with them as OfflineMemoryAllocation metadata, nothing else new.

The offsets of a flatbuffer point forward only, so that a file grows at its front: a new root table there refers to the
old file, which follows as it was and as aligned as before.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import flatbuffers
import tflite as schema

from mcusim import offline_plan
from mcusim.errors import BadInputError, BadModelError, UnsupportedError
from mcusim.flatbuffer import Extent, Field, Reader, Table, fields
from mcusim.model import Model, Subgraph
from mcusim.tflite import parse

ALIGNMENT = 64  # of the old file in the new: a multiple of every alignment that converters give to weights
_DATA_ALIGNMENT = 16  # of a buffer's bytes, by the schema


def with_plan(model: Model, offsets: Sequence[int]) -> bytes:
    """The file with an offset for each tensor of the main subgraph, ONLINE for what is planned at run time.

    Metadata of that name that is there already is replaced, in its place where it has the same size. Raises
    UnsupportedError for a file whose root table has fields that mcusim does not know.
    """
    data = offline_plan.encode(model, offsets)
    root = Reader(model.file).root(schema.Model)
    place = _own_place(root, len(data))
    if place is not None:
        return model.file[: place.start] + data + model.file[place.start + len(data) :]
    return _behind_new_root(root, data)


def write(path: str | os.PathLike[str], model: Model, offsets: Sequence[int]) -> Model:
    """Write `with_plan`'s file beside `path`, read it again, check it, and only then give it its name.

    Returns the model that was read. Raises BadInputError where nothing can be written, BadModelError for a file that
    is not what it should be.
    """
    target = Path(os.path.realpath(path))
    data = with_plan(model, offsets)
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        if target.exists() and not target.is_file():
            raise BadInputError(f"cannot write {os.fspath(path)}: there is something that is no regular file")
        try:
            with beside.open("xb") as file:
                file.write(data)
            found = parse(beside.read_bytes(), model.name)
            check(model, found, offsets)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise BadInputError(f"cannot write {os.fspath(path)}: {reason}") from None
    return found


def check(source: Model, found: Model, offsets: Sequence[int]) -> None:
    """BadModelError unless a model has these offsets, and all else of `source`, at addresses as aligned."""
    if offline_plan.read(found) != tuple(offsets):
        raise BadModelError("the plan that was written is not the one that is read back")
    rest = {name: content for name, content in source.metadata.items() if name != offline_plan.NAME}
    others = {name: content for name, content in found.metadata.items() if name != offline_plan.NAME}
    graphs = len(source.subgraphs) == len(found.subgraphs) and all(map(_same, source.subgraphs, found.subgraphs))
    if rest != others or not graphs or source.description != found.description:
        raise BadModelError("the file that was written differs from the model in more than its plan")


def _same(one: Subgraph, other: Subgraph) -> bool:
    """Whether two graphs hold the same."""
    if (one.name, one.inputs, one.outputs) != (other.name, other.inputs, other.outputs):
        return False
    if len(one.tensors) != len(other.tensors) or len(one.ops) != len(other.ops):
        return False
    for left, right in zip(one.tensors, other.tensors, strict=True):
        names = ("name", "shape", "dtype", "quantization", "is_variable", "is_constant")
        if any(getattr(left, name) != getattr(right, name) for name in names):
            return False
        if left.data is not None and right.data is not None and left.data.tobytes() != right.data.tobytes():
            return False
        if ((left.file_offset or 0) - (right.file_offset or 0)) % _DATA_ALIGNMENT:
            return False
    fields_of_op = ("name", "version", "inputs", "outputs", "options", "intermediates", "custom_options")
    return all(
        getattr(left, name) == getattr(right, name)
        for left, right in zip(one.ops, other.ops, strict=True)
        for name in fields_of_op
    )


def _entries(root: Table) -> list[tuple[bool, int]]:
    """The metadata's entries: whether it is the plan, and the number of its buffer."""
    return [(each.text("name") == offline_plan.NAME, each.integer("buffer")) for each in root.tables("metadata")]


def _unshared(root: Table) -> int | None:
    """The buffer that only the plan refers to, None if there is none."""
    entries = _entries(root)
    plans = {buffer for is_plan, buffer in entries if is_plan}
    tensors = [tensor for graph in root.tables("subgraphs") for tensor in graph.tables("tensors")]
    taken = {tensor.integer("buffer") for tensor in tensors} | {buffer for is_plan, buffer in entries if not is_plan}
    free = sorted(plans - taken - {0})
    return free[-1] if free and len(plans) == 1 else None


def _own_place(root: Table, size: int) -> Extent | None:
    """Where the bytes of the present plan lie, if they are as many as the new one's and nothing else's."""
    number = _unshared(root)
    if number is None:
        return None
    extents = [table.extent("data") for table in root.tables("buffers")]
    place = extents[number]
    end = place.start + place.elements
    shared = any(
        other.elements and other.start < end and place.start < other.start + other.elements
        for index, other in enumerate(extents)
        if index != number
    )
    return place if place.elements == size and not shared else None


def _behind_new_root(root: Table, data: bytes) -> bytes:
    """The old file behind a new root table that refers to its parts and to the plan; zeros follow that align it."""
    last_known = max(field.slot for field in fields(schema.Model).values())
    if any(root.reader.data[root.vtable + last_known + 2 : root.vtable + root.vtable_bytes]):
        raise UnsupportedError("the model's root table has fields that mcusim does not know; it cannot be written anew")
    old = root.reader.data
    builder = flatbuffers.Builder(len(old) + 4 * len(data) + 1024)
    # A builder works from the file's end to its begin: what is there first lies last.
    builder.Prep(ALIGNMENT, len(old))
    builder.head -= len(old)
    builder.Bytes[builder.head : builder.head + len(old)] = old
    end = builder.Offset()
    name = builder.CreateString(offline_plan.NAME)
    builder.StartVector(1, len(data), _DATA_ALIGNMENT)
    builder.head -= len(data)
    builder.Bytes[builder.head : builder.head + len(data)] = data
    content = builder.EndVector()
    schema.BufferStart(builder)
    schema.BufferAddData(builder, content)
    buffers = [end - table.position for table in root.tables("buffers")]
    number = _unshared(root)
    number = len(buffers) if number is None else number
    buffers[number : number + 1] = [schema.BufferEnd(builder)]
    schema.MetadataStart(builder)
    schema.MetadataAddName(builder, name)
    schema.MetadataAddBuffer(builder, number)
    entries = [schema.MetadataEnd(builder)]
    entries += [end - each.position for each in root.tables("metadata") if each.text("name") != offline_plan.NAME]
    new = {"buffers": _vector(builder, buffers), "metadata": _vector(builder, entries)}
    schema.ModelStart(builder)
    for field in fields(schema.Model).values():
        if field.kind == "scalar":
            builder.PrependUint32Slot(_number(field), root.integer(field.name), 0)
        elif position := root.target(field.name):
            new.setdefault(field.name, end - position)
    for field in fields(schema.Model).values():
        if field.name in new:
            builder.PrependUOffsetTRelativeSlot(_number(field), new[field.name], 0)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def _number(field: Field) -> int:
    """A field's place in its table's schema."""
    return (field.slot - 4) // 2


def _vector(builder: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
