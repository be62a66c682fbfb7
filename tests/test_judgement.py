"""Words of the policy's sentences."""

import pytest

from mcusim.judgement import allowed_words, figure, growth, signed
from mcusim.policy import Tolerance


@pytest.mark.parametrize(
    ("tolerance", "unit", "words"),
    [
        (Tolerance(), "bytes", "none allowed"),
        (Tolerance(percent=1.5), "cycles", "1.5% allowed"),
        (Tolerance(absolute=2_000), "bytes", "2,000 bytes allowed"),
        (Tolerance(2, 100), "cycles", "2% or 100 cycles allowed"),
        (Tolerance(absolute=0.001), "s", "0.001 s allowed"),
    ],
)
def test_what_is_allowed(tolerance, unit, words):
    assert allowed_words(tolerance, unit) == words


@pytest.mark.parametrize(
    ("share", "words"), [(3.0, "+3.0%"), (-12.34, "-12.3%"), (0.04, "+0.04%"), (-0.001, "-0.001%"), (1e-7, "+1e-07%")]
)
def test_a_small_growth_is_not_none(share, words):
    assert growth(share) == words


def test_figures():
    assert figure(1_234_567, "cycles") == "1,234,567"
    assert figure(0.00125, "s") == "1.25 ms"
    assert (signed(5, "bytes"), signed(-5, "bytes"), signed(0, "bytes")) == ("+5", "-5", "=")
