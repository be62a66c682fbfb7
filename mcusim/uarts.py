"""Register accesses of a program → bytes to and from the console, and when a serial port asks for its interrupt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mcusim.console import Console


class Memory(Protocol):
    """Memory as a peripheral with direct access sees it."""

    def read_memory(self, address: int, size: int) -> bytes | None:
        """Bytes at an address, None where there is no memory."""

    def write_memory(self, address: int, data: bytes) -> bool:
        """Write bytes; False where there is no memory."""


class Uart(Protocol):
    """A serial port: `BYTES` of registers."""

    BYTES: int

    def read(self, offset: int) -> int:
        """The word at an offset."""

    def write(self, offset: int, value: int) -> None:
        """Write the word at an offset."""

    def pending(self) -> bool:
        """Whether it asks for its interrupt."""

    def wants_input(self) -> bool:
        """Whether a byte that arrives would ask for the interrupt."""


# Bits of STM32's CR1, the same for both kinds (RM0351 and RM0090, USART_CR1).
_IDLEIE, _RXNEIE, _TCIE, _TXEIE = 0x10, 0x20, 0x40, 0x80
_IDLE, _RXNE, _TC, _TXE = _IDLEIE, _RXNEIE, _TCIE, _TXEIE  # of the status, in the same places


class _Stm32:
    """What both kinds of STM32's USART share: flags, and interrupts by the bits of CR1."""

    BYTES = 0x400
    CR1 = 0

    def __init__(self, console: Console, now: Callable[[], int]) -> None:
        self._console = console
        self._now = now
        self._words: dict[int, int] = {}
        self._idle = False  # the line fell silent after a byte

    def pending(self) -> bool:
        enabled = self._words.get(self.CR1, 0)
        if enabled & (_TXEIE | _TCIE):
            return True
        if enabled & _IDLEIE and self._idle:
            return True
        return bool(enabled & _RXNEIE) and self._console.waiting(self._now())

    def wants_input(self) -> bool:
        return bool(self._words.get(self.CR1, 0) & _RXNEIE)

    def _status(self) -> int:
        enabled = self._words.get(self.CR1, 0)
        status = _TXE | _TC
        if self._idle or not enabled & _IDLEIE:
            status |= _IDLE
        asked = self._console.waiting if enabled & _RXNEIE else self._console.poll
        return status | (_RXNE if asked(self._now()) else 0)

    def _receive(self) -> int:
        byte = self._console.take(self._now())
        self._idle = self._console.due() is None
        return byte


class Stm32Isr(_Stm32):
    """The kind with ISR, RDR and TDR: all STM32 but F1, F2, F4 and L1 (RM0351, chapter USART)."""

    ISR, ICR, RDR, TDR = 0x1C, 0x20, 0x24, 0x28
    ACKNOWLEDGED = 0x60_0000  # TEACK, REACK

    def read(self, offset: int) -> int:
        """The word at an offset."""
        if offset == self.ISR:
            return self.ACKNOWLEDGED | self._status()
        if offset == self.RDR:
            return self._receive()
        return self._words.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Write the word at an offset."""
        if offset == self.TDR:
            self._console.write(bytes([value & 0xFF]))
        elif offset == self.ICR and value & _IDLE:
            self._idle = False
        self._words[offset] = value


class Stm32Sr(_Stm32):
    """The kind with SR and DR: STM32 F1, F2, F4 and L1 (RM0090, chapter USART)."""

    SR, DR = 0x00, 0x04
    CR1 = 0x0C

    def read(self, offset: int) -> int:
        """The word at an offset."""
        if offset == self.SR:
            return self._status()
        if offset == self.DR:
            self._idle = False  # reading SR, then DR clears it
            return self._receive() if self._console.waiting(self._now()) else 0
        return self._words.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Write the word at an offset."""
        if offset == self.DR:
            self._console.write(bytes([value & 0xFF]))
        self._words[offset] = value


class Pl011:
    """Arm's PrimeCell UART (DDI 0183), as in RP2040; without FIFOs."""

    BYTES = 0x1000
    DR, FR, IMSC, RIS, MIS, ICR = 0x00, 0x18, 0x38, 0x3C, 0x40, 0x44
    RECEIVE, TRANSMIT, TIMEOUT = 0x10, 0x20, 0x40
    TRANSMIT_EMPTY, RECEIVE_EMPTY, RECEIVE_FULL = 0x80, 0x10, 0x40

    def __init__(self, console: Console, now: Callable[[], int]) -> None:
        """A port at the console's end of the line."""
        self._console = console
        self._now = now
        self._words: dict[int, int] = {}
        self._sent = False

    def read(self, offset: int) -> int:
        """The word at an offset."""
        if offset == self.DR:
            return self._console.take(self._now())
        if offset == self.FR:
            got = self._console.poll(self._now())
            return self.TRANSMIT_EMPTY | (self.RECEIVE_FULL if got else self.RECEIVE_EMPTY)
        if offset == self.RIS:
            return self._raw()
        if offset == self.MIS:
            return self._raw() & self._words.get(self.IMSC, 0)
        return self._words.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Write the word at an offset."""
        if offset == self.DR:
            self._console.write(bytes([value & 0xFF]))
            self._sent = True
        elif offset == self.ICR and value & self.TRANSMIT:
            self._sent = False
        else:
            self._words[offset] = value

    def pending(self) -> bool:
        """Whether an enabled condition holds."""
        return bool(self._raw() & self._words.get(self.IMSC, 0))

    def wants_input(self) -> bool:
        """Whether the receive or timeout interrupt is enabled."""
        return bool(self._words.get(self.IMSC, 0) & (self.RECEIVE | self.TIMEOUT))

    def _raw(self) -> int:
        got = self._console.waiting(self._now())
        return (self.TRANSMIT if self._sent else 0) | (self.RECEIVE | self.TIMEOUT if got else 0)


class NrfUart:
    """Nordic's UART and UARTE in one (nRF52840 product specification, chapters 6.33 and 6.34)."""

    BYTES = 0x1000
    START_RX, STOP_RX, START_TX, STOP_TX = 0x000, 0x004, 0x008, 0x00C
    RXDRDY, ENDRX, TXDRDY, ENDTX, RXTO = 0x108, 0x110, 0x11C, 0x120, 0x144
    RXSTARTED, TXSTARTED, TXSTOPPED = 0x14C, 0x150, 0x158
    SHORTS, INTEN, INTENSET, INTENCLR, ENABLE = 0x200, 0x300, 0x304, 0x308, 0x500
    RXD, TXD = 0x518, 0x51C
    RXD_PTR, RXD_MAXCNT, RXD_AMOUNT = 0x534, 0x538, 0x53C
    TXD_PTR, TXD_MAXCNT, TXD_AMOUNT = 0x544, 0x548, 0x54C
    UARTE = 8  # of ENABLE
    ENDRX_STARTRX = 0x20
    MOST_COUNT = 0xFFFF

    def __init__(self, console: Console, now: Callable[[], int], memory: Memory) -> None:
        """A port at the console's end of the line; `memory` is where UARTE's buffers lie."""
        self._console = console
        self._now = now
        self._memory = memory
        self._words: dict[int, int] = {}
        self._receiving = False

    def read(self, offset: int) -> int:
        """The word at an offset."""
        if offset in (self.INTENSET, self.INTENCLR):
            return self._words.get(self.INTEN, 0)
        if offset == self.RXD:
            return self._console.take(self._now())
        if offset in (self.RXDRDY, self.ENDRX):
            self._console.poll(self._now())
        self._receive()
        return self._words.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Write the word at an offset."""
        if offset == self.INTENSET:
            self._words[self.INTEN] = self._words.get(self.INTEN, 0) | value
        elif offset == self.INTENCLR:
            self._words[self.INTEN] = self._words.get(self.INTEN, 0) & ~value
        elif offset == self.TXD:
            self._console.write(bytes([value & 0xFF]))
            self._words[self.TXDRDY] = 1
        elif offset <= self.STOP_TX:
            if value & 1:
                self._task(offset)
        else:
            self._words[offset] = value

    def pending(self) -> bool:
        """Whether an event whose interrupt is enabled is there."""
        self._receive()
        enabled = self._words.get(self.INTEN, 0)
        return any(enabled >> bit & 1 and self._words.get(0x100 + 4 * bit, 0) for bit in range(23))

    def wants_input(self) -> bool:
        """Whether the receiver is on and tells of bytes by interrupt."""
        enabled = self._words.get(self.INTEN, 0)
        return self._receiving and bool(enabled >> 2 & 1 or enabled >> 4 & 1)

    def _task(self, offset: int) -> None:
        if offset == self.START_RX:
            self._receiving = True
            self._words[self.RXSTARTED], self._words[self.RXD_AMOUNT] = 1, 0
        elif offset == self.STOP_RX:
            self._receiving = False
            self._words[self.RXTO] = 1
        elif offset == self.START_TX:
            self._words[self.TXSTARTED] = 1
            if self._words.get(self.ENABLE) == self.UARTE:
                self._transmit()
        else:
            self._words[self.TXSTOPPED] = 1

    def _transmit(self) -> None:
        count = self._words.get(self.TXD_MAXCNT, 0) & self.MOST_COUNT
        data = self._memory.read_memory(self._words.get(self.TXD_PTR, 0), count)
        self._console.write(data or b"")
        self._words[self.TXD_AMOUNT] = count
        self._words[self.ENDTX] = self._words[self.TXDRDY] = 1

    def _receive(self) -> None:
        """Let a byte in: to the register, or to memory with UARTE."""
        if not self._receiving or not self._console.waiting(self._now()):
            return
        if self._words.get(self.ENABLE) != self.UARTE:
            self._words[self.RXDRDY] = 1
            return
        amount, most = self._words.get(self.RXD_AMOUNT, 0), self._words.get(self.RXD_MAXCNT, 0) & self.MOST_COUNT
        if amount >= most:
            return
        byte = self._console.take(self._now())
        self._memory.write_memory(self._words.get(self.RXD_PTR, 0) + amount, bytes([byte]))
        self._words[self.RXD_AMOUNT] = amount + 1
        self._words[self.RXDRDY] = 1
        if amount + 1 == most:
            self._words[self.ENDRX] = 1
            self._receiving = False
            if self._words.get(self.SHORTS, 0) & self.ENDRX_STARTRX:
                self._task(self.START_RX)
