"""MINIMUM: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from mcusim.comparison import Elementwise
from mcusim.nn.min_max import minimum

# CMSIS-NN has int8; the other types are run by reference.
_SYMBOLS = {
    "int8": "arm_minimum_s8",
    "int16": "mcusim_minimum_s16",
    "int32": "mcusim_minimum_s32",
    "int64": "mcusim_minimum_s64",
}
_LAYER = Elementwise(minimum, _SYMBOLS, None, init_bytes=0, rescales=False)

KERNELS: tuple[str, ...] = tuple(_LAYER.symbols.values())
check = _LAYER.check
macs = _LAYER.macs
memory = _LAYER.memory
reference = _LAYER.reference
invocation = _LAYER.invocation
