"""A shared library of kernels and calls of them on standard input → what each returns and writes, on standard output.

A program of its own: the address sanitizer has to be loaded before everything else.
"""

from __future__ import annotations

import ctypes
import pickle
import struct
import sys

C = ctypes.CDLL(None)
C.malloc.restype = ctypes.c_void_p
C.malloc.argtypes = (ctypes.c_size_t,)
C.free.argtypes = (ctypes.c_void_p,)


def serve(path, calls, results):
    """Each call: its function, the buffers as (bytes to leave free before them, content), the arguments."""
    library = ctypes.CDLL(path)
    while True:
        try:
            symbol, buffers, arguments = pickle.load(calls)
        except EOFError:
            return
        pickle.dump(_call(library, symbol, buffers, arguments), results)
        results.flush()


def _call(library, symbol, buffers, arguments):
    blocks = [C.malloc(before + len(content)) for before, content in buffers]
    addresses = [block + before for block, (before, _) in zip(blocks, buffers, strict=True)]
    for address, (_, content) in zip(addresses, buffers, strict=True):
        ctypes.memmove(address, content, len(content))
    kept = []
    result = library[symbol](*[_argument(one, addresses, kept) for one in arguments])
    contents = [ctypes.string_at(at, len(content)) for at, (_, content) in zip(addresses, buffers, strict=True)]
    for block in (*blocks, *kept):
        C.free(block)
    return result, contents


def _argument(one, addresses, kept):
    kind, value = one
    if kind == "integer":
        return ctypes.c_int32(value)
    if kind == "float":
        return ctypes.c_float(value)
    return ctypes.c_void_p(_address(kind, value, addresses, kept))


def _address(kind, value, addresses, kept):
    """A null pointer, a place in a buffer or a structure: a block of its own, so that reading beyond it is seen."""
    if kind == "null":
        return None
    if kind == "buffer":
        number, offset = value
        return addresses[number] + offset
    content = _laid_out(value, addresses, kept)
    kept.append(C.malloc(len(content)))
    ctypes.memmove(kept[-1], content, len(content))
    return kept[-1]


def _laid_out(members, addresses, kept):
    """The bytes of a structure as this machine has it: integers of 4 bytes, pointers of 8, structures within it."""
    content, widest = b"", 4
    for kind, value in members:
        if kind == "members":
            part, size = _laid_out(value, addresses, kept), 8
        elif kind == "integer":
            part, size = struct.pack("<I", value & 0xFFFFFFFF), 4
        else:
            part, size = struct.pack("<Q", _address(kind, value, addresses, kept) or 0), 8
        content += bytes(-len(content) % size) + part
        widest = max(widest, size)
    return content + bytes(-len(content) % widest)


if __name__ == "__main__":
    serve(sys.argv[1], sys.stdin.buffer, sys.stdout.buffer)
