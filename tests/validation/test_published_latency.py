"""Published latencies with CMSIS-NN kernels on NUCLEO-L4R5ZI beside mcusim's cycles for the same networks.

The published rows have another version of the kernels, another compiler, a runtime around them, and flash with five
wait states; mcusim simulates none of these yet, so that the differences bound its figure and do not validate it.
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
    "EdgeMark TinyMLPerf_AE": "ad01_int8",
    "EdgeMark TinyMLPerf_ResNet": "pretrainedResnet_quant",
    "EdgeMark TinyMLPerf_DS_CNN": "kws_ref_model",
}


@pytest.fixture(scope="module")
def spread(reference_data):
    """(least, most) difference in percent of the published cycles to mcusim's, of each framework and repository."""
    board = mcusim.load_board("nucleo_l4r5zi")
    cycles = {}
    for name in set(MODELS.values()):
        model = mcusim.load(reference_data / "models" / f"{name}.tflite")
        cycles[name] = mcusim.run(mcusim.plan(model, board)).totals.cycles
    found = {}
    with (reference_data / "measured" / "latency.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if "L4R5ZI" not in row["board"].upper() or "CMSIS" not in row["kernel_lib"] or row["model"] not in MODELS:
                continue
            framework = row["framework"].split()[0]
            key = (framework, row["source_repo"].split("/")[1]) if framework == "TFLM" else (framework, "")
            ratio = float(row["cycles_derived"]) / cycles[MODELS[row["model"]]]
            found.setdefault(key, []).append(100 * (ratio - 1))
    return {key: (round(min(rows)), round(max(rows))) for key, rows in found.items()}


@pytest.mark.parametrize(
    "words, key",
    [
        ("EdgeMark", ("TFLM", "EdgeMark")),
        ("MLPerf Tiny v0.5", ("TFLM", "tiny_results_v0.5")),
        ("microTVM", ("microTVM", "")),
        ("ONNC", ("ONNC", "")),
    ],
)
def test_the_readme_states_the_spread(spread, words, key):
    text = " ".join(README.read_text(encoding="utf-8").split())
    least, most = re.search(rf"{re.escape(words)}[^%]*?([+-]\d+) to ([+-]\d+) %", text).groups()
    assert spread[key] == (int(least), int(most))


def test_every_row_is_of_a_framework_that_the_readme_names(spread):
    assert len(spread) == 4
