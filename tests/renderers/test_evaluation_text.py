"""Reports on evaluated models as text, CSV, Markdown and SVG: figures, fronts, widths, and names that are harmless."""

import csv
import dataclasses
import io
from xml.etree import ElementTree

import pytest
from test_evaluation import make_evaluation, make_report

from mcusim.renderers import evaluation, evaluation_svg, pareto_plot

HOSTILE = "=<script>|\x1b[31m"


def hostile():
    one = make_evaluation("x", 9, 0.002)
    evil = dataclasses.replace(one, model=dataclasses.replace(one.model, name=HOSTILE))
    return make_report(evil, make_evaluation("other", 8, 0.001))


def test_the_table_and_the_fronts():
    text = evaluation.text(make_report())
    assert text.startswith("3 models on 10 samples of data.npz, and on nano33ble\n")
    assert "A good       90.0%     45.0–95.0%  2.00 ms  8.8%  4,000  18,000       ?    LRF\n" in text
    assert "C beaten     70.0%" in text and "5,000  18,000       ?      –\n" in text
    assert "± of latency and energy: seven figures" in text
    assert "5.0% of the input values are beyond what its input" in " ".join(text.split())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_is_wider_than_the_terminal(width):
    plots = [pareto_plot.text(one, width) for one in pareto_plot.plots(make_report())]
    assert len(plots) == 3 and max(len(line) for plot in plots for line in plot.splitlines()) <= width


def test_the_plot_tells_the_front_from_the_rest():
    plot, *_ = pareto_plot.plots(make_report())
    rows = pareto_plot.text(plot, 80).splitlines()
    assert rows[0] == "accuracy against latency"
    height = {letter: next(i for i, row in enumerate(rows[1:]) if letter in row.partition("│")[2]) for letter in "ABc"}
    column = {letter: rows[1 + place].index(letter) for letter, place in height.items()}
    assert height["A"] < height["B"] < height["c"] and column["B"] < column["A"] < column["c"]
    assert "C" not in "".join(row.partition("│")[2] for row in rows)


def test_one_model_has_its_classes():
    text = evaluation.text(make_report(make_evaluation("good", 9, 0.002)))
    assert "class  samples  precision  recall     F1" in text
    assert "            0  9 1" in text and "            1  · ·" in text
    assert "front" not in text


def test_csv_and_markdown():
    rows = list(csv.DictReader(io.StringIO(evaluation.csv(make_report()))))
    assert (rows[0]["model"], rows[0]["accuracy"], rows[0]["cycles"]) == ("good", "0.9", "2000")
    assert rows[0]["fronts"] == "latency ram flash file macs" and rows[0]["energy_j"] == ""
    assert next(csv.DictReader(io.StringIO(evaluation.csv(hostile()))))["model"].startswith("'=")
    markdown = evaluation.markdown(hostile())
    assert "<script>" not in markdown.replace("`=<script>", "") and "| B | `other` | 80.0% |" in markdown


def estimated(own, reason):
    """A report by formula: 0.12 % from emulation, whose own error is `own`."""
    figures = {"error_percent": 0.12, "emulation_error_percent": own, "emulation_error_percent_reason": reason}
    models = [dataclasses.replace(one, board=dataclasses.replace(one.board, **figures)) for one in make_report().models]
    return dataclasses.replace(make_report(*models), engine="estimate")


@pytest.mark.parametrize(
    ("own", "reason", "words", "cell"),
    [(31.0, None, "±31%", "31.0"), (None, "not validated: why", "not validated", "not validated")],
)
def test_estimates_have_both_errors_beside_them(own, reason, words, cell):
    report = estimated(own, reason)
    narrow, wide = (evaluation.text(report, width).partition("accuracy against")[0] for width in (80, 120))
    assert narrow.count(" ms  4,000  18,000  ") == 2 and max(map(len, narrow.splitlines())) <= 80
    assert f"\n± of latency and energy: A, B, C: 0.12% of emulation, {words}\n" in narrow
    assert wide.count(f" ms  0.12% of emulation, {words}  ") == 3 and max(map(len, wide.splitlines())) <= 120
    (row, *_) = csv.DictReader(io.StringIO(evaluation.csv(report)))
    assert (row["error_percent"], row["emulation_error_percent"]) == ("0.12", cell)
    assert f"| 0.12% of emulation, {words} |" in evaluation.markdown(report)
    assert f"±0.12% of emulation, {words}, RAM" in evaluation_svg.render(report)


def test_the_picture():
    root = ElementTree.fromstring(evaluation_svg.render(hostile()))
    classes = [one.get("class") for one in root.iter() if one.get("class")]
    assert (
        classes.count("used") == 1 + 2 + 1 + 1
    )  # the legend, the front of latency, and the better one of RAM and flash
    assert not any("\x1b" in (one.text or "") for one in root.iter())
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any(text.startswith("B  other, accuracy 80.0% (40.0–90.0%), 1.00 ms ±8.8%") for text in texts)
