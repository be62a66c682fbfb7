import json
from pathlib import Path

import pytest

from mcusim.cli import main

MODELS = Path(__file__).parents[1] / "models"
KWS, AD = str(MODELS / "kws_ds_cnn.tflite"), str(MODELS / "ad_autoencoder.tflite")


def run(capsys, *arguments):
    status = main(["memory", *arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_a_heap_that_lasts(capsys):
    status, out, err = run(capsys, "--soak", "--workload", "freertos", "--hours", "1")
    assert (status, err) == (0, "")
    assert "ran 1.00 hours without a failure (seed 1)" in " ".join(out.split())


def test_a_heap_that_fails_is_status_1_and_a_line(capsys):
    status, out, err = run(capsys, "--soak", "--workload", "camera_ov7675", "--hours", "1")
    assert status == 1
    assert out.startswith("camera_ov7675")
    assert err.startswith("mcusim: camera_ov7675 on newlib-nano: after 3.02 minutes")
    assert "although" in err
    assert err.count("\n") == 1


def test_json_can_be_made_again_from_its_command(capsys):
    status, out, _ = run(
        capsys,
        "--soak",
        "--workload",
        "freertos",
        "--hours",
        "1",
        "--heap",
        "tlsf",
        "--heap-bytes",
        "24576",
        "--seed",
        "5",
        "--json",
    )
    document = json.loads(out)
    assert (status, document["heap"]["name"], document["runs"][0]["seed"]) == (0, "tlsf", 5)
    words = document["command"].split()
    assert words[:2] == ["mcusim", "memory"]
    assert json.loads(run(capsys, *words[2:], "--json")[1]) == document


def test_on_a_board_beside_a_model(capsys):
    status, out, _ = run(capsys, KWS, "--soak", "--workload", "freertos", "--hours", "1", "--board", "nano33ble")
    assert status == 0
    assert "kws_ds_cnn: a static arena of 22,736 bytes" in out
    assert f"from {0x20000000 + 22736:#010x}" in out


def test_a_board_too_small(capsys):
    options = ("--soak", "--workload", "freertos", "--heap-bytes", "16000000", "--board", "nano33ble")
    status, out, err = run(capsys, KWS, *options)
    assert (status, out) == (1, "")
    assert f"needs {16_000_000 + 22_736 - 262_144:,} bytes more than" in err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--soak"], "--soak needs --workload NAME or FILE.toml"),
        (["--soak", "--workload", "free"], "unknown workload 'free'; did you mean 'freertos'? known: audio_kws, bare"),
        (["--soak", "--workload", "none.toml"], "cannot read none.toml"),
        (["--soak", "--workload", "bare", "--heap", "x"], "unknown heap 'x'; known: heap_4, newlib_nano"),
        (["--soak", "--workload", "bare", "--heap-bytes", "-8"], "too small"),
        (["--soak", "--workload", "bare", "--days", "0"], "expected more than 0"),
        (["--soak", "--workload", "bare", "--days", "nan"], "expected more than 0"),
        (["--soak", "--workload", "bare", "--hours", "-1"], "expected more than 0"),
        (["--soak", "--workload", "bare", "--days", "1", "--hours", "1"], "give one of them"),
        (["--soak", "--workload", "bare", "--seeds", "0"], "expected 1 to"),
        (["--soak", "--workload", "bare", "--board", "nano34"], "unknown board"),
        (["--soak", "--workload", "bare", "--format", "xml"], "unknown format 'xml'; known: text, json, csv"),
        (["--soak", "--workload", "audio_kws", "--days", "30000"], "give fewer --days"),
        ([KWS, "--days", "3"], "--days says something about a heap over time; give --soak with it"),
        ([], "a model is missing"),
    ],
)
def test_bad_usage_is_status_2_and_a_line(capsys, arguments, expected):
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert expected in err
    assert err.count("\n") == 1


def test_a_bad_file_is_status_2_and_a_line(capsys, tmp_path):
    path = tmp_path / "w.toml"
    path.write_text('name = "w"\ntitle = "t"\nheap = "heap_4"\nheap_bytes = 4096\n[[trace]]\nat_s = 1\nfree = "a"\n')
    status, out, err = run(capsys, "--soak", "--workload", str(path))
    assert (status, out) == (2, "")
    assert err == f"mcusim: error: {path}: trace[0]: frees 'a', which was never allocated\n"


def test_several_models_in_one_arena(capsys):
    status, out, _ = run(capsys, KWS, "--with", AD)
    assert status == 0
    assert "all, in one arena" in out
    document = json.loads(run(capsys, KWS, "--with", AD, "--json")[1])
    assert document["smallest_bytes"] < document["apart_bytes"]
    assert [row["name"] for row in document["models"]] == ["kws_ds_cnn", "ad_autoencoder"]
