"""Published measurements → what mcusim predicts for them, with the errors."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from mcusim import delivery
from mcusim.command_line import FormatOption, JsonOption, OutputOption, QuietOption, json_of, progress


def accuracy(
    models_folders: Annotated[
        list[str] | None, typer.Option("--models", metavar="DIR", help="Where models are; may be given again.")
    ] = None,
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Predict published measurements: the error of each, by core and memory timing."""
    target = delivery.arrange(("text", "json", "markdown"), [], json_path, format_name, output, quiet)
    from mcusim import accuracy as stage

    with progress(quiet) as step:
        result = stage.compare(stage.model_folders(models_folders or ()), step)
    target.deliver(
        {
            "text": lambda columns, colour: stage.text(result, columns),
            "markdown": lambda columns, colour: stage.markdown(result),
            "json": json_of(dataclasses.asdict(result)),
        }
    )
