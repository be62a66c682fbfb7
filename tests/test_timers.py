"""STM32's timers: counting, prescaling, overflow and interrupt."""

from mcusim.timers import ARR, CNT, CR1, DIER, EGR, PSC, SR, Stm32Timer


class Clock:
    now = 0
    read = 0


def timer(bits=16):
    clock = Clock()

    def noticed():
        clock.read += 1

    return clock, Stm32Timer(bits, lambda: clock.now, noticed)


def test_counts_while_enabled():
    clock, one = timer()
    clock.now = 50
    assert one.read(CNT) == 0
    one.write(CR1, 1)
    clock.now = 60
    assert one.read(CNT) == 10 and clock.read == 2
    one.write(CR1, 0)
    clock.now = 100
    assert one.read(CNT) == 10
    one.write(CNT, 7)
    one.write(CR1, 1)
    clock.now = 103
    assert one.read(CNT) == 10


def test_prescaler_takes_effect_at_an_update():
    clock, one = timer()
    one.write(PSC, 9)
    one.write(CR1, 1)
    clock.now = 20
    assert one.read(CNT) == 20
    one.write(EGR, 1)
    clock.now = 120
    assert one.read(CNT) == 10 and one.read(SR) == 1


def test_overflow_asks_for_an_interrupt_until_it_is_cleared():
    clock, one = timer()
    one.write(ARR, 99)
    one.write(DIER, 1)
    one.write(CR1, 1)
    assert one.next_event() == 100 and not one.pending()
    clock.now = 100
    assert one.pending() and one.read(CNT) == 0 and one.next_event() is None
    one.write(SR, 0)
    assert not one.pending() and one.next_event() == 200


def test_widths():
    for bits, most in ((16, 0xFFFF), (32, 0xFFFFFFFF)):
        clock, one = timer(bits)
        assert one.read(ARR) == most
        one.write(CR1, 1)
        clock.now = 1 << bits
        assert one.read(CNT) == 0 and one.read(SR) == 1


def test_without_a_period_it_stands_still():
    clock, one = timer()
    one.write(ARR, 0)
    one.write(DIER, 1)
    one.write(CR1, 1)
    clock.now = 1000
    assert one.read(CNT) == 0 and not one.pending() and one.next_event() is None
