"""SysTick, DWT, NVIC and SCB as a program sees them; addresses and bits are those of the ARMv7-M ARM."""

import pytest

from mcusim.system_control import EXTERNAL, PENDSV, SVCALL, SYSTICK, Exceptions, SystemControl, SysTick

CSR, RVR, CVR = 0xE000E010, 0xE000E014, 0xE000E018


class Bus:
    """The registers, with a clock that the test sets."""

    def __init__(self, core="cortex_m4", v6m=False, divider=8):
        self.now = 0
        self.noticed = 0
        self.printed = b""
        self.systick = SysTick(divider, lambda: self.now)
        self.exceptions = Exceptions(4)
        self.control = SystemControl(
            core, v6m, self.systick, self.exceptions, lambda: self.now, self._notice, self._print
        )

    def _notice(self):
        self.noticed += 1

    def _print(self, data):
        self.printed += data

    def __getitem__(self, address):
        return self.control.read(address, 4)

    def __setitem__(self, address, value):
        self.control.write(address, 4, value)


def test_systick_counts_down_and_fires():
    bus = Bus()
    bus[RVR], bus[CVR], bus[CSR] = 99, 0, 7
    assert bus.systick.next_event() == 100
    bus.now = 10
    assert bus[CVR] == 90
    bus.now = 100
    assert bus[CVR] == 0 and bus.systick.fired
    assert bus[CSR] == 7 | 1 << 16 and bus[CSR] == 7, "reading clears COUNTFLAG"
    bus.now = 101
    assert bus[CVR] == 99
    bus.now = 555
    bus.systick.advance()
    assert bus.systick.next_event() == 600


def test_systick_of_the_other_clock_and_without_exception():
    bus = Bus(divider=8)
    bus[RVR], bus[CVR], bus[CSR] = 9, 0, 1
    assert bus.systick.next_event() is None
    bus.now = 40
    assert bus[CVR] == 5
    bus.now = 80
    assert bus[CSR] >> 16 == 1 and not bus.systick.fired


def test_systick_stands_still_and_goes_on():
    bus = Bus()
    bus[RVR], bus[CVR], bus[CSR] = 99, 0, 5
    bus.now = 30
    bus[CSR] = 4
    bus.now = 1000
    assert bus[CVR] == 70
    bus[CSR] = 5
    bus.now = 1020
    assert bus[CVR] == 50


def test_cycle_counter_runs_while_enabled():
    bus = Bus()
    assert bus[0xE0001004] == 0
    bus.now = 100
    assert bus[0xE0001004] == 0
    bus[0xE0001000] = bus[0xE0001000] | 1
    bus.now = 150
    assert bus[0xE0001004] == 50 and bus.noticed == 3
    bus[0xE0001004] = 0
    bus.now = 160
    assert bus[0xE0001004] == 10
    bus[0xE0001000] = 0
    bus.now = 500
    assert bus[0xE0001004] == 10
    bus.now = 160 + 2**32
    bus[0xE0001000] = 1
    bus.now += 2**32 + 1
    assert bus[0xE0001004] == 11


def test_nvic_bits():
    bus = Bus()
    bus[0xE000E104] = 1 << 5  # interrupt 37
    assert bus[0xE000E104] == 1 << 5 == bus[0xE000E184] and EXTERNAL + 37 in bus.exceptions.enabled
    bus[0xE000E204] = 1 << 5
    assert bus.exceptions.pending == {EXTERNAL + 37} and bus[0xE000E204] == 1 << 5
    bus[0xE000E284] = 1 << 5
    assert bus.exceptions.pending == set()
    bus[0xE000E184] = 1 << 5
    assert EXTERNAL + 37 not in bus.exceptions.enabled
    bus[0xE000EF00] = 37
    assert bus.exceptions.pending == {EXTERNAL + 37}


def test_priorities_have_the_bits_that_there_are():
    bus = Bus()
    bus.control.write(0xE000E400 + 37, 1, 0xFF)
    assert bus.control.read(0xE000E400 + 37, 1) == 0xF0
    bus[0xE000ED20] = 0xC0800000
    assert bus.exceptions.priorities[PENDSV] == 0x80 and bus.exceptions.priorities[SYSTICK] == 0xC0
    bus.control.write(0xE000ED1F, 1, 0x20)
    assert bus.exceptions.priorities[SVCALL] == 0x20


def test_the_most_urgent_exception():
    one = Exceptions(4)
    one.priorities.update({SYSTICK: 0x80, PENDSV: 0xF0, EXTERNAL: 0x80, EXTERNAL + 1: 0x70})
    one.pending |= {PENDSV, SYSTICK, EXTERNAL, EXTERNAL + 1}
    assert one.next_pending() == SYSTICK, "external ones are not enabled"
    one.enabled |= {EXTERNAL, EXTERNAL + 1}
    assert one.next_pending() == EXTERNAL + 1
    one.pending.discard(EXTERNAL + 1)
    assert one.next_pending() == SYSTICK, "of one priority the lower number"
    assert one.group(2) == -2 and one.group(3) == -1
    one.group_shift = 8
    assert one.group(PENDSV) == one.group(SYSTICK) == 0


def test_icsr():
    bus = Bus()
    bus[0xE000ED04] = 1 << 28
    assert PENDSV in bus.exceptions.pending and bus[0xE000ED04] >> 28 & 1
    assert bus[0xE000ED04] >> 12 & 0x1FF == PENDSV
    bus[0xE000ED04] = 1 << 27
    assert not bus.exceptions.pending
    bus[0xE000ED04] = 1 << 26
    assert SYSTICK in bus.exceptions.pending
    bus[0xE000ED04] = 1 << 25
    assert not bus.exceptions.pending
    bus.exceptions.active.append(SVCALL)
    assert bus[0xE000ED04] & 0x1FF == SVCALL and bus[0xE000ED04] >> 11 & 1


def test_aircr_needs_its_key():
    bus = Bus()
    bus[0xE000ED0C] = 4
    assert not bus.control.wants_reset
    assert bus[0xE000ED0C] >> 16 == 0xFA05
    bus[0xE000ED0C] = 0x05FA0300
    assert bus.exceptions.group_shift == 4 and not bus.control.wants_reset
    bus[0xE000ED0C] = 0x05FA0004
    assert bus.control.wants_reset


@pytest.mark.parametrize("core, part", [("cortex_m0plus", 0xC60), ("cortex_m4", 0xC24), ("cortex_m33", 0xD21)])
def test_identity_vector_table_and_memory(core, part):
    bus = Bus(core)
    bus[0xE000ED00] = 0
    assert bus[0xE000ED00] >> 4 & 0xFFF == part
    bus[0xE000ED08] = 0x0800007F
    assert bus[0xE000ED08] == 0x08000000 == bus.control.vector_table
    bus[0xE000ED88] = 0xF << 20
    assert bus[0xE000ED88] == 0xF << 20
    assert bus[0xE000ED14] & 1 << 9


def test_trace_port_is_printed():
    bus = Bus()
    assert bus[0xE0000000] == 1
    bus.control.write(0xE0000000, 1, ord("x"))
    assert bus.printed == b"x"


def test_v6m_has_no_cycle_counter_and_no_groups():
    bus = Bus("cortex_m0plus", v6m=True)
    assert bus[0xE0001000] >> 25 & 1
    bus[0xE000ED0C] = 0x05FA0700
    assert bus.exceptions.group_shift == 1
