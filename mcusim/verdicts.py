"""Run or Comparison → what it was held to, one verdict each, as CI systems count them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcusim import energy, figures
from mcusim.delta import Comparison, Delta, Finding
from mcusim.record import Layer, Run


@dataclass(frozen=True, slots=True)
class Verdict:
    """Something that was checked: it passes where there is neither a problem nor a reason why nobody can tell."""

    name: str
    problem: str | None = None
    untold: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A model on a board with its verdicts; `words` tell its cycles, and what these are worth."""

    name: str
    verdicts: tuple[Verdict, ...]
    words: str

    @property
    def problems(self) -> tuple[Verdict, ...]:
        """What fails."""
        return tuple(one for one in self.verdicts if one.problem is not None)


def of_run(run: Run) -> tuple[Subject, ...]:
    """Whether it fits, whether it keeps up with the rate asked for, and whether each layer is bit-exact."""
    verdicts = [Verdict("fits", "; ".join(run.verdict.reasons) or None)]
    if run.duty_cycle is not None:
        late = run.duty_cycle.busy_share > 1
        verdicts.append(Verdict("keeps up", f"it {energy.duty_words(run.duty_cycle)}" if late else None))
    verdicts += [_exactness(layer) for layer in run.layers]
    return (Subject(f"{run.model.name} on {run.board.name}", tuple(verdicts), _run_words(run)),)


def _exactness(layer: Layer) -> Verdict:
    problem = str(layer.difference) if layer.difference else "the target's output differs from the reference's"
    return Verdict(
        f"layer {layer.index} {layer.op} {layer.name} is bit-exact",
        problem if layer.bit_exact is False else None,
        (layer.bit_exact_reason or "not executed") if layer.bit_exact is None else None,
    )


def _run_words(run: Run) -> str:
    totals = run.totals
    if totals.cycles is None or totals.latency_s is None:
        return f"cycles unknown: {totals.cycles_reason}"
    estimated = "estimated " if totals.instructions is None else ""
    error = figures.expected_error(totals.error_percent, totals.error_percent_reason, totals.error_source)
    return f"{totals.cycles:,} {estimated}cycles, {figures.seconds(totals.latency_s)}; error to expect: {error}"


def of_comparison(comparison: Comparison) -> tuple[Subject, ...]:
    """For each pair of runs: what they rest on, each metric that has a tolerance, each layer that both have.

    Where there are runs without a counterpart before, one more subject for them.
    """
    pairs = tuple(_pair(delta) for delta in comparison.deltas)
    return (*pairs, _lone(comparison)) if comparison.only_before or comparison.findings else pairs


def _lone(comparison: Comparison) -> Subject:
    """Whether each run has its counterpart after."""
    problem = _joined(list(comparison.failures_of_no_pair))
    only = f"only before: {', '.join(comparison.only_before)}"
    verdict = Verdict("every run before has one after", problem, None if problem else only)
    return Subject("mcusim compare", (verdict,), f"{len(comparison.deltas)} compared, {only}")


def _pair(delta: Delta) -> Subject:
    where = f"{delta.after.model} on {delta.after.board}"
    return Subject(where, tuple(_verdicts(delta)), _delta_words(delta))


def _verdicts(delta: Delta) -> Iterator[Verdict]:
    """Every failure is a problem of exactly one of these."""
    left = list(delta.failures)

    def problem(metrics: tuple[str, ...], layer: int | None) -> str | None:
        found = [one for one in left if one.metric in metrics and one.layer == layer]
        for one in found:
            left.remove(one)
        return _joined(found)

    for metric in delta.metrics:
        name = metric.metric
        if metric.judged:
            untold = "not known of both runs" if metric.change is None else None
            found = problem((name,), None)
            yield Verdict(name, found, None if found else untold)
        elif name in delta.not_judged:
            yield Verdict(name, problem((name,), None), f"not judged: {delta.not_judged_because}")
    metrics_of_layers = tuple({one.metric for one in left if one.layer is not None})
    for layer in delta.layers:
        if layer.before is not None and layer.after is not None:
            after = layer.after
            yield Verdict(f"layer {after.index} {after.op} {after.name}", problem(metrics_of_layers, after.index))
    yield Verdict("comparable, and as good as before", _joined(left))


def _joined(findings: list[Finding]) -> str | None:
    return "; ".join(one.sentence for one in findings) or None


def _delta_words(delta: Delta) -> str:
    cycles = delta.metric("cycles")
    if cycles.before is None or cycles.after is None:
        return "cycles are not known of both runs"
    side = delta.after
    error = figures.expected_error(side.error_percent, side.error_percent_reason, side.error_source)
    change = "unchanged" if cycles.before == cycles.after else f"{cycles.after - cycles.before:+,.0f}"
    return f"{cycles.before:,.0f} → {cycles.after:,.0f} cycles ({change}); error to expect: {error}"
