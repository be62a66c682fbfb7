"""A plan written into a model: what is new in the file, what is not, and what others read out of it."""

import struct
import warnings

import numpy as np
import pytest
import tflite as schema
import tflite_writer
from tflite_writer import Table, buffer

from mcusim import offline_plan, plan_writer
from mcusim.errors import BadInputError, BadModelError
from mcusim.flatbuffer import Reader
from mcusim.offline_plan import NAME
from mcusim.tflite import load, parse

OFFSETS = (0, -1, -1, 32, -1, 80)


def source(name="plain", **fields):
    root = tflite_writer.convolution() | fields
    return parse(tflite_writer.write(Table("Model", **root)), name)


def with_metadata(data, also=None):
    root = tflite_writer.convolution()
    root["Buffers"] = [*root["Buffers"], buffer(np.frombuffer(data, np.uint8))]
    root["Metadata"] = [Table("Metadata", Name=NAME, Buffer=5), *root["Metadata"]]
    if also is not None:
        root["Metadata"].append(Table("Metadata", Name=also, Buffer=5))
    return parse(tflite_writer.write(root), "planned")


def encoded(*offsets):
    return struct.pack(f"<{3 + len(offsets)}i", 1, 1, len(offsets), *offsets)


def root_of(file):
    return Reader(file).root(schema.Model)


def test_the_old_file_follows_unchanged_behind_a_new_root():
    model = source()
    file = plan_writer.with_plan(model, OFFSETS)
    begin = file.index(model.file)
    assert begin % plan_writer.ALIGNMENT == 0
    assert not any(file[begin + len(model.file) :])
    old, new = root_of(model.file), root_of(file)
    # All but buffers and metadata is the old file's own; buffers and entries that were there are the same tables.
    for name in ("operator_codes", "subgraphs", "description"):
        assert new.target(name) == begin + old.target(name)
    for name in ("buffers", "metadata"):
        there = [table.position - begin for table in new.tables(name)]
        assert set(there) >= {table.position for table in old.tables(name)}
        assert len(there) == len(old.tables(name)) + 1
    assert (new.integer("version"), new.target("signature_defs"), new.target("metadata_buffer")) == (3, 0, 0)


def test_what_is_read_back():
    model = source()
    found = parse(plan_writer.with_plan(model, OFFSETS), "plain")
    plan_writer.check(model, found, OFFSETS)
    assert offline_plan.read(found) == OFFSETS
    assert found.metadata["note"] == b"hi"
    for one, other in zip(model.tensors, found.tensors, strict=True):
        assert (one.file_offset is None) == (other.file_offset is None)
        if one.file_offset is not None:
            assert one.file_offset % 16 == other.file_offset % 16
            np.testing.assert_array_equal(one.data, other.data)


def test_a_plan_of_the_same_size_is_replaced_in_its_place():
    model = with_metadata(encoded(0, -1, -1, 64, -1, 0))
    file = plan_writer.with_plan(model, OFFSETS)
    assert len(file) == len(model.file)
    changed = [at for at, (one, other) in enumerate(zip(model.file, file, strict=True)) if one != other]
    assert changed[-1] - changed[0] < len(encoded(*OFFSETS))
    assert offline_plan.read(parse(file, "planned")) == OFFSETS


@pytest.mark.parametrize("data, also", [(b"short", None), (encoded(0, -1, -1, 64, -1, 0), "another")])
def test_a_plan_of_another_size_or_shared_is_left_where_it_was(data, also):
    model = with_metadata(data, also)
    found = parse(plan_writer.with_plan(model, OFFSETS), "planned")
    plan_writer.check(model, found, OFFSETS)
    assert found.metadata.get("another") == (data if also else None)
    assert [entry.text("name") for entry in root_of(found.file).tables("metadata")].count(NAME) == 1


def test_several_graphs_signatures_and_no_metadata():
    root = tflite_writer.zoo()
    root["SignatureDefs"] = [Table("SignatureDef", SignatureKey="serve")]
    model = parse(tflite_writer.write(root), "zoo")
    offsets = (-1, 0, 16, -1, -1, 32, -1, -1, -1, -1, 48)
    file = plan_writer.with_plan(model, offsets)
    found = parse(file, "zoo")
    plan_writer.check(model, found, offsets)
    assert len(found.metadata[NAME]) == 4 * (3 + 11 + 2 + 2)
    assert root_of(file).tables("signature_defs")[0].text("signature_key") == "serve"


def test_a_file_that_differs_in_more_is_found_out():
    model = source()
    file = plan_writer.with_plan(model, OFFSETS)
    place = file.index(struct.pack("<3i", 7, -8, 9))
    other = parse(file[:place] + b"\1" + file[place + 1 :], "plain")
    with pytest.raises(BadModelError, match="differs from the model in more than its plan"):
        plan_writer.check(model, other, OFFSETS)
    with pytest.raises(BadModelError, match="not the one that is read back"):
        plan_writer.check(model, parse(file, "plain"), (*OFFSETS[:-1], 96))


def test_written_whole_or_not_at_all(tmp_path):
    model, path = source(), tmp_path / "out.tflite"
    path.write_bytes(b"before")
    found = plan_writer.write(path, model, OFFSETS)
    assert path.read_bytes() == found.file and list(tmp_path.iterdir()) == [path]
    with pytest.raises(BadModelError):
        plan_writer.write(path, model, (-2, *OFFSETS[1:]))
    assert path.read_bytes() == found.file and list(tmp_path.iterdir()) == [path]
    for bad, message in ((tmp_path, "no regular file"), (tmp_path / "no" / "such", "no such file")):
        with pytest.raises(BadInputError, match=message):
            plan_writer.write(bad, model, OFFSETS)


@pytest.mark.parametrize("name", ["kws_ref_model", "pretrainedResnet_quant", "trained_lstm_int8", "person_detect"])
def test_others_run_the_written_file_with_the_same_result(reference_data, tmp_path, name):
    model = load(reference_data / "models" / f"{name}.tflite")
    offsets, end = [], 0
    for tensor in model.tensors:
        place = offline_plan.needs_place(model, tensor.index)
        offsets.append(end if place else -1)
        end += -(-tensor.bytes // 16) * 16 if place else 0
    found = plan_writer.write(tmp_path / "out.tflite", model, offsets)
    rng = np.random.default_rng(2)
    inputs = [rng.integers(-128, 128, model.tensors[index].shape, np.int8) for index in model.inputs]
    runtime = pytest.importorskip("tflite_micro").runtime
    results = []
    for file in (model.file, found.file):
        interpreter = runtime.Interpreter.from_bytes(file, arena_size=1 << 20)
        for index, values in enumerate(inputs):
            interpreter.set_input(values, index)
        interpreter.invoke()
        results.append(interpreter.get_output(0))
    np.testing.assert_array_equal(*results)
    if name == "person_detect":
        return  # LiteRT refuses the model itself: a quantized_dimension of 3 for one dimension
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    results = []
    for file in (model.file, found.file):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            interpreter = litert.Interpreter(model_content=file)
        interpreter.allocate_tensors()
        for index, values in zip(model.inputs, inputs, strict=True):
            interpreter.set_tensor(index, values)
        interpreter.invoke()
        results.append(interpreter.get_tensor(model.outputs[0]))
    np.testing.assert_array_equal(*results)
