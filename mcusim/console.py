"""Texts for the program and what it prints → bytes at the pace of a serial line, and what was seen in the output."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

BAUD = 115_200  # the pace at which input arrives, whatever the program sets
BITS_PER_BYTE = 10
# Reads of a status without input after which a polling program counts as waiting for some.
IDLE_POLLS = 3
MOST_OUTPUT_BYTES = 16 << 20


class Console:
    """A terminal at the other end of the serial line.

    Input comes in pieces: the next is sent once the program waits, or once it has printed `prompt` again. `ask`
    gives further pieces when there are no more, None at their end.
    """

    def __init__(
        self,
        pieces: Iterable[bytes],
        clock_hz: int,
        prompt: bytes = b"",
        ask: Callable[[], bytes | None] | None = None,
        show: Callable[[bytes], None] | None = None,
    ) -> None:
        """`show` gets every byte that the program prints."""
        self.output = bytearray()
        self.dropped_bytes = 0
        self.byte_cycles = max(1, clock_hz * BITS_PER_BYTE // BAUD)
        self._pieces = deque(piece for piece in pieces if piece)
        self._sending: deque[int] = deque()
        self._due = 0  # cycle from which the next byte is there
        self._prompt = prompt
        self._prompted_at = 0  # where in the output to look for the prompt
        self._ask = ask
        self._show = show
        self._empty_polls = 0
        self._watched: list[tuple[bytes, Callable[[], None]]] = []
        self._longest = 0

    def watch(self, text: bytes, seen: Callable[[], None]) -> None:
        """Call `seen` each time that the output ends with a text."""
        self._watched.append((text, seen))

    def write(self, data: bytes) -> None:
        """The program prints; bytes beyond a limit are shown and not kept."""
        self._empty_polls = 0
        for byte in data:
            if len(self.output) < MOST_OUTPUT_BYTES:
                self.output.append(byte)
            else:
                self.dropped_bytes += 1
            for text, seen in self._watched:
                if self.output.endswith(text):
                    seen()
        if self._show is not None:
            self._show(data)

    def waiting(self, now: int) -> bool:
        """Whether a byte has arrived."""
        return bool(self._sending) and now >= self._due

    def poll(self, now: int) -> bool:
        """The program asks for a byte; asking in vain a few times makes it a waiting one."""
        if self.waiting(now):
            self._empty_polls = 0
            return True
        self._empty_polls += 1
        if self._empty_polls >= IDLE_POLLS and not self._sending:
            self.send_next(now)
        return False

    @property
    def empty_polls(self) -> int:
        """How often in a row the program asked in vain, without printing."""
        return self._empty_polls

    def take(self, now: int) -> int:
        """The byte that has arrived; the next follows at the line's pace. 0 where none has."""
        if not self.waiting(now):
            return 0
        self._due = now + self.byte_cycles
        return self._sending.popleft()

    def due(self) -> int | None:
        """The cycle from which the next byte of what is being sent is there, None if nothing is being sent."""
        return self._due if self._sending else None

    def send_next(self, now: int) -> bool:
        """The program waits: send the next piece if there is one and its prompt has been printed."""
        if self._sending:
            return True
        if self._prompt:
            found = self.output.find(self._prompt, self._prompted_at)
            if found < 0:
                return False
        if not self._pieces and self._ask is not None:
            piece = self._ask()
            if piece is None:
                self._ask = None
            elif piece:
                self._pieces.append(piece)
        if not self._pieces:
            return False
        self._prompted_at = len(self.output)
        self._sending.extend(self._pieces.popleft())
        self._due = now
        self._empty_polls = 0
        return True

    @property
    def finished(self) -> bool:
        """Whether all input has been taken."""
        return not self._sending and not self._pieces and self._ask is None
