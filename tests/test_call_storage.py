"""Names of saved calls: the next number, and which file a name means."""

import pytest

from mcusim.call_storage import check_name, find, next_path
from mcusim.errors import BadInputError


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / ".mcusim"
    folder.mkdir()
    for name in ("0001_main.json", "0002_fast.json", "0010_main.json", "baseline.json", "0011_x.txt"):
        (folder / name).write_text("{}", encoding="utf-8")
    return folder


def test_numbers_rise(folder, tmp_path):
    assert next_path(folder, "main").name == "0011_main.json"
    assert next_path(tmp_path / "none", "main").name == "0001_main.json"


@pytest.mark.parametrize(
    "name, file",
    [
        ("latest", "0010_main.json"),
        ("main", "0010_main.json"),
        ("fast", "0002_fast.json"),
        ("2", "0002_fast.json"),
        ("0001", "0001_main.json"),
        ("0001_main", "0001_main.json"),
        ("baseline.json", "baseline.json"),
    ],
)
def test_what_a_name_means(folder, name, file):
    assert find(folder, name).name == file


def test_a_path_is_a_path(folder, tmp_path):
    assert find(folder, str(tmp_path / "x.json")) == tmp_path / "x.json"
    with pytest.raises(BadInputError, match="has no saved calls 'slow'; it has 0001_main, 0002_fast, 0010_main"):
        find(folder, "slow")
    with pytest.raises(BadInputError, match="it has nothing"):
        find(tmp_path / "none", "latest")
    with pytest.raises(BadInputError, match="--mcu-save=NAME"):
        check_name("tests/test_dot.py")
