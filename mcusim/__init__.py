"""Fit, cycles and bit-exactness of int8 TensorFlow Lite models and C functions on Cortex-M boards, without the board.

model = mcusim.load("kws.tflite")
plan = mcusim.plan(model, mcusim.load_board("nano33ble"))
run = mcusim.run(plan)
print(mcusim.RENDERERS["text"](run))

target = mcusim.Target("cortex-m4")
target.compile("dot.c")
print(target.call("dot", a, b, 64).cycles)
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from mcusim.errors import (
    BadInputError,
    BadModelError,
    DoesNotFitError,
    EmulationError,
    McusimError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from mcusim.compare import compare
    from mcusim.estimate import estimate
    from mcusim.evaluate import evaluate
    from mcusim.hardware import load_board
    from mcusim.plan import plan
    from mcusim.renderers import RENDERERS
    from mcusim.replaced_kernels import with_kernels
    from mcusim.run import run
    from mcusim.target import Target
    from mcusim.tflite import load

__all__ = [
    "RENDERERS",
    "BadInputError",
    "BadModelError",
    "DoesNotFitError",
    "EmulationError",
    "McusimError",
    "Target",
    "UnsupportedError",
    "compare",
    "estimate",
    "evaluate",
    "load",
    "load_board",
    "plan",
    "run",
    "with_kernels",
]

# Where the names come from that take a second to import (Numba, Unicorn); they are imported at their first use.
_LAZY = {
    "RENDERERS": "renderers",
    "Target": "target",
    "compare": "compare",
    "estimate": "estimate",
    "evaluate": "evaluate",
    "load": "tflite",
    "load_board": "hardware",
    "plan": "plan",
    "run": "run",
    "with_kernels": "replaced_kernels",
}


class _Package(ModuleType):
    """The package as a module whose lazy names are its functions, also where a submodule has the same name."""

    def __getattr__(self, name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{self.__name__}.{_LAZY[name]}"), name)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: object) -> None:
        if name in _LAZY and isinstance(value, ModuleType):
            return  # importing mcusim.plan or mcusim.run must not put the module over its function
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
