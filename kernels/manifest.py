"""Firmware files → MANIFEST.toml: what each was built from, by which compiler, with which flags."""

import argparse
import hashlib
import struct
from pathlib import Path

ROOT = Path(__file__).parent
BUILT_BY = ("Makefile", "kernels.ld", "layout.py")
HARD_FLOAT = 0x400  # EF_ARM_ABI_FLOAT_HARD in e_flags (Addenda to, and Errata in, the ABI for the Arm Architecture)


def source_sha256() -> str:
    """SHA-256 over name and content of every file that the firmware is built from, in order of their names."""
    digest = hashlib.sha256()
    files = [path for folder in ("Include", "Source") for path in (ROOT / folder).rglob("*.[ch]")]
    for path in sorted([*files, *(ROOT / name for name in BUILT_BY)], key=lambda path: path.relative_to(ROOT).parts):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def entry(elf: Path, isa: str, flags: str) -> str:
    """The table of one firmware file."""
    content = elf.read_bytes()
    (e_flags,) = struct.unpack_from("<I", content, 36)
    options = dict(flag.split("=", 1) for flag in flags.split() if flag.startswith(("-mcpu=", "-mfpu=")))
    fields = {
        "isa": isa,
        "cpu": options["-mcpu"],
        "float_abi": "hard" if e_flags & HARD_FLOAT else "soft",
        "fpu": options.get("-mfpu", "none"),
        "flags": flags,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return f'[firmware."{elf.name}"]\n' + "".join(f'{key} = "{value}"\n' for key, value in fields.items())


def entries(folder: Path, image: str, isa: str, flags: str) -> list[str]:
    """The tables of an image's files, layout 0 first."""
    others = sorted(folder.glob(f"{image}.*.elf"), key=lambda path: int(path.suffixes[-2][1:]))
    return [entry(path, isa, flags) for path in (folder / f"{image}.elf", *others)]


def main() -> None:
    """Write the manifest of the images named on the command line, whose files lie beside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", required=True, help="the compiler's version line")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("images", nargs="+", help="of each its name, instruction set and flags")
    arguments = parser.parse_args()
    named = iter(arguments.images)
    tables = [
        table
        for image, isa, flags in zip(named, named, named, strict=True)
        for table in entries(arguments.output.parent, image, isa, flags)
    ]
    head = f'source = "kernels"\nsource_sha256 = "{source_sha256()}"\ncompiler = "{arguments.compiler}"\n'
    arguments.output.write_text("\n".join([head, *tables]), encoding="utf-8")


if __name__ == "__main__":
    main()
