"""The committed reports and the README's sample are what mcusim prints today."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def written():
    spec = importlib.util.spec_from_file_location("reports_write", ROOT / "reports" / "write.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.reports())


def test_reports_are_fresh(written):
    committed = {path.name for path in (ROOT / "reports").iterdir() if path.suffix in {".txt", ".json"}}
    assert committed == set(written)
    stale = [name for name, text in written.items() if (ROOT / "reports" / name).read_text(encoding="utf-8") != text]
    assert not stale, f"stale: {stale}; write them again with: python reports/write.py"


def test_readme_shows_a_real_report(written):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command, sample = re.search(r"<!-- report: (.*?) -->\n```text\n(.*?)```", readme, re.DOTALL).groups()
    model, board = re.fullmatch(r"mcusim profile models/(\w+)\.tflite --board (\w+)", command).groups()
    assert sample == written[f"{model}-{board}.txt"]
