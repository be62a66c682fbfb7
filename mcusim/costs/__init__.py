"""The operators that can be estimated, by TensorFlow Lite name: how each counts its loops, and is drawn for a fit."""

from __future__ import annotations

from collections.abc import Mapping

from mcusim.cost import Costing
from mcusim.costs import (
    batch_matmul,
    convolution,
    depthwise,
    elementwise,
    fully_connected,
    lstm,
    movement,
    pooling,
    softmax,
    svdf,
    transpose_conv,
)

COSTS: Mapping[str, Costing] = {
    "ADD": elementwise.ADD,
    "AVERAGE_POOL_2D": pooling.AVERAGE_POOL_2D,
    "BATCH_MATMUL": batch_matmul.BATCH_MATMUL,
    "CONCATENATION": movement.CONCATENATION,
    "CONV_2D": convolution.CONV_2D,
    "DEPTHWISE_CONV_2D": depthwise.DEPTHWISE_CONV_2D,
    "DEQUANTIZE": elementwise.DEQUANTIZE,
    "FULLY_CONNECTED": fully_connected.FULLY_CONNECTED,
    "LOGISTIC": elementwise.LOGISTIC,
    "MAX_POOL_2D": pooling.MAX_POOL_2D,
    "MEAN": pooling.MEAN,
    "MUL": elementwise.MUL,
    "PAD": movement.PAD,
    "QUANTIZE": elementwise.QUANTIZE,
    "RELU": elementwise.RELU,
    "RELU6": elementwise.RELU6,
    "RESHAPE": movement.RESHAPE,
    "SOFTMAX": softmax.SOFTMAX,
    "SVDF": svdf.SVDF,
    "TRANSPOSE_CONV": transpose_conv.TRANSPOSE_CONV,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm.UNIDIRECTIONAL_SEQUENCE_LSTM,
}
