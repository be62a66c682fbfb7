"""LOGICAL_OR: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from mcusim.comparison import Elementwise
from mcusim.nn.comparison import logical_or

_LAYER = Elementwise(logical_or, {"bool": "mcusim_logical_or_b8"}, "bool", init_bytes=0, rescales=False)

KERNELS: tuple[str, ...] = tuple(_LAYER.symbols.values())
check = _LAYER.check
macs = _LAYER.macs
memory = _LAYER.memory
reference = _LAYER.reference
invocation = _LAYER.invocation
