"""Wall time and memory of `mcusim profile` on the KWS model: first run after installation, and the second.

Run it from the project's folder, with mcusim installed: python benchmarks/profile.py. The first run starts
with an empty Numba cache. Bare start-up of the same interpreter with the same packages is measured beside it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time

COMMAND = [sys.executable, "-m", "mcusim", "profile", "models/kws_ds_cnn.tflite", "--board", "nano33ble"]
BARE = [sys.executable, "-c", "import numba, numpy, unicorn, capstone, rich, typer"]


def wall_s(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        bare_s = min(wall_s(BARE, environment) for _ in range(3))
        first_s = wall_s(COMMAND, environment)
        again = sorted(wall_s(COMMAND, environment) for _ in range(5))
        peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"importing the packages alone   {bare_s:6.2f} s")
    print(f"first run, empty cache         {first_s:6.2f} s   limit 12 s")
    print(f"second run, median of 5        {again[2]:6.2f} s   limit 2.5 s   {again[2] / bare_s:.1f} × bare start-up")
    print(f"peak memory of any of them     {peak_mb:6.0f} MB  limit 600 MB")


if __name__ == "__main__":
    main()
