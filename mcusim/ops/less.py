"""LESS: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from mcusim.comparison import comparison
from mcusim.nn.comparison import less

_LAYER = comparison("less", less, ("int8", "int32", "int64"))

KERNELS: tuple[str, ...] = tuple(_LAYER.symbols.values())
check = _LAYER.check
macs = _LAYER.macs
memory = _LAYER.memory
reference = _LAYER.reference
invocation = _LAYER.invocation
