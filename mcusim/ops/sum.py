"""SUM: one model layer → its checks, MACs, memory, reference result and C call: a MEAN that does not divide."""

from __future__ import annotations

from mcusim.ops.mean import KERNELS, check, invocation, macs, memory, reference

__all__ = ["KERNELS", "check", "invocation", "macs", "memory", "reference"]
