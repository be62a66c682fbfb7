"""Firmware files → MANIFEST.toml: what each was built from, by which compiler, with which flags."""

import argparse
import hashlib
import struct
from pathlib import Path

ROOT = Path(__file__).parent
HARD_FLOAT = 0x400  # EF_ARM_ABI_FLOAT_HARD in e_flags (Addenda to, and Errata in, the ABI for the Arm Architecture)


def source_sha256() -> str:
    """SHA-256 over name and content of every file that the firmware is built from, in order of their names."""
    digest = hashlib.sha256()
    files = [path for folder in ("Include", "Source") for path in (ROOT / folder).rglob("*.[ch]")]
    for path in sorted([*files, ROOT / "kernels.ld", ROOT / "Makefile"], key=lambda path: path.relative_to(ROOT).parts):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def entry(elf: Path, flags: str) -> str:
    """The table of one firmware file."""
    content = elf.read_bytes()
    (e_flags,) = struct.unpack_from("<I", content, 36)
    fpu = next((flag.removeprefix("-mfpu=") for flag in flags.split() if flag.startswith("-mfpu=")), "none")
    fields = {
        "isa": elf.stem,
        "float_abi": "hard" if e_flags & HARD_FLOAT else "soft",
        "fpu": fpu,
        "flags": flags,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return f'[firmware."{elf.name}"]\n' + "".join(f'{key} = "{value}"\n' for key, value in fields.items())


def main() -> None:
    """Write the manifest of the files named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", required=True, help="the compiler's version line")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("firmware", nargs="+", help="alternately an ELF file and the flags it was built with")
    arguments = parser.parse_args()
    pairs = zip(arguments.firmware[::2], arguments.firmware[1::2], strict=True)
    head = f'source = "kernels"\nsource_sha256 = "{source_sha256()}"\ncompiler = "{arguments.compiler}"\n'
    arguments.output.write_text("\n".join([head, *(entry(Path(elf), flags) for elf, flags in pairs)]), encoding="utf-8")


if __name__ == "__main__":
    main()
