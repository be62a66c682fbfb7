import inspect
import struct

import pytest
import tflite
import tflite_writer

from mcusim import flatbuffer
from mcusim.errors import BadModelError

TABLES = [
    generated
    for name, generated in sorted(vars(tflite).items())
    if inspect.isclass(generated) and hasattr(generated, "Init")
]


def example():
    return tflite_writer.write(tflite_writer.convolution())


def root(data):
    return flatbuffer.Reader(data).root(tflite.Model)


def patched(data, position, packing, value):
    changed = bytearray(data)
    struct.pack_into(packing, changed, position, value)
    return bytes(changed)


def test_every_table_of_the_schema_is_understood():
    assert len(TABLES) > 140
    gaps = set()
    for generated in TABLES:
        found = list(flatbuffer.fields(generated).values())
        assert {field.kind for field in found} <= {"scalar", "string", "vector", "table", "tables", "union"}
        slots = [field.slot for field in found]
        assert slots == sorted(set(slots))
        # flatc numbers the slots in the order of the fields, from 4.
        if slots != [4 + 2 * i for i in range(len(slots))]:
            gaps.add(generated.__name__)
    # These have deprecated fields, which keep their slots.
    assert gaps == {"ResizeBilinearOptions", "SignatureDef"}


def test_fields_are_those_of_the_schema():
    found = flatbuffer.fields(tflite.Conv2DOptions)
    assert list(found) == [
        "padding",
        "stride_w",
        "stride_h",
        "fused_activation_function",
        "dilation_w_factor",
        "dilation_h_factor",
        "quantized_bias_type",
    ]
    assert [field.default for field in found.values()] == [0, 0, 0, 0, 1, 1, 0]
    assert [field.packing.size for field in found.values()] == [1, 4, 4, 1, 4, 4, 1]
    assert flatbuffer.fields(tflite.Model)["subgraphs"].table is tflite.SubGraph
    assert flatbuffer.fields(tflite.Tensor)["quantization"].kind == "table"
    assert flatbuffer.fields(tflite.Operator)["builtin_options"].kind == "union"
    assert flatbuffer.fields(tflite.OperatorCode)["builtin_code"].packing.format == "<i"


def test_defaults():
    assert flatbuffer.defaults(tflite.VarHandleOptions) == {"container": "", "shared_name": ""}
    assert flatbuffer.defaults(tflite.ReshapeOptions) == {"new_shape": ()}
    assert flatbuffer.defaults(tflite.SplitOptions) == {"num_splits": 0}


def test_reads_what_was_written():
    table = root(example())
    assert (table.integer("version"), table.text("description")) == (3, "made by hand")
    graph = table.tables("subgraphs")[0]
    tensors = graph.tables("tensors")
    assert [tensor.text("name") for tensor in tensors] == ["input", "filter", "bias", "conv", "shape", "output"]
    assert tensors[1].numbers("shape") == (3, 1, 2, 2)
    quantization = tensors[1].table("quantization")
    assert quantization.numbers("scale") == (0.25, 0.5, 1.0)
    assert quantization.numbers("zero_point") == (0, 0, 0)
    assert tensors[4].table("quantization") is None
    assert graph.tables("operators")[0].union("builtin_options", tflite.Conv2DOptions).values() == {
        "padding": 0,
        "stride_w": 1,
        "stride_h": 2,
        "fused_activation_function": 3,
        "dilation_w_factor": 1,
        "dilation_h_factor": 1,
        "quantized_bias_type": 0,
    }
    assert root(tflite_writer.write(tflite_writer.Table("Model"))).tables("subgraphs") == ()


def slot(table, name):
    """Where the offset of a field in its table is written."""
    return table.vtable + flatbuffer.fields(table.generated)[name].slot


def field(table, name):
    data = table.reader.data
    return table.position + struct.unpack_from("<H", data, slot(table, name))[0]


@pytest.mark.parametrize("offset", [0, 1, 3, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_root_outside_of_the_file(offset):
    with pytest.raises(BadModelError, match=r"outside of the file|points at itself"):
        root(patched(example(), 0, "<I", offset))


@pytest.mark.parametrize("distance", [-(2**31), -1000000, 1000000, 2**31 - 1])
def test_vtable_outside_of_the_file(distance):
    data = example()
    with pytest.raises(BadModelError, match="outside of the file"):
        root(patched(data, root(data).position, "<i", distance))


@pytest.mark.parametrize(("place", "value"), [(0, 2), (0, 0xFFFF), (2, 2), (2, 0xFFFF)])
def test_sizes_in_a_vtable(place, value):
    data = example()
    with pytest.raises(BadModelError, match="lies outside of the file"):
        root(patched(data, root(data).vtable + place, "<H", value))


@pytest.mark.parametrize("value", [1, 3, 0x7FFF, 0xFFFF])
def test_field_outside_of_its_table(value):
    data = example()
    broken = root(patched(data, slot(root(data), "subgraphs"), "<H", value))
    with pytest.raises(BadModelError, match=r"Model\.subgraphs lies outside of its table"):
        broken.tables("subgraphs")


@pytest.mark.parametrize("value", [0, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("name", ["subgraphs", "description", "buffers"])
def test_offset_outside_of_the_file(name, value):
    data = example()
    broken = root(patched(data, field(root(data), name), "<I", value))
    with pytest.raises(BadModelError, match=rf"Model\.{name}"):
        broken.text(name) if name == "description" else broken.tables(name)


@pytest.mark.parametrize("value", [100_000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_vector_longer_than_the_file(value):
    data = example()
    table = root(data)
    start = table.reader.follow(field(table, "buffers"), "buffers")
    with pytest.raises(BadModelError, match=f"claims {value} elements"):
        root(patched(data, start, "<I", value)).tables("buffers")


def test_text_that_is_no_text():
    spoiled = tflite_writer.write(tflite_writer.convolution()).replace(b"made by hand", b"made by \xff\xfe..")
    with pytest.raises(BadModelError, match="not UTF-8"):
        root(spoiled).text("description")


def test_text_is_printable():
    spoiled = example().replace(b"made by hand", b"\x1b[31mred\r\n..")
    assert root(spoiled).text("description") == r"\x1b[31mred\r\n.."


def test_what_is_shared_is_paid_for_each_time():
    buffer = tflite_writer.buffer()
    data = tflite_writer.write(tflite_writer.Table("Model", Buffers=[buffer] * 70_000))
    with pytest.raises(BadModelError, match="share more entries"):
        root(data).tables("buffers")
    description = tflite_writer.write(tflite_writer.Table("Model", Description="x" * 1_000_000))
    table = root(description)
    with pytest.raises(BadModelError, match="share more entries"):
        for _ in range(40):
            table.text("description")
