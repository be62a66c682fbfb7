"""EQUAL: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from mcusim.comparison import comparison
from mcusim.nn.comparison import equal

_LAYER = comparison("equal", equal, ("int8", "int32", "int64", "bool"))

KERNELS: tuple[str, ...] = tuple(_LAYER.symbols.values())
check = _LAYER.check
macs = _LAYER.macs
memory = _LAYER.memory
reference = _LAYER.reference
invocation = _LAYER.invocation
