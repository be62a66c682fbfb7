"""Pipelines by name: what they know of an instruction, and how they walk a row of instructions.

Each has COLUMNS, ADDRESS_COLUMN, facts, rules, walk, OPERAND_DEPENDENT, operand_cycles, observer and unobserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from mcusim.pipelines import dual_issue, in_order, m33

PIPELINES: Mapping[str, ModuleType] = {"in_order": in_order, "m33": m33, "dual_issue": dual_issue}
