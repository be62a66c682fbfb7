"""Renderers by format name: a run → text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcusim import verdicts
from mcusim.record import Run
from mcusim.renderers import (
    benchmark,
    collapsed,
    comment,
    csv,
    github,
    html,
    json,
    junit,
    markdown,
    model_explorer,
    perfetto,
    report_svg,
    speedscope,
    text,
    validation,
)

RENDERERS: Mapping[str, Callable[[Run], str]] = {
    "text": text.render,
    "validation": validation.render,
    "json": json.render,
    "csv": csv.render,
    "markdown": markdown.render,
    "svg": report_svg.render,
    "perfetto": perfetto.render,
    "speedscope": speedscope.render,
    "collapsed": collapsed.render,
    "model-explorer": model_explorer.render,
    "html": html.render,
    "junit": lambda run: junit.render(verdicts.of_run(run)),
    "github": lambda run: github.render(verdicts.of_run(run)),
    "comment": lambda run: comment.render(markdown.render(run)),
    "benchmark": benchmark.of_run,
}
