"""A minimal 32-bit Arm ELF file with the segments that a test asks for."""

import struct


def elf(segments, entry=0x08000001):
    """Segments as (load address, run address, content, bytes in memory); no sections but the empty one."""
    names = b"\0.shstrtab\0"
    head, offset = [], 52 + 32 * len(segments)
    body = b""
    for load, run, content, size in segments:
        head.append(struct.pack("<8I", 1, offset + len(body), run, load, len(content), size, 7, 4))
        body += content
    section_at = offset + len(body) + len(names)
    sections = bytes(40) + struct.pack("<10I", 1, 3, 0, 0, offset + len(body), len(names), 0, 0, 1, 0)
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, entry, 52, section_at, 0x5000200, 52, 32, len(segments), 40, 2, 1)
    return header + b"".join(head) + body + names + sections
