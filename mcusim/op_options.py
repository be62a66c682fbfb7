"""An operator's table of a .tflite file → the fields of its options by schema name, enumerations as their names."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from types import MappingProxyType

import tflite as schema

from mcusim import flatbuffer
from mcusim.errors import BadModelError
from mcusim.flatbuffer import Table

# Fields of options tables that are enumerations (schema.fbs), by field name.
_ENUMERATIONS: Mapping[str, type] = {
    "padding": schema.Padding,
    "fused_activation_function": schema.ActivationFunctionType,
    "in_data_type": schema.TensorType,
    "out_data_type": schema.TensorType,
    "out_type": schema.TensorType,
    "output_type": schema.TensorType,
    "idx_out_type": schema.TensorType,
    "key_dtype": schema.TensorType,
    "value_dtype": schema.TensorType,
    "quantized_bias_type": schema.TensorType,
    "weights_format": schema.FullyConnectedOptionsWeightsFormat,
    "kernel_type": schema.LSTMKernelType,
    "mode": schema.MirrorPadMode,
    "combiner": schema.CombinerType,
    "type": schema.LSHProjectionType,
    "algorithm": schema.RngAlgorithm,
    "reduce_function": schema.ReduceWindowFunction,
    "comparison_direction": schema.StablehloComparisonDirection,
    "compare_type": schema.StablehloComparisonType,
    "composite_attributes_format": schema.CustomOptionsFormat,
}

# Operators whose options table is not named after them (schema.fbs).
_OPTIONS_OF_OTHER_NAME: Mapping[str, str] = {
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "L2_POOL_2D": "Pool2DOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "SequenceRNNOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "CONV_3D_TRANSPOSE": "Conv3DOptions",
    "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions",
    "REDUCE_PROD": "ReducerOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "REDUCE_ANY": "ReducerOptions",
    "REDUCE_ALL": "ReducerOptions",
    "RANDOM_UNIFORM": "RandomOptions",
    "RANDOM_STANDARD_NORMAL": "RandomOptions",
    "MULTINOMIAL": "RandomOptions",
}


@functools.cache
def names(enumeration: type) -> Mapping[int, str]:
    """Enumerators of a generated class by number."""
    return {number: name for name, number in vars(enumeration).items() if name[0] != "_"}


@functools.cache
def _options_table(operator: str) -> str:
    """Name of the options table of a builtin operator; "" where it has none."""
    tables = (*names(schema.BuiltinOptions).values(), *names(schema.BuiltinOptions2).values())
    by_operator = {name.removesuffix("Options").lower(): name for name in tables if name != "NONE"}
    return _OPTIONS_OF_OTHER_NAME.get(operator) or by_operator.get(operator.replace("_", "").lower(), "")


def read(table: Table, operator: str, subject: str) -> Mapping[str, object]:
    """Fields of the options that belong to an operator, enumerations as names; defaults where the table is missing."""
    expected = "" if operator.startswith("CUSTOM:") else _options_table(operator)
    if not expected:
        return MappingProxyType({})
    is_second = expected in names(schema.BuiltinOptions2).values()
    union = "builtin_options2" if is_second else "builtin_options"
    kinds = names(schema.BuiltinOptions2 if is_second else schema.BuiltinOptions)
    number = table.integer(f"{union}_type")
    kind = kinds.get(number, f"options of kind {number}")
    if kind not in ("NONE", expected):
        raise BadModelError(f"{subject} has {kind}, not {expected}")
    generated = getattr(schema, expected)
    options = None if kind == "NONE" else table.union(union, generated)
    values: dict[str, object] = {}
    for name, value in (options.values() if options else flatbuffer.defaults(generated)).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise BadModelError(f"{subject} has {name} {value}")
        if name in _ENUMERATIONS and isinstance(value, int):
            enumerator = names(_ENUMERATIONS[name]).get(value)
            if enumerator is None:
                raise BadModelError(f"{subject} has {name} {value}, which is not in the schema that mcusim knows")
            values[name] = enumerator
        else:
            values[name] = value
    return MappingProxyType(values)
