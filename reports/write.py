"""Write every report in this folder again, as mcusim prints it: python reports/write.py."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import mcusim
from mcusim import record

FOLDER = Path(__file__).parent
MODELS = ("ad_autoencoder", "digits_cnn", "ic_resnet8", "kws_ds_cnn", "vww_mobilenet_v1_025")
BOARDS = ("nano33ble", "nucleo_l4r5zi", "stm32f407_disco")
# The one field that differs from run to run; the committed reports carry this date instead.
CREATED = "2026-01-01T00:00:00+00:00"


def reports() -> Iterator[tuple[str, str]]:
    """(file name, content) of every report."""
    for name in MODELS:
        model = mcusim.load(FOLDER.parent / "models" / f"{name}.tflite")
        for board in BOARDS:
            command = f"mcusim profile models/{name}.tflite --board {board}"
            run = mcusim.run(mcusim.plan(model, mcusim.load_board(board)), command=command)
            run = dataclasses.replace(run, created=CREATED)
            yield f"{name}-{board}.txt", mcusim.RENDERERS["text"](run)
            yield f"{name}-{board}.json", json.dumps(record.to_json(run), indent=1) + "\n"


def main() -> None:
    """Write all reports and remove those of models or boards that are gone."""
    written = set()
    for file_name, content in reports():
        (FOLDER / file_name).write_text(content, encoding="utf-8")
        written.add(file_name)
        print(file_name, file=sys.stderr)
    for path in [*FOLDER.glob("*.txt"), *FOLDER.glob("*.json")]:
        if path.name not in written:
            path.unlink()


if __name__ == "__main__":
    main()
