"""The committed reports, and what the README shows of them, are what mcusim prints today."""

import importlib.util
import re
from pathlib import Path

import pytest

import mcusim

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def writer():
    spec = importlib.util.spec_from_file_location("reports_write", ROOT / "reports" / "write.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_reports_are_fresh(writer):
    written = dict(writer.reports())
    committed = {path.name for path in (ROOT / "reports").iterdir() if path.suffix in {".txt", ".json"}}
    assert committed == set(written)
    stale = [name for name, text in written.items() if (ROOT / "reports" / name).read_text(encoding="utf-8") != text]
    assert not stale, f"stale: {stale}; write them again with: python reports/write.py"


def test_readme_shows_a_real_report_and_the_published_figures(writer):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    model, board = re.search(r"<!-- report: mcusim profile models/(\w+)\.tflite --board (\w+) -->", text).groups()
    assert f"{model}-{board}" == writer.README_SAMPLE
    sample = mcusim.RENDERERS["text"](writer.report(model, board))
    assert text == writer.readme(text, sample), "stale; write it again with: python reports/write.py"
