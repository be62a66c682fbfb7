"""The process that compiles reference kernels ahead: what it compiles, and that nothing goes wrong without it."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

import pytest

import mcusim
from mcusim import compiling

MODEL = mcusim.load(Path(__file__).parents[1] / "models" / "digits_cnn.tflite")


@pytest.fixture
def always(monkeypatch):
    monkeypatch.setattr(compiling, "_is_new", lambda operator: True)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def script(tmp_path, text):
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.slow
def test_the_kernels_of_the_model_are_compiled(always, monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    with compiling.ahead(MODEL) as process:
        process.wait()
    compiled = {path.name.partition("-")[0] for path in tmp_path.rglob("*.nbi")}
    assert {"convolve.convolve_s8", "pooling._max_pool", "fully_connected.fully_connected_per_channel_s8"} <= compiled
    assert not {name for name in compiled if name.startswith(("observer.", "in_order."))}


@pytest.mark.parametrize("text", ["exit 1", "kill -9 $$", "cat > /dev/null"])
def test_one_that_fails_does_no_harm(always, monkeypatch, tmp_path, text):
    monkeypatch.setattr(sys, "executable", script(tmp_path, text))
    with compiling.ahead(MODEL) as process:
        process.wait()
        process.wait()


@pytest.mark.parametrize("executable", ["", None, "/nowhere/python"])
def test_none_where_there_is_no_python_to_start(always, monkeypatch, executable):
    monkeypatch.setattr(sys, "executable", executable)
    with compiling.ahead(MODEL) as process:
        assert process._process is None
        process.wait()


def test_one_that_hangs_is_ended(always, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", script(tmp_path, "exec sleep 600"))
    monkeypatch.setattr(compiling, "MOST_SECONDS", 0.05)
    with compiling.ahead(MODEL) as process:
        started = process._process
        process.wait()
    assert started.returncode is not None


def test_nothing_is_left_of_one_that_nobody_waits_for(always, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", script(tmp_path, "exec sleep 600"))

    def fail():
        with compiling.ahead(MODEL) as process:
            started.append(process._process)
            raise ValueError("of the emulation")

    started = []
    with pytest.raises(ValueError, match="of the emulation"):
        fail()
    assert started[0].returncode is not None


def test_none_where_all_is_compiled_or_another_process_has_the_other_cpu(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(compiling, "_is_new", lambda operator: False)
    assert not compiling._is_worthwhile(MODEL)
    monkeypatch.setattr(compiling, "_is_new", lambda operator: True)
    assert compiling._is_worthwhile(MODEL)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: object())
    assert not compiling._is_worthwhile(MODEL)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: None)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert not compiling._is_worthwhile(MODEL)


def test_a_module_is_new_as_long_as_nothing_of_it_is_on_disk(monkeypatch, tmp_path):
    from mcusim.ops import var_handle

    compiling.compile_kernels(MODEL)
    assert not compiling._is_new(mcusim.ops.OPERATORS["CONV_2D"])
    assert not compiling._is_new(var_handle)  # has no kernels
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    assert compiling._is_new(mcusim.ops.OPERATORS["CONV_2D"])
