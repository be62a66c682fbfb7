"""Register accesses of a program and the simulated clock → what an STM32 timer counts, and its update interrupt."""

from __future__ import annotations

from collections.abc import Callable

CR1, DIER, SR, EGR, CNT, PSC, ARR = 0x00, 0x0C, 0x10, 0x14, 0x24, 0x28, 0x2C
CEN, UIE, UIF, UG = 1, 1, 1, 1


class Stm32Timer:
    """An up-counting timer on the core's clock (RM0351, chapter TIM2 to TIM5); prescalers of its bus are ignored."""

    BYTES = 0x400

    def __init__(self, bits: int, cycles: Callable[[], int], noticed: Callable[[], None]) -> None:
        """`noticed` is called each time that the program reads the counter."""
        self._most = (1 << bits) - 1
        self._words = {ARR: self._most}
        self._cycles = cycles
        self._noticed = noticed
        self._prescaler = 1  # takes effect at an update
        self._began = 0  # cycle at which the counter was 0
        self._stopped_at = 0  # the counter where it stands still

    def read(self, offset: int) -> int:
        """The word at an offset."""
        if offset == CNT:
            self._noticed()
            return self._count()
        if offset == SR:
            self._update()
        return self._words.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Write the word at an offset."""
        if offset == CNT:
            self._set_count(value & self._most)
        elif offset == CR1:
            was = self.counts
            count = self._count()
            self._words[CR1] = value
            if self.counts != was:
                self._set_count(count)
        elif offset == EGR:
            if value & UG:
                self._prescaler = self._words.get(PSC, 0) % (1 << 16) + 1
                self._set_count(0)
                self._words[SR] = self._words.get(SR, 0) | UIF
        elif offset == SR:
            self._update()
            self._words[SR] = self._words.get(SR, 0) & value  # bits are cleared by writing 0
        elif offset == ARR:
            count = self._count()
            self._words[ARR] = value & self._most
            self._set_count(count)
        else:
            self._words[offset] = value

    def pending(self) -> bool:
        """Whether the update interrupt is enabled and asked for."""
        self._update()
        return bool(self._words.get(DIER, 0) & UIE and self._words.get(SR, 0) & UIF)

    def next_event(self) -> int | None:
        """The cycle of the next update that asks for an interrupt."""
        if not self.counts or not self._words.get(DIER, 0) & UIE or self._words.get(SR, 0) & UIF:
            return None
        return self._began + self._period * self._prescaler

    @property
    def counts(self) -> bool:
        """Whether it counts."""
        return bool(self._words.get(CR1, 0) & CEN) and self._words[ARR] > 0  # with 0 it does not count

    @property
    def _period(self) -> int:
        return self._words[ARR] + 1

    def _count(self) -> int:
        if not self.counts:
            return self._stopped_at
        self._update()
        return min((self._cycles() - self._began) // self._prescaler, self._words[ARR])

    def _set_count(self, count: int) -> None:
        self._stopped_at = count
        self._began = self._cycles() - count * self._prescaler

    def _update(self) -> None:
        """Let the counter overflow as often as it has."""
        length = self._period * self._prescaler
        if self.counts and self._cycles() - self._began >= length:
            self._began += (self._cycles() - self._began) // length * length
            self._prescaler = self._words.get(PSC, 0) % (1 << 16) + 1
            self._words[SR] = self._words.get(SR, 0) | UIF
