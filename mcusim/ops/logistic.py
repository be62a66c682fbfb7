"""LOGISTIC: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from mcusim.nn.activation import logistic_s8, logistic_s16
from mcusim.sigmoid import Sigmoid

_LAYER = Sigmoid(
    kernels={"int8": logistic_s8, "int16": logistic_s16},
    symbols={"int8": "mcusim_logistic_s8", "int16": "mcusim_logistic_s16"},
    int8_output=(1 / 256, -128),
    left_shifts=(0,),
)

KERNELS: tuple[str, ...] = tuple(_LAYER.symbols.values())
check = _LAYER.check
macs = _LAYER.macs
memory = _LAYER.memory
reference = _LAYER.reference
invocation = _LAYER.invocation
