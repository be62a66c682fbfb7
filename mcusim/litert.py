"""A model and inputs → the values that LiteRT computes, tensor by tensor, in a process of its own.

It is a process of its own because a model can end it, and because it writes to the standard error.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mcusim.all_outputs import computed, with_all_outputs
from mcusim.errors import UnsupportedError, shown
from mcusim.model import Model
from mcusim.operands import Array

PACKAGE = "ai_edge_litert"
MOST_SECONDS = 300
LiteRtKernels = Literal["reference", "default"]
_MAIN = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from mcusim.litert import main; main(*sys.argv[2:])"


@dataclass(frozen=True, slots=True, eq=False)
class LiteRtValues:
    """What the operators' tensors held, by index, and the version of LiteRT.

    `outputs_agree`: whether the model as it is, without all values among its outputs, gave the same outputs.
    """

    version: str
    values: dict[int, Array]
    outputs_agree: bool


def run_litert(model: Model, inputs: Sequence[Array], kernels: LiteRtKernels) -> LiteRtValues:
    """Run a model by LiteRT, with its reference kernels or with those that it takes by default (XNNPACK).

    Raises UnsupportedError where LiteRT is not installed, or does not run the model.
    """
    if importlib.util.find_spec(PACKAGE) is None:
        raise UnsupportedError("LiteRT is not installed; install it with: pip install ai-edge-litert")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "model").write_bytes(model.file)
        (place / "all").write_bytes(with_all_outputs(model))
        np.savez(place / "inputs.npz", *inputs)
        _wait(model, [sys.executable, "-c", _MAIN, json.dumps(sys.path), folder, kernels])
        said = json.loads((place / "said.json").read_text(encoding="utf-8"))
        if "problem" in said:
            raise UnsupportedError(f"LiteRT does not run {model.name}: {shown(' '.join(said['problem'].split()))}")
        with np.load(place / "all.npz", allow_pickle=False) as found:
            values = {index: found[f"arr_{place}"] for place, index in enumerate(computed(model))}
        with np.load(place / "model.npz", allow_pickle=False) as found:
            plain = [found[f"arr_{place}"] for place in range(len(model.outputs))]
    pairs = zip(model.outputs, plain, strict=True)
    agree = all(index not in values or np.array_equal(values[index], one, equal_nan=True) for index, one in pairs)
    return LiteRtValues(said["version"], values, agree)


def _wait(model: Model, command: Sequence[str]) -> None:
    """Until the process is through; UnsupportedError where it does not end well."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=MOST_SECONDS, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        raise UnsupportedError(f"LiteRT takes more than {MOST_SECONDS} s for {model.name}") from None
    if done < 0:
        raise UnsupportedError(f"LiteRT was ended by {signal.Signals(-done).name} when it ran {model.name}")
    if done:
        raise UnsupportedError(f"LiteRT cannot be started (exit status {done})")


def main(folder: str, kernels: str) -> None:
    """In the process: run both files of the folder on its inputs, and leave their outputs there."""
    place = Path(folder)
    said: dict[str, str] = {}
    with np.load(place / "inputs.npz", allow_pickle=False) as found:
        inputs = [found[f"arr_{number}"] for number in range(len(found.files))]
    try:
        for name in ("all", "model"):
            np.savez(place / f"{name}.npz", *_outputs((place / name).read_bytes(), inputs, kernels))
        said["version"] = str(getattr(importlib.import_module(PACKAGE), "__version__", "")) or _installed()
    except (RuntimeError, ValueError) as error:
        said["problem"] = str(error)
    (place / "said.json").write_text(json.dumps(said), encoding="utf-8")


def _installed() -> str:
    return importlib.import_module("importlib.metadata").version("ai-edge-litert")  # type: ignore[no-any-return]


def _outputs(file: bytes, inputs: Sequence[Array], kernels: str) -> list[Array]:
    litert: Any = importlib.import_module(f"{PACKAGE}.interpreter")
    resolvers = litert.OpResolverType
    resolver = resolvers.BUILTIN_REF if kernels == "reference" else resolvers.AUTO
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = litert.Interpreter(model_content=file, experimental_op_resolver_type=resolver, num_threads=1)
    interpreter.allocate_tensors()
    for details, array in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(details["index"], array)
    interpreter.invoke()
    return [np.array(interpreter.get_tensor(details["index"])) for details in interpreter.get_output_details()]
