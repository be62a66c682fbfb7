"""Verdicts of runs and comparisons → JUnit XML, as CI systems read it; simulated times are no durations of tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import quoteattr

from mcusim import tables
from mcusim.verdicts import Subject, Verdict


def render(subjects: Sequence[Subject]) -> str:
    """A test suite for each subject, a test case for each verdict; failures and skipped cases have their reason."""
    return "\n".join(_lines(subjects)) + "\n"


def _lines(subjects: Sequence[Subject]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield f'<testsuites name="mcusim" {_counts([one for subject in subjects for one in subject.verdicts])}>'
    for subject in subjects:
        yield f"  <testsuite name={_attribute(subject.name)} {_counts(subject.verdicts)}>"
        for verdict in subject.verdicts:
            yield from _case(subject, verdict)
        yield f"    <system-out>{_text(subject.words)}</system-out>"
        yield "  </testsuite>"
    yield "</testsuites>"


def _counts(verdicts: Sequence[Verdict]) -> str:
    failures = sum(one.problem is not None for one in verdicts)
    skipped = sum(one.problem is None and one.untold is not None for one in verdicts)
    return f'tests="{len(verdicts)}" failures="{failures}" errors="0" skipped="{skipped}"'


def _case(subject: Subject, verdict: Verdict) -> Iterator[str]:
    opened = f"    <testcase classname={_attribute(subject.name)} name={_attribute(verdict.name)}"
    if verdict.problem is not None:
        yield f"{opened}>"
        yield f"      <failure message={_attribute(verdict.problem)}>{_text(verdict.problem)}</failure>"
        yield "    </testcase>"
    elif verdict.untold is not None:
        yield f"{opened}><skipped message={_attribute(verdict.untold)}/></testcase>"
    else:
        yield f"{opened}/>"


def _attribute(text: str) -> str:
    return quoteattr(tables.safe(text))


def _text(text: str) -> str:
    """Text between tags: what XML cannot hold is replaced before (control characters, half surrogates)."""
    return tables.safe(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
