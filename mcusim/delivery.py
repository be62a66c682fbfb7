"""Output options → checked plan of what is written where, and the writing itself."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcusim import documents
from mcusim.errors import BadInputError, UnsupportedError

# A way to make a text: (columns, colour) → text. A verb has one a format.
Render = Callable[[int, bool], str]

STANDARD_OUTPUT = "-"
REPORT = ""  # the first of a verb's formats
# How a path ends → the format that is meant where none is named.
ENDINGS: Mapping[str, str] = {
    ".csv": "csv",
    ".htm": "html",
    ".html": "html",
    ".json": "json",
    ".md": "markdown",
    ".svg": "svg",
    ".txt": REPORT,
    ".xml": "junit",
}
PIPED_COLUMNS = 80  # the width of a text that goes to a file or a pipe


class PipeClosedError(Exception):
    """Nobody reads the standard output any more."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What goes where: (format, path) each."""

    writes: tuple[tuple[str, str], ...]

    @property
    def prints_data(self) -> bool:
        """Whether the standard output takes anything but a report for people."""
        return any(path == STANDARD_OUTPUT and name != "text" for name, path in self.writes)

    def deliver(self, renders: Mapping[str, Render]) -> None:
        """Write every text; files appear whole or not at all."""
        for name, path in self.writes:
            if path == STANDARD_OUTPUT:
                terminal = sys.stdout is not None and sys.stdout.isatty()
                columns = shutil.get_terminal_size().columns if terminal else PIPED_COLUMNS
                print_text(renders[name](columns, terminal and wants_colour()))
            else:
                documents.write_text(path, renders[name](PIPED_COLUMNS, False))


def arrange(
    formats: Sequence[str],
    inputs: Sequence[str],
    json_path: str | None,
    format_name: str | None,
    output: str | None,
    quiet: bool,
) -> Delivery:
    """The deliveries that a verb's output options ask for, checked before any work is done.

    The report is the first of `formats` and goes to the standard output, unless options say otherwise; it is left
    out where `quiet` is set or JSON takes the standard output, and nothing asks for it by name. Where no format is
    named, the ending of the output's path says which is meant, if it is one of ENDINGS. Raises UnsupportedError for a
    format that is unknown or not among these and for two texts in one place, BadInputError for a path that is one of
    `inputs` or lies in no folder.
    """
    if format_name is not None and format_name not in formats:
        guess = documents.nearest(format_name, formats)
        hint = f"did you mean {guess!r}? " if guess else ""
        raise UnsupportedError(f"unknown format {format_name!r}; {hint}known: {', '.join(formats)}")
    writes = [] if json_path is None else [("json", json_path)]
    if format_name is not None or output is not None or not (quiet or json_path == STANDARD_OUTPUT):
        writes.append((format_name or _meant(formats, output or STANDARD_OUTPUT), output or STANDARD_OUTPUT))
    places = [path if path == STANDARD_OUTPUT else os.path.realpath(path) for _, path in writes]
    if len(set(places)) < len(places):
        raise UnsupportedError("two texts for one output; give --json a path, or the report another one with -o")
    taken = {os.path.realpath(path) for path in inputs}
    for place, (_, path) in zip(places, writes, strict=True):
        if place in taken:
            raise BadInputError(f"{path} is an input and would be overwritten; give the output another path")
        if place != STANDARD_OUTPUT and not documents.is_folder(Path(place).parent):
            raise BadInputError(f"cannot write {path}: there is no folder {Path(path).parent}")
    return Delivery(tuple(writes))


def _meant(formats: Sequence[str], output: str) -> str:
    """The format of a text that goes to a path and for which none is named."""
    meant = ENDINGS.get(Path(output).suffix.lower(), REPORT)
    if meant != REPORT and meant not in formats:
        raise UnsupportedError(
            f"{output} would be {meant}, which is not among {', '.join(formats)}; name one of these with --format"
        )
    return meant or formats[0]


def print_text(text: str) -> None:
    """Write to the standard output at once; PipeClosedError where nobody reads it, BadInputError where it is full."""
    if sys.stdout is None:
        raise BadInputError("the standard output is closed; give a path with -o")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise PipeClosedError from None
    except OSError as error:
        silence_standard_output()
        raise BadInputError(f"cannot write to the standard output: {(error.strerror or str(error)).lower()}") from None


def silence_standard_output() -> None:
    """Send what the interpreter would still flush at its end nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def wants_colour() -> bool:
    """Whether the user's environment has nothing against colour (no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
