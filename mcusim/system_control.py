"""Accesses to the private peripheral bus + the simulated clock → SysTick, DWT, NVIC and SCB as programs see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

WORD = 0xFFFF_FFFF

# Addresses (ARMv7-M ARM DDI 0403E, B3.2 to B3.5 and C1.8; ARMv6-M ARM DDI 0419, B3.2; ARMv8-M ARM DDI 0553, D1.2).
ITM_FIRST, ITM_LAST = 0xE000_0000, 0xE000_007C
DWT_CTRL, DWT_CYCCNT = 0xE000_1000, 0xE000_1004
SYST_CSR, SYST_RVR, SYST_CVR, SYST_CALIB = 0xE000_E010, 0xE000_E014, 0xE000_E018, 0xE000_E01C
NVIC_ISER, NVIC_ICER, NVIC_ISPR, NVIC_ICPR = 0xE000_E100, 0xE000_E180, 0xE000_E200, 0xE000_E280
NVIC_IABR, NVIC_IPR, NVIC_END = 0xE000_E300, 0xE000_E400, 0xE000_E600
CPUID, ICSR, VTOR, AIRCR, SCR, CCR = 0xE000_ED00, 0xE000_ED04, 0xE000_ED08, 0xE000_ED0C, 0xE000_ED10, 0xE000_ED14
SHPR, SHPR_END, SHCSR = 0xE000_ED18, 0xE000_ED24, 0xE000_ED24
CPACR, FPCCR, STIR = 0xE000_ED88, 0xE000_EF34, 0xE000_EF00

ENABLE, TICKINT, CLKSOURCE, COUNTFLAG = 1, 2, 4, 1 << 16
CYCCNTENA, NOCYCCNT = 1, 1 << 25
VECTKEY, VECTKEYSTAT, SYSRESETREQ = 0x05FA, 0xFA05, 4
STKALIGN = 1 << 9

NMI, HARD_FAULT, SVCALL, PENDSV, SYSTICK, EXTERNAL = 2, 3, 11, 14, 15, 16
HIGHEST_EXTERNAL = EXTERNAL + 480
FIXED_PRIORITIES = {NMI: -2, HARD_FAULT: -1}
IDLE_PRIORITY = 256  # of thread mode: lower than any exception's

# CPUID of the cores (their TRMs; revision as in the parts that are common).
CPUIDS = {
    "cortex_m0": 0x410C_C200,
    "cortex_m0plus": 0x410C_C601,
    "cortex_m3": 0x412F_C231,
    "cortex_m4": 0x410F_C241,
    "cortex_m7": 0x411F_C271,
    "cortex_m33": 0x410F_D214,
}


class SysTick:
    """The core's timer (DDI 0403E, B3.3): counts down from its reload value."""

    def __init__(self, divider: int, cycles: Callable[[], int]) -> None:
        """`divider`: core cycles in a tick of the other clock than the core's."""
        self._divider = divider
        self._cycles = cycles
        self._control = 0
        self._reload = 0
        self._left = 0  # where it stands still
        self._next = 0  # cycle at which it reaches 0
        self._counted = False
        self.fired = False

    def read_control(self) -> int:
        """SYST_CSR; reading clears COUNTFLAG."""
        self.advance()
        value = self._control | (COUNTFLAG if self._counted else 0)
        self._counted = False
        return value

    def write_control(self, value: int) -> None:
        """SYST_CSR."""
        self.advance()
        left = self.value()
        was = self.counts
        self._control = value & (ENABLE | TICKINT | CLKSOURCE)
        if self.counts and not was:
            self._next = self._cycles() + (left or self._reload + 1) * self._tick
        elif was and not self.counts:
            self._left = left

    def value(self) -> int:
        """SYST_CVR."""
        self.advance()
        if not self.counts:
            return self._left
        return max(0, -(-(self._next - self._cycles()) // self._tick)) % (self._reload + 1)

    def clear(self) -> None:
        """A write to SYST_CVR: 0, and the count begins anew."""
        self._left = 0
        self._counted = False
        if self.counts:
            self._next = self._cycles() + (self._reload + 1) * self._tick

    @property
    def reload(self) -> int:
        """SYST_RVR."""
        return self._reload

    @reload.setter
    def reload(self, value: int) -> None:
        self.advance()
        self._reload = value & 0xFF_FFFF
        if not self.counts and self._control & ENABLE and self._reload:
            self._next = self._cycles() + (self._reload + 1) * self._tick

    def advance(self) -> None:
        """Let it reach 0 as often as it has."""
        if not self.counts:
            return
        late = self._cycles() - self._next
        if late >= 0:
            length = (self._reload + 1) * self._tick
            self._next += (late // length + 1) * length
            self._counted = True
            if self._control & TICKINT:
                self.fired = True

    def next_event(self) -> int | None:
        """The cycle at which its exception comes next, None if it never does."""
        return self._next if self.counts and self._control & TICKINT else None

    @property
    def counts(self) -> bool:
        """Whether it counts."""
        return bool(self._control & ENABLE) and self._reload > 0

    @property
    def _tick(self) -> int:
        return 1 if self._control & CLKSOURCE else self._divider


@dataclass(slots=True)
class Exceptions:
    """Which exceptions are enabled, pending and active, and how they rank."""

    priority_bits: int
    enabled: set[int] = field(default_factory=lambda: set(range(EXTERNAL)))
    pending: set[int] = field(default_factory=set)
    active: list[int] = field(default_factory=list)
    priorities: dict[int, int] = field(default_factory=dict)
    group_shift: int = 1  # of a priority, to that of its group (AIRCR.PRIGROUP + 1)

    def group(self, number: int) -> int:
        """The priority by which an exception pre-empts others; lower is more urgent."""
        if number in FIXED_PRIORITIES:
            return FIXED_PRIORITIES[number]
        return self.priorities.get(number, 0) >> self.group_shift << self.group_shift

    def running_priority(self) -> int:
        """The priority of what is executing, masks aside."""
        return min((self.group(number) for number in self.active), default=IDLE_PRIORITY)

    def next_pending(self) -> int | None:
        """The most urgent pending and enabled exception."""
        ready = [number for number in self.pending if number in self.enabled]
        return min(ready, key=lambda number: (self.group(number), self.priorities.get(number, 0), number), default=None)


class SystemControl:
    """The registers of the private peripheral bus; what is not known here is remembered like memory."""

    def __init__(
        self,
        core: str,
        v6m: bool,
        systick: SysTick,
        exceptions: Exceptions,
        cycles: Callable[[], int],
        noticed: Callable[[], None],
        printed: Callable[[bytes], None],
    ) -> None:
        """`noticed` is called when the program reads a timer, `printed` with what it writes to the trace port."""
        self._v6m = v6m
        self._systick = systick
        self._exceptions = exceptions
        self._cycles = cycles
        self._noticed = noticed
        self._printed = printed
        self._cycle_offset = 0
        self.wants_reset = False
        # Registers that tell of caches, by address and all words written; None for any other register.
        self.cache_word: Callable[[int, Mapping[int, int]], int | None] = lambda _address, _written: None
        self.clock_reads = 0  # of what changes by itself: CYCCNT, and SysTick while it counts
        self.words: dict[int, int] = {
            CPUID: CPUIDS.get(core, CPUIDS["cortex_m4"]),
            CCR: STKALIGN,
            FPCCR: 0xC000_0000,
            DWT_CTRL: 0x4000_0000,
            SYST_CALIB: 0,
        }

    @property
    def vector_table(self) -> int:
        """VTOR."""
        return self.words.get(VTOR, 0)

    def read(self, address: int, size: int) -> int:
        """`size` bytes at an address."""
        word = self._read_word(address & ~3)
        return word >> 8 * (address & 3) & (1 << 8 * size) - 1

    def write(self, address: int, size: int, value: int) -> None:
        """Write `size` bytes."""
        if ITM_FIRST <= address <= ITM_LAST:
            self._printed(value.to_bytes(size, "little"))
            return
        if size < 4 and (NVIC_IPR <= address < NVIC_END or SHPR <= address < SHPR_END):
            for number in range(size):
                self._write_priority(address + number, value >> 8 * number & 0xFF)
            return
        if size < 4:
            shift, mask = 8 * (address & 3), (1 << 8 * size) - 1
            value = self.words.get(address & ~3, 0) & ~(mask << shift) | (value & mask) << shift
        self._write_word(address & ~3, value & WORD)

    def _read_word(self, address: int) -> int:
        one = self._exceptions
        if ITM_FIRST <= address <= ITM_LAST:
            return 1  # the port takes another word
        if address == DWT_CYCCNT:
            self._noticed()
            self.clock_reads += self.words[DWT_CTRL] & CYCCNTENA
            return self._cycle_count()
        if address == DWT_CTRL:
            return self.words[DWT_CTRL] if not self._v6m else NOCYCCNT
        if address in (SYST_CSR, SYST_CVR):
            self.clock_reads += self._systick.counts
        if address == SYST_CSR:
            return self._systick.read_control()
        if address == SYST_RVR:
            return self._systick.reload
        if address == SYST_CVR:
            self._noticed()
            return self._systick.value()
        if NVIC_ISER <= address < NVIC_ISPR:
            return _bits(one.enabled, address)
        if NVIC_ISPR <= address < NVIC_IABR:
            return _bits(one.pending, address)
        if NVIC_IABR <= address < NVIC_IPR:
            return _bits(one.active, address)
        if NVIC_IPR <= address < NVIC_END:
            first = EXTERNAL + address - NVIC_IPR
            return sum(one.priorities.get(first + number, 0) << 8 * number for number in range(4))
        if SHPR <= address < SHPR_END:
            first = 4 + address - SHPR
            return sum(one.priorities.get(first + number, 0) << 8 * number for number in range(4))
        if address == ICSR:
            return self._icsr()
        if address == AIRCR:
            return VECTKEYSTAT << 16 | self.words.get(AIRCR, 0) & 0x700
        cached = self.cache_word(address, self.words)
        return self.words.get(address, 0) if cached is None else cached

    def _write_word(self, address: int, value: int) -> None:
        one = self._exceptions
        if address == DWT_CYCCNT:
            self._cycle_offset = self._cycles() - value if self.words[DWT_CTRL] & CYCCNTENA else value
        elif address == DWT_CTRL:
            count = self._cycle_count()
            self.words[DWT_CTRL] = value
            self._cycle_offset = self._cycles() - count if value & CYCCNTENA else count
        elif address == SYST_CSR:
            self._systick.write_control(value)
        elif address == SYST_RVR:
            self._systick.reload = value
        elif address == SYST_CVR:
            self._systick.clear()
        elif NVIC_ISER <= address < NVIC_ICER:
            one.enabled |= _numbers(address - NVIC_ISER, value)
        elif NVIC_ICER <= address < NVIC_ISPR:
            one.enabled -= _numbers(address - NVIC_ICER, value)
        elif NVIC_ISPR <= address < NVIC_ICPR:
            one.pending |= _numbers(address - NVIC_ISPR, value)
        elif NVIC_ICPR <= address < NVIC_IABR:
            one.pending -= _numbers(address - NVIC_ICPR, value)
        elif NVIC_IPR <= address < NVIC_END or SHPR <= address < SHPR_END:
            for number in range(4):
                self._write_priority(address + number, value >> 8 * number & 0xFF)
        elif address == ICSR:
            self._write_icsr(value)
        elif address == AIRCR:
            self._write_aircr(value)
        elif address == STIR:
            one.pending.add(EXTERNAL + (value & 0x1FF))
        elif address == VTOR:
            self.words[VTOR] = value & ~0x7F
        elif address != CPUID:
            self.words[address] = value

    def _cycle_count(self) -> int:
        """CYCCNT: runs while it is enabled, and stands where it was stopped."""
        if not self.words[DWT_CTRL] & CYCCNTENA:
            return self._cycle_offset & WORD
        return self._cycles() - self._cycle_offset & WORD

    def _write_priority(self, address: int, value: int) -> None:
        number = EXTERNAL + address - NVIC_IPR if address >= NVIC_IPR and address < NVIC_END else 4 + address - SHPR
        bits = self._exceptions.priority_bits
        self._exceptions.priorities[number] = value & (0xFF00 >> bits) & 0xFF

    def _icsr(self) -> int:
        one = self._exceptions
        active = one.active[-1] if one.active else 0
        value = active | (0x800 if len(one.active) == 1 else 0) | (one.next_pending() or 0) << 12
        value |= (1 << 28) * (PENDSV in one.pending) | (1 << 26) * (SYSTICK in one.pending)
        return value | (1 << 22) * any(number >= EXTERNAL for number in one.pending)

    def _write_icsr(self, value: int) -> None:
        pending = self._exceptions.pending
        for bit, number, sets in (
            *((28, PENDSV, True), (27, PENDSV, False)),
            *((26, SYSTICK, True), (25, SYSTICK, False), (31, NMI, True)),
        ):
            if value >> bit & 1:
                (pending.add if sets else pending.discard)(number)

    def _write_aircr(self, value: int) -> None:
        if value >> 16 != VECTKEY:
            return
        self.words[AIRCR] = value & 0x700
        if not self._v6m:
            self._exceptions.group_shift = (value >> 8 & 7) + 1
        if value & SYSRESETREQ:
            self.wants_reset = True


def _bits(numbers: set[int] | list[int], address: int) -> int:
    """The word of a register with a bit for each external interrupt."""
    first = EXTERNAL + 8 * (address & 0x7C)
    return sum(1 << number - first for number in numbers if first <= number < first + 32)


def _numbers(offset: int, value: int) -> set[int]:
    """The exceptions that the bits set in such a word stand for."""
    return {EXTERNAL + 8 * offset + bit for bit in range(32) if value >> bit & 1}
