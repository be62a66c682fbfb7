"""What TensorFlow Lite Micro does for one operator, as data: its kernel library and the memory it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mcusim.hardware import Board, Core, board_core

KernelLibrary = Literal["reference", "cmsis_nn"]


@dataclass(frozen=True, slots=True)
class Runtime:
    """Which kernels the runtime is linked with, and the extensions they were compiled for."""

    kernels: KernelLibrary
    dsp: bool
    mve: bool


def runtime_of(core: Core, kernels: KernelLibrary = "cmsis_nn") -> Runtime:
    """Kernels as they are built for a core."""
    return Runtime(kernels, core.dsp, core.mve)


def runtime_on(board: Board | None) -> Runtime:
    """CMSIS-NN's kernels for a board; without one, with DSP instructions, as most have (Cortex-M4, M7, M33)."""
    return Runtime("cmsis_nn", dsp=True, mve=False) if board is None else runtime_of(board_core(board))


@dataclass(frozen=True, slots=True)
class OpMemory:
    """What an operator allocates in the arena, in bytes.

    `builtin_data_*`: parsed options; `init_bytes`: the kernel's own struct (Init); `prepare_bytes`:
    persistent arrays asked for in Prepare, in order; `scratch_bytes`: scratch requests, in order.
    """

    builtin_data_bytes: int = 0
    builtin_data_alignment: int = 4
    init_bytes: int = 0
    prepare_bytes: tuple[int, ...] = ()
    scratch_bytes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A buffer that an allocator places: its size in bytes, and the first and last moment at which it lives.

    `fixed_offset` is where a plan made before has put it; only the offline allocator looks at it.
    """

    bytes: int
    first: int
    last: int
    fixed_offset: int | None = None
