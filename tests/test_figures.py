"""Numbers and names as people read them."""

import pytest

from mcusim import figures


@pytest.mark.parametrize(
    "value, shown",
    [
        (1.5, "1.50 s"),
        (0.0989, "98.9 ms"),
        (0.5, "500 ms"),
        (0.0999999, "100 ms"),
        (12e-6, "12.0 µs"),
        (1234.5, "1,234 s"),
        (0.0, "0.00 µs"),
        (3e-9, "0.00 µs"),
    ],
)
def test_times_have_three_digits(value, shown):
    assert figures.seconds(value) == shown


def test_energies_shares_and_ratios():
    assert figures.joules(0.001675) == "1.68 mJ"
    assert figures.percent(0.1234) == "12.3%"
    assert figures.ratio(7, 2) == "3.50"
    assert figures.ratio(7, 0) == "–"


def test_shapes():
    assert figures.extents((1, 49, 10)) == "1×49×10"
    assert figures.extents(()) == "scalar"


@pytest.mark.parametrize(
    "name, shown",
    [
        ("short", "short"),
        ("model/conv/Relu;model/conv/add", "model/conv/Relu"),
        ("a/very/long/path/to/the/Relu", "…o/the/Relu"),
        ("kernel data of layer 12", "kernel dat…"),
    ],
)
def test_names_fit(name, shown):
    assert figures.short(name, 15 if ";" in name else 11) == shown


@pytest.mark.parametrize(
    "value, shown", [(1.25, "1.25 W"), (0.0425, "42.5 mW"), (9e-6, "9.00 µW"), (5e-9, "5.00 nW"), (0.0, "0.00 nW")]
)
def test_powers(value, shown):
    assert figures.watts(value) == shown


@pytest.mark.parametrize(
    "value, shown",
    [(40 * 365.25 * 86400, "40.0 years"), (1.6e6, "18.5 days"), (7200, "2.00 hours"), (90, "1.50 minutes")],
)
def test_long_times(value, shown):
    assert figures.duration(value) == shown
