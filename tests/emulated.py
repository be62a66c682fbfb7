"""C functions of an image of the kernels with NumPy arrays as arguments → what they write and return, emulated."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from mcusim.abi import Argument, Call, Struct, place
from mcusim.elf import Firmware, firmware_path, load_firmware
from mcusim.emulator import Emulator
from mcusim.hardware import Core, load_core

# A core for each image.
CORES = {
    "armv6m": "cortex_m0plus",
    "armv7m": "cortex_m3",
    "armv7em": "cortex_m4",
    "armv7em_soft": "cortex_m4",
    "armv7em_m7": "cortex_m7",
    "armv8m_main": "cortex_m33",
}
CODE_ADDRESS = 0x0800_0000
RAM_ADDRESS, RAM_BYTES = 0x2000_0000, 8 << 20
STACK_BYTES = 16 << 10
BUDGET = 200_000_000


@dataclass(frozen=True, eq=False)
class Output:
    """An argument that the function writes: the array holds what it wrote after the call."""

    array: np.ndarray


class Kernels:
    """The C functions of a firmware."""

    def __init__(self, firmware: Firmware, core: Core) -> None:
        self.firmware = firmware
        self._emulator = Emulator(core, self.firmware, CODE_ADDRESS, (RAM_ADDRESS, RAM_BYTES))

    def has(self, symbol: str) -> bool:
        """Whether the image has a function."""
        return symbol in self.firmware.symbols

    def call(self, symbol: str, *arguments, checks_status: bool = True) -> int:
        """Call a function: integers, None (a null pointer), abi.Float32, abi.Struct, arrays and Outputs; its int32.

        Arrays may be members of structures too. A function may read those, and write the Outputs.
        """
        stack_top = RAM_ADDRESS + STACK_BYTES
        arrays = list(_arrays(arguments))
        addresses, at = {}, stack_top
        for one in arrays:
            if id(one) not in addresses:
                addresses[id(one)] = at
                at += -(-_content(one).nbytes // 16) * 16 + 16
        assert at <= RAM_ADDRESS + RAM_BYTES, "the arrays do not fit in the emulated RAM"
        for one in arrays:
            self._emulator.write(addresses[id(one)], np.ascontiguousarray(_content(one)).tobytes())
        call = Call(symbol, tuple(_plain(argument) for argument in arguments), checks_status)
        placement = place(call, lambda pointer: addresses[id(pointer)], stack_top, self.firmware.float_abi)
        spans = [(addresses[id(one)], _content(one).nbytes, "an array") for one in arrays]
        self._emulator.call(
            placement,
            writable=[span for one, span in zip(arrays, spans, strict=True) if isinstance(one, Output)],
            readable=[span for one, span in zip(arrays, spans, strict=True) if not isinstance(one, Output)],
            stack=(RAM_ADDRESS, stack_top),
            max_instructions=BUDGET,
            checks_status=checks_status,
        )
        for one in arrays:
            if isinstance(one, Output):
                content = self._emulator.read(addresses[id(one)], one.array.nbytes)
                one.array[...] = np.frombuffer(bytes(content), one.array.dtype).reshape(one.array.shape)
        return self._emulator.result(symbol)


@cache
def kernels(image: str) -> Kernels:
    """The C functions of an image, on a core that has its instruction set and float ABI."""
    return Kernels(load_firmware(firmware_path(image)), core_of(image))


def core_of(image: str) -> Core:
    """A core that has the instruction set and float ABI of an image."""
    core = load_core(CORES[image])
    return dataclasses.replace(core, fpu=None) if image == "armv7em_soft" else core


def _content(one) -> np.ndarray:
    return one.array if isinstance(one, Output) else one


def _plain(argument) -> Argument:
    """NumPy's numbers as Python's."""
    return int(argument) if isinstance(argument, np.integer) else argument


def _arrays(arguments) -> Iterator[np.ndarray | Output]:
    for argument in arguments:
        if isinstance(argument, Struct):
            yield from _arrays(argument.words)
        elif isinstance(argument, np.ndarray | Output):
            yield argument
