"""Write every report in this folder, and the README's, again as mcusim prints them: python reports/write.py."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import mcusim
from mcusim import record
from mcusim.accuracy import markdown
from mcusim.expectation import stored_accuracy
from mcusim.record import Run

FOLDER = Path(__file__).parent
MODELS = ("ad_autoencoder", "digits_cnn", "ic_resnet8", "kws_ds_cnn", "vww_mobilenet_v1_025")
BOARDS = ("nano33ble", "nucleo_l4r5zi", "nucleo_u575zi_q")
README_SAMPLE = "kws_ds_cnn-nano33ble"
# The one field that differs from run to run; the committed reports carry this date instead.
CREATED = "2026-01-01T00:00:00+00:00"


def report(name: str, board: str) -> Run:
    """The run of a model on a board that a report shows."""
    model = mcusim.load(FOLDER.parent / "models" / f"{name}.tflite")
    command = f"mcusim profile models/{name}.tflite --board {board}"
    run = mcusim.run(mcusim.plan(model, mcusim.load_board(board)), command=command)
    return dataclasses.replace(run, created=CREATED)


def reports() -> Iterator[tuple[str, str]]:
    """(file name, content) of every report."""
    for name in MODELS:
        for board in BOARDS:
            run = report(name, board)
            yield f"{name}-{board}.txt", mcusim.RENDERERS["text"](run)
            yield f"{name}-{board}.json", json.dumps(record.to_json(run), indent=1) + "\n"


def readme(text: str, sample: str) -> str:
    """The README with a report as its sample, and the table of published figures as mcusim keeps them."""
    sampled = re.sub(
        r"(<!-- report: .*? -->\n```text\n).*?(```)", lambda m: m[1] + sample + m[2], text, flags=re.DOTALL
    )
    table = markdown(stored_accuracy())
    marks = r"(<!-- accuracy: begin -->\n).*?(<!-- accuracy: end -->)"
    return re.sub(marks, lambda m: m[1] + table + m[2], sampled, flags=re.DOTALL)


def main() -> None:
    """Write all reports and remove those of models or boards that are gone."""
    written = set()
    for file_name, content in reports():
        (FOLDER / file_name).write_text(content, encoding="utf-8")
        written.add(file_name)
        print(file_name, file=sys.stderr)
    path = FOLDER.parent / "README.md"
    sample = (FOLDER / f"{README_SAMPLE}.txt").read_text(encoding="utf-8")
    path.write_text(readme(path.read_text(encoding="utf-8"), sample), encoding="utf-8")
    for path in [*FOLDER.glob("*.txt"), *FOLDER.glob("*.json")]:
        if path.name not in written:
            path.unlink()


if __name__ == "__main__":
    main()
