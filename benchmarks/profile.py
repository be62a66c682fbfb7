"""Time and memory of `mcusim profile` on the KWS model: first run after installation, the second, and an estimate.

Run it from the project's folder, with mcusim installed: python benchmarks/profile.py. The first run starts
with an empty Numba cache. Bare start-up of the same interpreter with the same packages is measured beside it. Wall
time is what the limits are for, and depends on what else the machine does; CPU time, of all processes together, does
so less, and their ratio to the bare start-up's least.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

COMMAND = [sys.executable, "-m", "mcusim", "profile", "models/kws_ds_cnn.tflite", "--board", "nano33ble"]
BARE = [sys.executable, "-c", "import numba, numpy, unicorn, capstone, rich, typer"]


@dataclass(frozen=True, slots=True, order=True)
class Spent:
    """Seconds of one command: by the clock, and of CPU time, user and system, of all its processes."""

    wall_s: float
    cpu_s: float

    def text(self, bare: Spent) -> str:
        """In columns."""
        return f"{self.wall_s:6.2f} s  CPU {self.cpu_s:6.2f} s, {self.cpu_s / bare.cpu_s:4.1f} × bare start-up"


def spent(command: list[str], environment: dict[str, str]) -> Spent:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall_s, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        bare = min(spent(BARE, environment) for _ in range(3))
        first = spent(COMMAND, environment)
        again = sorted(spent(COMMAND, environment) for _ in range(5))
        estimate = sorted(spent([*COMMAND, "--engine", "estimate"], environment) for _ in range(5))
        peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"importing the packages alone   {bare.text(bare)}")
    print(f"first run, empty cache         {first.text(bare)}   limit 12 s")
    print(f"second run, median of 5        {again[2].text(bare)}   limit 2.5 s")
    print(f"--engine estimate, likewise    {estimate[2].text(bare)}")
    print(f"peak memory of any of them     {peak_mb:6.0f} MB  limit 600 MB")
    print(f"load of the machine meanwhile  {os.getloadavg()[0]:6.1f} processes on {os.cpu_count()} CPUs")


if __name__ == "__main__":
    main()
