"""A user's measurements on a board → a board file that fits them."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from mcusim import delivery, documents, hardware
from mcusim.command_line import ROWS, BoardOption, FormatOption, JsonOption, QuietOption, json_of, progress
from mcusim.errors import UnsupportedError


def calibrate(
    board: BoardOption,
    log: Annotated[str, typer.Option("--from", metavar="CSV", help="Your measurements.")],
    output: Annotated[str, typer.Option("-o", metavar="TOML", help="The board's file that is written.")],
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    quiet: QuietOption = False,
) -> None:
    """Fit a board's open timing parameters to your own measurements and write a board file of it.

    The CSV has a line of column names and a row a measurement: model (path of the .tflite file, from the CSV's
    folder), layer (index of the operator; empty: the whole inference), cycles (of DWT.CYCCNT) and/or latency_us.
    Rows with both tell the clock. Open are the refill of conditional branches and every memory parameter of which
    the board's file has several values.
    """
    loaded_board, document = hardware.load_board(board), hardware.board_document(board)
    report = delivery.arrange(ROWS, [board, log], json_path, format_name, None, quiet)
    delivery.arrange(ROWS, [board, log, *(path for _, path in report.writes)], None, ROWS[0], output, quiet)
    if not output.endswith(".toml"):
        raise UnsupportedError(f"{output}: a board's file ends in .toml")
    from mcusim import calibrate as stage
    from mcusim.measured_log import read_log
    from mcusim.toml_text import to_toml

    rows = read_log(log)
    with progress(quiet) as step:
        result = stage.calibrate(loaded_board, rows, log, stage.predictor(), step)
    changed = stage.changed_document(document, stage.file_changes(result, loaded_board), board, output)
    documents.write_text(output, to_toml(changed))
    report.deliver(
        {"text": lambda columns, colour: stage.text(result, columns), "json": json_of(dataclasses.asdict(result))}
    )
