"""What is said of another implementation: the verdict, a row for each output that differs, the first one in steps."""

import dataclasses

import pytest
from conftest import make_difference

from mcusim.cli import main
from mcusim.record import Against, AgainstLayer, from_json, to_json
from mcusim.renderers import divergence, validation

ONCE = "single rounding, as LiteRT"


def layer(index, wrong, harmless, apart=0):
    explained = (ONCE, None) if harmless else (None, "every bit is equal" if not wrong else "unknown")
    first = (make_difference("dense"), None) if wrong else (None, "every bit is equal")
    return AgainstLayer(index, "FULLY_CONNECTED", "dense", 8_000, wrong, harmless, *explained, *first, apart)


HARMLESS = Against("LiteRT 9.9", (layer(0, 0, 0), layer(1, 3, 3, 3), layer(2, 0, 0, 7)), ("A note.",))
DIVERGING = Against("LiteRT 9.9", (layer(1, 3, 3, 3), layer(2, 5, 2, 9)), ())


def test_harmless_differences():
    text = divergence.against(HARMLESS, 80)
    words = " ".join(text.split())
    assert "2 of 3 outputs of layers are equal bit by bit on the same operands; 3 elements differ harmlessly" in words
    assert f"({ONCE}); nothing diverges." in words and "A note." in words
    assert "2  FULLY_CONNECTED       0         0      7  8,000  operands" in text
    assert "The first harmless difference is in layer 1" in words and "accumulator 1,500" in words


def test_a_divergence():
    text = divergence.against(DIVERGING, 80)
    words = " ".join(text.split())
    assert "1 DIVERGE, in 3 elements." in words and "The first divergence is in layer 2, FULLY_CONNECTED" in words
    assert "5         2      9  8,000  DIVERGES" in text


def test_operands_that_differ_are_told_from_operators(bad_run):
    later = dataclasses.replace(bad_run.layers[4], differing_inputs=12)
    also = dataclasses.replace(
        bad_run.layers[5], differing_inputs=3, bit_exact=False, difference=make_difference("five")
    )
    run = dataclasses.replace(bad_run, layers=(*bad_run.layers[:4], later, also, *bad_run.layers[6:]))
    text = validation.render(run)
    assert "inputs differ\n" in text and "because of a layer before: 4." in " ".join(text.split())
    row = next(line for line in text.splitlines() if line.startswith("5  DEPTHWISE") and "0,1,2,3" in line)
    assert row.split()[2:7] == ["0,1,2,3", "5", "4", "17", "3"]


@pytest.mark.parametrize("found, status", [(HARMLESS, 0), (DIVERGING, 1)])
def test_a_saved_run_says_it_again(example_run, tmp_path, capsys, found, status):
    run = dataclasses.replace(example_run, against=found, against_reason=None)
    assert from_json(to_json(run)) == run
    from mcusim.renderers import RENDERERS

    path = tmp_path / "run.json"
    path.write_text(RENDERERS["json"](run), encoding="utf-8")
    assert main(["show", str(path), "--format", "validation"]) == status
    shown = capsys.readouterr()
    assert "Against LiteRT 9.9" in shown.out
    assert ("diverge, in layer 2 (FULLY_CONNECTED) first" in shown.err) is bool(status)


def test_names_are_harmless():
    evil = dataclasses.replace(make_difference("a\x1b[31mb"), tensor="a\x1b[31mb")
    one = dataclasses.replace(layer(0, 3, 0), difference=evil, op="X\x1b")
    assert "\x1b" not in divergence.against(Against("\x1b", (one,), ("\x1b",)), 80)
