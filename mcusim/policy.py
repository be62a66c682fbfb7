"""mcusim.toml of a project → its Policy: what a change of cycles and bytes may do, budgets, where baselines lie."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mcusim import documents
from mcusim.errors import BadInputError

FILE = "mcusim.toml"  # looked for in the working directory
EXPECTED = "a policy (see mcusim/policy.toml, which holds the defaults)"
FILE_LIMIT_BYTES = 1 << 20

# What a changed timing table, board or engine does: the comparison fails; it is told, and cycles are not judged;
# it is told, and cycles are judged as ever.
Response = Literal["refuse", "tell", "judge"]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What a metric may change by: `percent` of what it was, or `absolute` in its unit, whichever allows more."""

    percent: float = 0.0
    absolute: float = 0.0

    def allows(self, before: float, change: float) -> bool:
        """Whether a change from `before` on is within the percentage or within the absolute tolerance."""
        return abs(change) <= max(abs(before) * self.percent / 100, self.absolute)


@dataclass(frozen=True, slots=True)
class ComparePolicy:
    """[compare]: a tolerance a metric, named as in a run; which changes fail; what a changed basis does.

    `layer_cycles` is held against every layer that both runs have. With fails "growth" a smaller figure is an
    improvement; with "any change" it fails as well. `vanished` is of runs that only a directory before has; of new ones
    it is told. `changed_timing` is of core tables, timing rules and memory models,
    `changed_board` of the board, its file, clock and placement, `changed_engine` of emulated against estimated.
    """

    cycles: Tolerance = Tolerance(percent=1.0)
    latency_s: Tolerance = Tolerance(percent=1.0)
    instructions: Tolerance = Tolerance(percent=1.0)
    layer_cycles: Tolerance = Tolerance(percent=2.0, absolute=100)
    arena_bytes: Tolerance = Tolerance()
    ram_bytes: Tolerance = Tolerance()
    flash_bytes: Tolerance = Tolerance(absolute=256)
    stack_bytes: Tolerance = Tolerance()
    fails: Literal["growth", "any change"] = "growth"
    vanished: Literal["fail", "tell"] = "fail"
    changed_timing: Response = "refuse"
    changed_board: Response = "refuse"
    changed_engine: Response = "refuse"


@dataclass(frozen=True, slots=True)
class BaselinePolicy:
    """[baseline]: the folder of the runs that others are held against, relative to the policy's file."""

    directory: str = ".mcusim/baseline"


@dataclass(frozen=True, slots=True)
class PytestPolicy:
    """[pytest]: the file of saved calls, relative to the policy's, that tests are compared with unless asked otherwise.

    `compare_fail` are tolerances as --mcu-compare-fail has them.
    """

    compare: str | None = None
    compare_fail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Budgets:
    """[budgets.NAME]: the most that a call or an inference may take; None: as much as it wants.

    The name is that of a test (its id, with or without its parameters), of a function or a model, or of one and a core
    ("arm_softmax_s8/cortex_m4").
    """

    max_cycles: int | None = None
    max_instructions: int | None = None
    max_stack_bytes: int | None = None
    max_arena_bytes: int | None = None
    max_flash_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What a project asks of its runs; `file` is where it stands, None for the defaults."""

    compare: ComparePolicy = field(default_factory=ComparePolicy)
    baseline: BaselinePolicy = field(default_factory=BaselinePolicy)
    pytest: PytestPolicy = field(default_factory=PytestPolicy)
    budgets: Mapping[str, Budgets] = field(default_factory=dict)
    file: str | None = None

    @property
    def baseline_directory(self) -> Path:
        """The folder of the baselines."""
        return self._folder / self.baseline.directory

    @property
    def compared_calls(self) -> Path | None:
        """The file of saved calls that tests are compared with."""
        return None if self.pytest.compare is None else self._folder / self.pytest.compare

    @property
    def _folder(self) -> Path:
        return Path(self.file).parent if self.file else Path()

    def budgets_of(self, test: str, name: str, core: str) -> dict[str, Budgets]:
        """The budgets that hold for a function or a model in a test, by their names; `core` is an id ("cortex_m4")."""
        names = dict.fromkeys((test, test.partition("[")[0], name, f"{name}/{core}"))
        return {name: self.budgets[name] for name in names if name in self.budgets}


@dataclass(frozen=True, slots=True)
class _File:
    """The tables of a policy's file."""

    compare: ComparePolicy = field(default_factory=ComparePolicy)
    baseline: BaselinePolicy = field(default_factory=BaselinePolicy)
    pytest: PytestPolicy = field(default_factory=PytestPolicy)
    budgets: Mapping[str, Budgets] = field(default_factory=dict)


def load_policy(path: str | os.PathLike[str] | None = None) -> Policy:
    """The policy of a file; without a path that of mcusim.toml in the working directory, and without that the defaults.

    Raises BadInputError that names the file, the key and what is expected for anything unknown or of a wrong type.
    """
    if path is None:
        if not Path(FILE).is_file():
            return Policy()
        path = FILE
    shown = os.fspath(path)
    text = documents.read_text(path, FILE_LIMIT_BYTES, EXPECTED)
    read = documents.build(_File, documents.parse_toml(text, shown, EXPECTED), shown)
    _check(read, shown)
    return Policy(read.compare, read.baseline, read.pytest, read.budgets, shown)


def _check(read: _File, shown: str) -> None:
    """Tolerances and budgets are 0 or more, and there are a folder and a file."""
    for item in dataclasses.fields(ComparePolicy):
        tolerance = getattr(read.compare, item.name)
        if not isinstance(tolerance, Tolerance):
            continue
        for name, value in (("percent", tolerance.percent), ("absolute", tolerance.absolute)):
            if value < 0:
                raise BadInputError(f"{shown}: compare.{item.name}.{name}: expected 0 or more, found {value:g}")
    if not read.baseline.directory.strip():
        raise BadInputError(f"{shown}: baseline.directory: expected the path of a folder, found an empty text")
    if read.pytest.compare is not None and not read.pytest.compare.strip():
        raise BadInputError(f"{shown}: pytest.compare: expected the path of saved calls, found an empty text")
    if read.pytest.compare_fail and read.pytest.compare is None:
        raise BadInputError(f"{shown}: pytest.compare: expected the saved calls that compare_fail is held against")
    for key, budget in read.budgets.items():
        for item in dataclasses.fields(Budgets):
            most = getattr(budget, item.name)
            if most is not None and most < 0:
                raise BadInputError(f"{shown}: budgets.{key}.{item.name}: expected 0 or more, found {most}")
