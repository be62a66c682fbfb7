"""The operators that can be estimated, by TensorFlow Lite name: how each counts its loops, and is drawn for a fit."""

from __future__ import annotations

from collections.abc import Mapping

from mcusim.cost import Costing
from mcusim.costs import convolution, elementwise, movement, pairs, pooling, softmax

COSTS: Mapping[str, Costing] = {
    "ABS": elementwise.ABS,
    "ADD": pairs.ADD,
    "AVERAGE_POOL_2D": pooling.AVERAGE_POOL_2D,
    "CONCATENATION": movement.CONCATENATION,
    "CONV_2D": convolution.CONV_2D,
    "DEPTHWISE_CONV_2D": convolution.DEPTHWISE_CONV_2D,
    "DEQUANTIZE": elementwise.DEQUANTIZE,
    "DIV": pairs.DIV,
    "ELU": elementwise.ELU,
    "EQUAL": pairs.EQUAL,
    "FULLY_CONNECTED": convolution.FULLY_CONNECTED,
    "GREATER": pairs.GREATER,
    "GREATER_EQUAL": pairs.GREATER_EQUAL,
    "HARD_SWISH": elementwise.HARD_SWISH,
    "LEAKY_RELU": elementwise.LEAKY_RELU,
    "LESS": pairs.LESS,
    "LESS_EQUAL": pairs.LESS_EQUAL,
    "LOGICAL_AND": pairs.LOGICAL_AND,
    "LOGICAL_NOT": elementwise.LOGICAL_NOT,
    "LOGICAL_OR": pairs.LOGICAL_OR,
    "LOGISTIC": elementwise.LOGISTIC,
    "MAXIMUM": pairs.MAXIMUM,
    "MAX_POOL_2D": pooling.MAX_POOL_2D,
    "MEAN": pooling.MEAN,
    "MINIMUM": pairs.MINIMUM,
    "MUL": pairs.MUL,
    "NOT_EQUAL": pairs.NOT_EQUAL,
    "PAD": movement.PAD,
    "PRELU": pairs.PRELU,
    "QUANTIZE": elementwise.QUANTIZE,
    "RELU": elementwise.RELU,
    "RELU6": elementwise.RELU6,
    "RESHAPE": movement.RESHAPE,
    "RSQRT": elementwise.RSQRT,
    "SOFTMAX": softmax.SOFTMAX,
    "SQUARED_DIFFERENCE": pairs.SQUARED_DIFFERENCE,
    "SUB": pairs.SUB,
    "TANH": elementwise.TANH,
}
