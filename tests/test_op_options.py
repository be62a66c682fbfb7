import pytest
import tflite as schema
import tflite_writer
from tflite_writer import Table

from mcusim import flatbuffer, op_options, tflite

OPERATORS = [name for name in vars(schema.BuiltinOperator) if name[0] != "_"]
TABLES = {
    name
    for union in (schema.BuiltinOptions, schema.BuiltinOptions2)
    for name in vars(union)
    if name.endswith("Options")
}


def test_every_options_table_belongs_to_an_operator():
    assert {op_options._options_table(name) for name in OPERATORS} - {""} == TABLES


@pytest.mark.parametrize(
    ("operator", "table"),
    [
        ("CONV_2D", "Conv2DOptions"),
        ("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions"),
        ("FULLY_CONNECTED", "FullyConnectedOptions"),
        ("AVERAGE_POOL_2D", "Pool2DOptions"),
        ("MAX_POOL_2D", "Pool2DOptions"),
        ("SOFTMAX", "SoftmaxOptions"),
        ("MEAN", "ReducerOptions"),
        ("REDUCE_MAX", "ReducerOptions"),
        ("MAXIMUM", "MaximumMinimumOptions"),
        ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"),
        ("BATCH_MATMUL", "BatchMatMulOptions"),
        ("PADV2", "PadV2Options"),
        ("TOPK_V2", "TopKV2Options"),
        ("UNIDIRECTIONAL_SEQUENCE_RNN", "SequenceRNNOptions"),
        ("CALL_ONCE", "CallOnceOptions"),
        ("STABLEHLO_COMPOSITE", "StableHLOCompositeOptions"),
        ("RELU", ""),
        ("RELU6", ""),
        ("LOGISTIC", ""),
        ("TANH", ""),
        ("CUSTOM", ""),
    ],
)
def test_options_table_of_an_operator(operator, table):
    assert op_options._options_table(operator) == table


def test_enumerations_are_complete():
    """In options tables a number of one byte is an enumerator, and nothing else is."""
    of_one_byte = set()
    for table in TABLES:
        for field in flatbuffer.fields(getattr(schema, table)).values():
            if field.kind == "scalar" and field.packing.format in ("<b", "<B"):
                of_one_byte.add(field.name)
    # These enumerations are of four bytes.
    of_four_bytes = {"comparison_direction", "compare_type", "reduce_function"}
    assert of_one_byte | of_four_bytes == set(op_options._ENUMERATIONS)


def read(operator, kind, **fields):
    """Options of a model of one operator, without tensors."""
    second = kind in vars(schema.BuiltinOptions2)
    union, number = (
        ("BuiltinOptions2", getattr(schema.BuiltinOptions2, kind))
        if second
        else ("BuiltinOptions", getattr(schema.BuiltinOptions, kind))
    )
    op = Table("Operator", OpcodeIndex=0, **{f"{union}Type": number, union: Table(kind, **fields)})
    graph = tflite_writer.subgraph([], [op], (), ())
    model = tflite_writer.model([tflite_writer.code(operator)], [graph], [tflite_writer.buffer()])
    return dict(tflite.parse(tflite_writer.write(model), "toy").ops[0].options)


def test_values():
    assert read("SOFTMAX", "SoftmaxOptions", Beta=0.5) == {"beta": 0.5}
    assert read("CAST", "CastOptions", InDataType=9) == {"in_data_type": "INT8", "out_data_type": "FLOAT32"}
    assert read("MEAN", "ReducerOptions", KeepDims=True) == {"keep_dims": True}
    assert read("SQUEEZE", "SqueezeOptions", SqueezeDims=tflite_writer.ints(1, -1)) == {"squeeze_dims": (1, -1)}
    assert read("CONCATENATION", "ConcatenationOptions", Axis=-1) == {"axis": -1, "fused_activation_function": "NONE"}
    assert read("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions", DepthMultiplier=2, Padding=1) == {
        "padding": "VALID",
        "stride_w": 0,
        "stride_h": 0,
        "depth_multiplier": 2,
        "fused_activation_function": "NONE",
        "dilation_w_factor": 1,
        "dilation_h_factor": 1,
    }


def test_values_of_the_second_union():
    read_back = read("STABLEHLO_PAD", "StablehloPadOptions", InteriorPadding=tflite_writer.longs(2**40, -1))
    assert read_back == {"edge_padding_low": (), "edge_padding_high": (), "interior_padding": (2**40, -1)}


def test_no_options_where_an_operator_has_none():
    assert read("RELU", "AddOptions") == {}
