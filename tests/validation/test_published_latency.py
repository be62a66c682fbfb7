"""Published latencies of TensorFlow Lite Micro with CMSIS-NN on NUCLEO-L4R5ZI beside mcusim's lower bound.

The published rows have another version of the kernels, another compiler, the interpreter, and flash with five wait
states; mcusim has none of these yet, so they bound its figure and do not validate it.
"""

import csv
import re
from pathlib import Path

import pytest

import mcusim

README = Path(__file__).parents[2] / "README.md"
MODELS = {
    "MLPerf-Tiny ad": "ad01_int8",
    "MLPerf-Tiny ic": "pretrainedResnet_quant",
    "MLPerf-Tiny kws": "kws_ref_model",
    "TinyMLPerf_AE": "ad01_int8",
    "TinyMLPerf_ResNet": "pretrainedResnet_quant",
    "TinyMLPerf_DS_CNN": "kws_ref_model",
}


@pytest.fixture(scope="module")
def excess_percent(reference_data):
    """How much longer the published inference takes, by (repository, model)."""
    board = mcusim.load_board("nucleo_l4r5zi")
    cycles = {}
    for name in set(MODELS.values()):
        model = mcusim.load(reference_data / "models" / f"{name}.tflite")
        cycles[name] = mcusim.run(mcusim.plan(model, board)).totals.cycles
    found = {}
    with (reference_data / "measured" / "latency.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            published = next((mine for theirs, mine in MODELS.items() if row["model"].endswith(theirs)), None)
            is_ours = "L4R5ZI" in row["board"].upper() and row["framework"] == "TFLM" and "CMSIS" in row["kernel_lib"]
            if is_ours and published and row["metric"].startswith("latency"):
                key = row["source_repo"], row["model"]
                found[key] = 100 * (float(row["cycles_derived"]) / cycles[published] - 1)
    return found


def test_every_published_latency_is_above_the_lower_bound(excess_percent):
    assert len(excess_percent) == 6
    assert all(excess > 0 for excess in excess_percent.values()), excess_percent


@pytest.mark.parametrize("source", ["EdgeMark", "MLPerf Tiny v0.5"])
def test_the_readme_states_the_spread(excess_percent, source):
    least, most = re.search(rf"{source}[^.]*?(\d+) to (\d+) %", README.read_text(encoding="utf-8")).groups()
    repository = {"EdgeMark": "Black3rror/EdgeMark", "MLPerf Tiny v0.5": "mlcommons/tiny_results_v0.5"}[source]
    excess = [value for (repo, _), value in excess_percent.items() if repo == repository]
    assert (round(min(excess)), round(max(excess))) == (int(least), int(most))
