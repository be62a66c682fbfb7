"""The models that come with mcusim's sources → a row each."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import typer

from mcusim import delivery, documents, hardware
from mcusim.command_line import ROWS, FormatOption, JsonOption, OutputOption, QuietOption, listing
from mcusim.errors import BadInputError


def models(
    folder: Annotated[str, typer.Argument(help="The folder of MODELS.toml.")] = "models",
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List the models that come with mcusim's sources."""
    path = Path(folder) / "MODELS.toml"
    target = delivery.arrange(ROWS, [str(path)], json_path, format_name, output, quiet)
    expected = "the MODELS.toml of the folder models/ in mcusim's sources"
    keys = ("file", "bytes", "macs", "score", "metric", "title")
    try:
        listed = tomllib.loads(documents.read_text(path, hardware.FILE_LIMIT_BYTES, expected))
        facts = [{"name": name, **{key: row[key] for key in keys}} for name, row in listed.items()]
        rows = [[one["name"], f"{one['bytes']:,}", f"{one['macs']:,}", str(one["title"])] for one in facts]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadInputError(f"{path}: {type(error).__name__} {error}; {expected} is expected") from None
    target.deliver(listing(["model", ">bytes", ">MACs", "what it does"], rows, facts))
