"""Every recipe -> every model of models/ and MODELS.toml: runs the scripts beside this file one after another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = ("ad_autoencoder", "digits_cnn", "ic_resnet8", "kws_ds_cnn", "vww_mobilenet_v1_025")


def main() -> None:
    # A process each: a model made alone and one made here have the same random numbers.
    for name in SCRIPTS:
        subprocess.run([sys.executable, Path(__file__).with_name(f"{name}.py")], check=True)


if __name__ == "__main__":
    main()
