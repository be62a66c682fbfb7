"""The commands of the command line, by name, in the order of the help."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcusim.commands import (
    accuracy,
    baseline,
    boards,
    calibrate,
    compare,
    cores,
    evaluate,
    exec,
    memory,
    models,
    ops,
    profile,
    show,
    validate,
)

COMMANDS: Mapping[str, Callable[..., None]] = {
    "profile": profile.profile,
    "validate": validate.validate,
    "memory": memory.memory,
    "evaluate": evaluate.evaluate,
    "compare": compare.compare,
    "baseline": baseline.baseline,
    "accuracy": accuracy.accuracy,
    "calibrate": calibrate.calibrate,
    "show": show.show,
    "boards": boards.boards,
    "cores": cores.cores,
    "ops": ops.ops,
    "models": models.models,
    "exec": exec.exec_firmware,
}
