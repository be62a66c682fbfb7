"""Serial ports: the registers that drivers of each kind use."""

import pytest

from mcusim.console import Console
from mcusim.uarts import NrfUart, Pl011, Stm32Isr, Stm32Sr


class Memory:
    def __init__(self):
        self.bytes = bytearray(64)

    def read_memory(self, address, size):
        return bytes(self.bytes[address : address + size])

    def write_memory(self, address, data):
        self.bytes[address : address + len(data)] = data
        return True


class Line:
    def __init__(self, text=b""):
        self.now = 0
        self.console = Console([text], 1_152_000)

    def clock(self):
        return self.now


def test_stm32_isr_says_that_it_can_send_and_shows_input():
    line = Line(b"hi")
    uart = Stm32Isr(line.console, line.clock)
    assert uart.read(0x1C) == 0x6000D0
    while not uart.read(0x1C) & 0x20:
        pass
    assert uart.read(0x1C) == 0x6000F0 and uart.read(0x24) == ord("h")
    assert not uart.read(0x1C) & 0x20
    line.now = 100
    assert uart.read(0x24) == ord("i")
    uart.write(0x28, 0x141)
    assert line.console.output == b"A"
    uart.write(0x0C, 0x683)
    assert uart.read(0x0C) == 0x683


@pytest.mark.parametrize("kind, control, data", [(Stm32Isr, 0x00, 0x24), (Stm32Sr, 0x0C, 0x04)])
def test_stm32_interrupts(kind, control, data):
    line = Line(b"x")
    uart = kind(line.console, line.clock)
    assert not uart.pending() and not uart.wants_input()
    uart.write(control, 0x2D)
    assert uart.wants_input() and not uart.pending()
    line.console.send_next(0)
    assert uart.pending() and uart.read(data) == ord("x") and not uart.pending()
    uart.write(control, 0x8D)  # TXEIE: can always send
    assert uart.pending() and not uart.wants_input()


def test_stm32_idle_interrupt_after_the_last_byte():
    line = Line(b"x")
    uart = Stm32Isr(line.console, line.clock)
    uart.write(0x00, 0x3D)
    line.console.send_next(0)
    uart.read(0x24)
    assert uart.pending() and uart.read(0x1C) & 0x10
    uart.write(0x20, 0x10)
    assert not uart.pending() and not uart.read(0x1C) & 0x10


def test_stm32_sr_status():
    line = Line()
    uart = Stm32Sr(line.console, line.clock)
    assert uart.read(0) & 0xC0 == 0xC0 and not uart.read(0) & 0x20
    uart.write(4, ord("!"))
    assert line.console.output == b"!"


def test_pl011():
    line = Line(b"q")
    uart = Pl011(line.console, line.clock)
    assert uart.read(0x18) & 0x30 == 0x10  # not full, nothing received
    uart.write(0x38, 0x10)
    assert uart.wants_input() and not uart.pending()
    line.console.send_next(0)
    assert uart.pending() and uart.read(0x40) == 0x10 and uart.read(0x18) & 0x10 == 0
    assert uart.read(0x00) == ord("q") and not uart.pending()
    uart.write(0x00, ord("z"))
    assert line.console.output == b"z" and uart.read(0x3C) & 0x20
    uart.write(0x44, 0x20)
    assert not uart.read(0x3C) & 0x20


def test_nrf_uart_byte_by_byte():
    line = Line(b"n")
    uart = NrfUart(line.console, line.clock, Memory())
    uart.write(0x500, 4)
    uart.write(0x000, 1)
    uart.write(0x304, 1 << 2)
    assert uart.wants_input() and not uart.pending()
    line.console.send_next(0)
    assert uart.pending() and uart.read(0x108) == 1
    uart.write(0x108, 0)
    assert uart.read(0x518) == ord("n") and not uart.pending()
    uart.write(0x51C, ord("k"))
    assert line.console.output == b"k" and uart.read(0x11C) == 1


def test_nrf_uarte_moves_buffers():
    line, memory = Line(b"ab"), Memory()
    memory.bytes[8:13] = b"hello"
    uart = NrfUart(line.console, line.clock, memory)
    uart.write(0x500, 8)
    uart.write(0x544, 8)
    uart.write(0x548, 5)
    uart.write(0x008, 1)
    assert line.console.output == b"hello" and uart.read(0x120) == 1 and uart.read(0x54C) == 5
    uart.write(0x534, 32)
    uart.write(0x538, 2)
    uart.write(0x304, 1 << 4)
    uart.write(0x000, 1)
    line.console.send_next(0)
    assert not uart.pending() and uart.read(0x53C) == 1
    line.now = 100
    assert uart.pending() and uart.read(0x110) == 1 and memory.bytes[32:34] == b"ab"
