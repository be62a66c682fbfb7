"""Published rows + folders of models → what mcusim predicts for each row, and the errors by core and memory timing."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcusim import figures, tables
from mcusim.errors import McusimError
from mcusim.expectation import SCHEMA, Accuracy, Comparison, Group, summarise
from mcusim.hardware import board_names, load_board
from mcusim.plan import plan
from mcusim.published import Publication, Row, publications
from mcusim.record import VERSION
from mcusim.run import run
from mcusim.tflite import load

REFERENCE_DATA = "MCUSIM_REFERENCE_DATA"

# The files of each workload, the published one first: the MLPerf Tiny v0.5 to v1.1 models (mlcommons/tiny,
# benchmark/training) and TensorFlow Lite Micro's person_detect example, then mcusim's own models of the same
# architectures, with other weights, from its sources' models/.
MODEL_FILES = {
    "ad": ("ad01_int8.tflite", "ad_autoencoder.tflite"),
    "ic": ("pretrainedResnet_quant.tflite", "ic_resnet8.tflite"),
    "kws": ("kws_ref_model.tflite", "kws_ds_cnn.tflite"),
    "vww": ("vww_96_int8.tflite", "vww_mobilenet_v1_025.tflite"),
    "person_detect": ("person_detect.tflite",),
}

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class _Prediction:
    """Cycles of a model on a board, or why there are none."""

    cycles: int | None
    reason: str | None
    memory: str | None = None
    sha256: str | None = None
    clock_hz: int | None = None


def model_folders(given: Sequence[str]) -> tuple[Path, ...]:
    """Where models are looked for: the folders given, else those of the reference data and of mcusim's sources."""
    if given:
        return tuple(Path(folder) for folder in given)
    named = os.environ.get(REFERENCE_DATA)
    return (*([Path(named) / "models"] if named else []), Path("models"))


def compare(folders: Sequence[Path], progress: Progress | None = None) -> Accuracy:
    """Predict every published row that can be predicted; `progress(done, total, what)` is called before each row.

    Deterministic: no date and no path of the machine is in the result.
    """
    rows = [(one, row) for one in publications() for row in one.row]
    known: dict[tuple[str, Path], _Prediction] = {}
    comparisons = []
    for index, (publication, row) in enumerate(rows):
        if progress:
            progress(index, len(rows), f"{row.workload} on {publication.board or publication.chip}")
        comparisons.append(_compare(publication, row, folders, known))
    return Accuracy(SCHEMA, VERSION, tuple(comparisons), summarise(comparisons))


def _compare(
    publication: Publication, row: Row, folders: Sequence[Path], known: dict[tuple[str, Path], _Prediction]
) -> Comparison:
    path = _model_path(row.workload, folders)
    prediction = _obstacle(publication, row, path)
    if prediction is None:
        assert publication.board is not None and path is not None
        key = (publication.board, path)
        if key not in known:
            known[key] = _predict(publication.board, path)
        prediction = known[key]
        if prediction.clock_hz != publication.clock_hz and prediction.cycles is not None:
            prediction = _Prediction(None, f"the figure is of another clock than boards/{publication.board}.toml's")
    published = publication.cycles_of(row)
    used = None if path is None or prediction.cycles is None else path.name
    error = None if prediction.cycles is None else round(100 * (prediction.cycles / published - 1), 2)
    return Comparison(
        publication=publication.id,
        workload=row.workload,
        board=publication.board,
        chip=publication.chip,
        core=publication.core,
        clock_hz=publication.clock_hz,
        framework=publication.framework,
        kernels=publication.kernels,
        compiler=publication.compiler,
        flags=publication.flags,
        memory_as_published=publication.memory,
        binary=publication.binary,
        use=publication.use,
        difference=publication.difference,
        note=row.note,
        source=publication.source,
        published_cycles=round(published, 1),
        predicted_cycles=prediction.cycles,
        predicted_cycles_reason=prediction.reason,
        error_percent=error,
        memory=prediction.memory,
        model_file=used,
        model_sha256=prediction.sha256,
        own_model=used is not None and used != MODEL_FILES[row.workload][0],
    )


def _model_path(workload: str, folders: Sequence[Path]) -> Path | None:
    names = MODEL_FILES.get(workload, ())
    return next((path for name in names for folder in folders if (path := folder / name).is_file()), None)


def _obstacle(publication: Publication, row: Row, path: Path | None) -> _Prediction | None:
    """Why a row cannot be predicted, known before anything runs; None if it can."""
    if publication.kind == "kernel":
        return _Prediction(None, "a program, not a model: its code is not part of mcusim; build it for `mcusim exec`")
    if publication.board not in board_names():
        return _Prediction(None, f"mcusim has no board file for {publication.board or publication.chip}")
    if path is None:
        names = " or ".join(MODEL_FILES.get(row.workload, (row.workload,)))
        return _Prediction(None, f"{names} is not there; give its folder with --models")
    return None


def _predict(board_name: str, path: Path) -> _Prediction:
    try:
        board = load_board(board_name)
        result = run(plan(load(path), board), link_orders=False)
    except McusimError as error:
        return _Prediction(None, str(error).replace(os.fspath(path), path.name))
    if result.totals.cycles is None:
        return _Prediction(None, result.totals.cycles_reason)
    memory, digest = result.provenance.memory_model, result.model.sha256
    return _Prediction(result.totals.cycles, None, memory, digest, result.board.clock_hz)


def text(accuracy: Accuracy, width: int) -> str:
    """The report: errors by core and memory timing, a block a publication, and what was not predicted."""
    predicted = [row for row in accuracy.rows if row.predicted_cycles is not None]
    sections = [
        "Errors by core and memory timing (error = predicted / published − 1; mean and median of its size)\n"
        + tables.grid(*_group_table(accuracy.groups), width)
    ]
    for title, use in (("Comparable kernels", "validation"), ("For context: other kernels", "context")):
        rows = [row for row in predicted if row.use == use]
        blocks = [_block([row for row in rows if row.publication == one], width) for one in _publications(rows)]
        if blocks:
            sections.append("\n".join([f"{title}\n", *blocks]))
    if own := sorted({f"{row.workload} ({row.model_file})" for row in predicted if row.own_model}):
        sections.append(_lines([f"mcusim's own model of the same architecture stands in for: {', '.join(own)}"], width))
    reasons: dict[str, list[Comparison]] = {}
    for row in accuracy.rows:
        if row.predicted_cycles_reason is not None:
            reasons.setdefault(row.predicted_cycles_reason, []).append(row)
    if reasons:
        sections.append("Not predicted\n" + _lines((f"{why}: {_places(rows)}" for why, rows in reasons.items()), width))
    return "\n".join(sections)


def _publications(rows: Sequence[Comparison]) -> Sequence[str]:
    return list(dict.fromkeys(row.publication for row in rows))


def _places(rows: Sequence[Comparison]) -> str:
    """Rows by publication, for a list."""
    return "; ".join(
        f"{one}: {', '.join(row.workload for row in rows if row.publication == one)}" for one in _publications(rows)
    )


def _block(rows: Sequence[Comparison], width: int) -> str:
    """One publication: what was measured, a row a figure, and what differs from what mcusim runs."""
    first = rows[0]
    build = ", ".join(part for part in (first.kernels, first.compiler, first.flags) if part)
    timings = ", ".join(sorted({row.memory for row in rows if row.memory}))
    heading = (
        f"{first.publication}: {first.framework} on {first.board}; {build}; predicted with memory timing {timings}"
    )
    headers, cells = _row_table(rows)
    noted = [[*line[:1], *line[2:5], row.note] for line, row in zip(cells, rows, strict=True)]
    table = tables.grid([*headers[:1], *headers[2:5], ""], noted, width - 4)
    body = "".join(f"    {line}\n" for line in table.splitlines())
    return _lines([heading], width) + body + _lines([f"    {first.difference} ({first.source})"], width)


def markdown(accuracy: Accuracy) -> str:
    """The comparable rows that were predicted, as a Markdown table."""
    headers, rows = _row_table(
        [row for row in accuracy.rows if row.predicted_cycles is not None and row.use == "validation"]
    )
    rule = ["---:" if header.startswith(">") else "---" for header in headers]
    lines = [[header.removeprefix(">") for header in headers], rule, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row_table(rows: Sequence[Comparison]) -> tuple[list[str], list[list[str]]]:
    headers = ["model", "board", ">published", ">predicted", ">error", "framework", "kernels", "flags", "memory timing"]
    cells = []
    for row in rows:
        clock_hz, predicted = row.clock_hz, row.predicted_cycles
        assert clock_hz is not None and predicted is not None and row.error_percent is not None
        times = [figures.seconds(cycles / clock_hz) for cycles in (row.published_cycles, predicted)]
        texts = [row.framework or "", row.kernels, row.flags or "", row.memory or ""]
        cells.append([row.workload, row.board or row.chip, *times, f"{row.error_percent:+.1f}%", *texts])
    return headers, cells


def _group_table(groups: Sequence[Group]) -> tuple[list[str], list[list[str]]]:
    headers = ["core", "memory", "use", ">rows", ">mean", ">median", ">worst", ">signed mean"]
    cells = [
        [
            group.core,
            group.memory,
            group.use,
            str(group.rows),
            f"{group.mean_percent:.1f}%",
            f"{group.median_percent:.1f}%",
            f"{group.worst_percent:+.1f}%",
            f"{group.bias_percent:+.1f}%",
        ]
        for group in groups
    ]
    return headers, cells


def _lines(sentences: Iterable[str], width: int) -> str:
    """One paragraph a sentence, the lines after the first indented."""
    return "".join(
        textwrap.fill(tables.safe(one), width, subsequent_indent="    ", break_long_words=False) + "\n"
        for one in sentences
    )
