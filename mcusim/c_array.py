"""C or C++ source → the bytes of the one array in it that is a TensorFlow Lite model."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcusim.errors import BadModelError

# A source takes up to six characters a byte of the model: room for models of 5 MB.
MAX_SOURCE_BYTES = 32 << 20
IDENTIFIER = b"TFL3"

# Comments and string literals, which may hold braces. Each alternative takes what it started even where its end is
# missing, so that no text is looked at twice.
_IGNORED = re.compile(rb"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:\\[^\n]|[^\"\\\n])*\"?", re.DOTALL)
_BODY = re.compile(rb"\{([^{}]*)\}")
_INTEGER = re.compile(rb"\s*(-?)(?:0[xX]([0-9a-fA-F]{1,16})|([1-9][0-9]{0,5})|(0[0-7]{0,6}))[uUlL]{0,3}\s*")
# Elements are converted a stretch at a time: a list of them all would take fifty times the model's size.
_STRETCH = 1 << 20


def _byte(element: bytes) -> int | None:
    """The byte that an element of the array stands for, in hex, decimal or octal; None if it is none."""
    match = _INTEGER.fullmatch(element)
    if not match:
        return None
    sign, hexadecimal, decimal, octal = match.groups()
    value = int(hexadecimal or decimal or octal, 16 if hexadecimal else 10 if decimal else 8)
    value = -value if sign else value
    return value & 0xFF if -128 <= value <= 255 else None


def _elements(body: bytes) -> bytes | None:
    """The bytes of an initializer list; None where it holds anything else."""
    body = body.strip().removesuffix(b",")
    found = bytearray()
    start = 0
    while start <= len(body):
        end = body.find(b",", start + _STRETCH)
        end = len(body) if end < 0 else end
        parts = body[start:end].split(b",")
        values = {part: _byte(part) for part in set(parts)}
        if None in values.values():
            return None
        found += bytes(values[part] or 0 for part in parts)
        start = end + 1
    return bytes(found)


def _models(source: bytes) -> Iterator[bytes]:
    """Bytes of each array that has a flatbuffer's identifier where it belongs."""
    for match in _BODY.finditer(_IGNORED.sub(b" ", source)):
        head = [_byte(part) for part in match[1][:_STRETCH].split(b",", 8)[4:8]]
        if head == list(IDENTIFIER):
            model = _elements(match[1])
            if model is not None:
                yield model


def model_bytes(source: bytes) -> bytes:
    """The flatbuffer in a source such as `alignas(16) const unsigned char g_model[] = {0x1c, 0x00, …};`.

    BadModelError where the source is too large or where not exactly one array is a TensorFlow Lite model.
    """
    if len(source) > MAX_SOURCE_BYTES:
        raise BadModelError(
            f"the C source has {len(source)} bytes; at most {MAX_SOURCE_BYTES} are read: give the .tflite file instead"
        )
    models = _models(source)
    model, another = next(models, None), next(models, None)
    if model is None:
        raise BadModelError(
            "neither a .tflite file nor a C source with an array of one: no array in it has TFL3 as bytes 4 to 7"
        )
    if another is not None:
        raise BadModelError("the C source holds more than one model: give it one array, or the .tflite file")
    return model
