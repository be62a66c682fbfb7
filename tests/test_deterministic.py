"""The same input gives the same bytes of JSON in any process, but for the time at which a run was made."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from firmware_build import build

MODEL = Path(__file__).parents[1] / "models" / "digits_cnn.tflite"


def printed(hash_seed, *arguments):
    """What a command writes with strings hashed otherwise; of a run's time, only its place."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "mcusim", *arguments, "--json", "-"]
    text = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    created = json.loads(text).get("created")
    return text.replace(f'"created": "{created}"', '"created": ""')


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["profile", "memory", "exec"])
def test_two_processes_write_the_same_bytes(verb):
    what = {
        "profile": [str(MODEL), "--board", "nucleo_u575zi_q", "--why"],
        "memory": [str(MODEL), "--board", "nano33ble", "--watch"],
        "exec": [str(build("hal_style", "m4")), "--board", "nucleo_l4r5zi", "--send", "name%", "--until", "m-name-hal"],
    }[verb]
    assert printed("1", verb, *what) == printed("2", verb, *what)
