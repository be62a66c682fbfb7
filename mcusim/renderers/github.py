"""Verdicts of runs and comparisons → GitHub's workflow commands: an annotation for each problem, one for the cycles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcusim import tables
from mcusim.verdicts import Subject

# GitHub shows ten annotations of a kind for a step; what comes on top is counted in the last.
MOST_ERRORS = 10


def render(subjects: Sequence[Subject]) -> str:
    """Lines to print in a step: ::error for what fails, ::warning for what nobody can tell, ::notice for the cycles."""
    return "".join(f"{line}\n" for line in _lines(subjects))


def _lines(subjects: Sequence[Subject]) -> Iterator[str]:
    errors = [(subject.name, one.problem) for subject in subjects for one in subject.problems if one.problem]
    shown = errors if len(errors) <= MOST_ERRORS else errors[: MOST_ERRORS - 1]
    for name, problem in shown:
        yield _command("error", name, problem)
    if rest := len(errors) - len(shown):
        yield _command("error", "mcusim", f"{rest} more problems; the report has all of them")
    for subject in subjects:
        reasons = dict.fromkeys(one.untold for one in subject.verdicts if one.untold and not one.problem)
        for reason in reasons:
            count = sum(one.untold == reason for one in subject.verdicts)
            yield _command("warning", subject.name, f"{count} of {len(subject.verdicts)} not checked: {reason}")
        yield _command("notice", subject.name, subject.words)


def _command(kind: str, title: str, message: str) -> str:
    """A workflow command in one line: no name in it can end it or begin another."""
    escaped = _escaped(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{kind} title={escaped}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return tables.safe(" ".join(text.split())).replace("%", "%25")
