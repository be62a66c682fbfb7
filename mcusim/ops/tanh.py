"""TANH: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from mcusim.nn.activation import tanh_s8, tanh_s16
from mcusim.sigmoid import Sigmoid

_LAYER = Sigmoid(
    kernels={"int8": tanh_s8, "int16": tanh_s16},
    symbols={"int8": "mcusim_tanh_s8", "int16": "mcusim_tanh_s16"},
    int8_output=(1 / 128, 0),
    left_shifts=(0, 1),
)

KERNELS: tuple[str, ...] = tuple(_LAYER.symbols.values())
check = _LAYER.check
macs = _LAYER.macs
memory = _LAYER.memory
reference = _LAYER.reference
invocation = _LAYER.invocation
