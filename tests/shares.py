"""Many cases of one test → the first of them for .ci/run, marked slow; the rest for who asks for all, exhaustive."""

import pytest


def shared(cases, first):
    """Parameters of a test that goes through its cases itself."""
    return [
        pytest.param(cases[:first], marks=pytest.mark.slow, id="first"),
        pytest.param(cases[first:], marks=pytest.mark.exhaustive, id="rest"),
    ]
