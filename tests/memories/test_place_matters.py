"""Where other link orders of the kernels are simulated: by kind of memory system, and by the waiting for code seen."""

from __future__ import annotations

import pytest

from mcusim.memories import MEMORIES

SELDOM, OFTEN = 0.0001, 0.02


@pytest.mark.parametrize(
    ("model", "parameters", "seldom", "often"),
    [
        ("zero_wait", {}, False, False),
        ("wait_states", {}, False, False),
        ("wait_states", {"line_bytes": 8}, True, True),
        ("art", {}, True, True),
        ("cache", {"size_bytes": 8192}, False, True),
        ("l1", {}, True, True),
        ("xip", {}, False, True),
    ],
)
def test_place_matters(model, parameters, seldom, often):
    assert MEMORIES[model].place_matters(parameters, SELDOM) is seldom
    assert MEMORIES[model].place_matters(parameters, OFTEN) is often


def test_every_memory_system_says_so():
    assert all(hasattr(module, "place_matters") for module in MEMORIES.values())
