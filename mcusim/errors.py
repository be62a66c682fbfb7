"""Every way in which mcusim refuses, as exceptions whose text is one sentence for the user."""

from __future__ import annotations

_SHOWN_CHARACTERS = 60


class McusimError(Exception):
    """The root of all refusals; the command line turns each into one line and exit status 2."""


class BadModelError(McusimError):
    """A model file that cannot be what it claims to be."""


class BadInputError(McusimError):
    """Any other input file (board, core, firmware, saved run, input data) that cannot be used."""


class UnsupportedError(McusimError):
    """A correct input that asks for something mcusim does not know."""


class DoesNotFitError(McusimError):
    """A model that needs more memory than can be simulated or than the caller allows."""


class EmulationError(McusimError):
    """Target code that did what it must not: wrong access, invalid instruction, no end."""


class StackError(EmulationError):
    """Target code that needs more stack than there is."""


def printable(text: str) -> str:
    """Text from a file, on one line and harmless on a terminal: with escapes where it holds anything unprintable."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def shown(text: str) -> str:
    """A name or a value from a file as an error shows it: printable and at most 60 characters."""
    text = printable(text[: _SHOWN_CHARACTERS + 1])
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def quoted(text: str) -> str:
    """`shown` in quotation marks, without a second round of escapes."""
    mark = '"' if "'" in text else "'"
    return f"{mark}{shown(text)}{mark}"
