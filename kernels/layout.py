"""Number of a link order and object files → the object files in that order."""

import argparse
import hashlib
from collections.abc import Iterable
from pathlib import Path


def ordered(layout: int, objects: Iterable[str]) -> list[str]:
    """Layout 0 is the order of the names, 1 the reverse; the others are shuffled, in the same way everywhere."""
    by_name = sorted(objects, key=lambda path: Path(path).stem)
    if layout < 2:
        return by_name[:: -1 if layout else 1]
    return sorted(by_name, key=lambda path: hashlib.sha256(f"{layout} {Path(path).stem}".encode()).digest())


def main() -> None:
    """Print the object files named on the command line in the order of a layout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("layout", type=int)
    parser.add_argument("objects", nargs="+")
    arguments = parser.parse_args()
    print(*ordered(arguments.layout, arguments.objects))


if __name__ == "__main__":
    main()
