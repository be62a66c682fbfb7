"""A seed and a number of samples -> made-up RGB images: stick people among clutter, and ten kinds of coloured shapes.

A shape is a mask of 0…1 (its edge blurred over a pixel) made from a signed distance in pixels; images are painted
back to front. Coordinates are (y, x) in pixels, angles in radians.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Point = tuple[float, float]

PERSON_SIZE = 96
SHAPE_SIZE = 32


def _grid(size: int) -> tuple[Floats, Floats]:
    pixels = np.arange(size, dtype=np.float32)
    return pixels[:, np.newaxis], pixels[np.newaxis, :]


def _mask(distance: Floats) -> Floats:
    """Coverage 0…1 of each pixel from its signed distance to the edge (negative inside)."""
    return np.clip(0.5 - distance, 0.0, 1.0)


def _paint(image: Floats, mask: Floats, colour: Floats) -> None:
    image += mask[:, :, np.newaxis] * (colour - image)


def _capsule(size: int, start: Point, end: Point, radius: float) -> Floats:
    """A line from start to end with round ends."""
    y, x = _grid(size)
    run_y, run_x = end[0] - start[0], end[1] - start[1]
    length_2 = max(run_y**2 + run_x**2, 1e-6)
    along = np.clip(((y - start[0]) * run_y + (x - start[1]) * run_x) / length_2, 0.0, 1.0)
    return _mask(np.hypot(y - start[0] - along * run_y, x - start[1] - along * run_x) - radius)


def _towards(point: Point, angle: float, length: float) -> Point:
    """The point `length` from `point`, the angle measured from straight down."""
    return point[0] + length * float(np.cos(angle)), point[1] + length * float(np.sin(angle))


def _backdrop(size: int, rng: np.random.Generator) -> Floats:
    """A smooth change between four random colours."""
    corners = rng.uniform(0.0, 1.0, (2, 2, 3))
    ramp = np.linspace(0.0, 1.0, size)[:, np.newaxis, np.newaxis]
    left = corners[0, 0] * (1 - ramp) + corners[1, 0] * ramp
    right = corners[0, 1] * (1 - ramp) + corners[1, 1] * ramp
    across = ramp.reshape(1, size, 1)
    return (left * (1 - across) + right * across).astype(np.float32)


def _finish(image: Floats, rng: np.random.Generator) -> Floats:
    """Exposure and sensor noise, then the range 0…1 in steps of 1/255 as a camera gives it."""
    exposed = image * rng.uniform(0.7, 1.2) + rng.normal(0.0, rng.uniform(0.0, 0.06), image.shape)
    return np.round(np.clip(exposed, 0.0, 1.0) * 255.0).astype(np.float32) / 255.0


def _clutter(image: Floats, pieces: int, rng: np.random.Generator) -> None:
    """Blobs, bars and boxes, their colours halfway between the background's and a random one."""
    size = len(image)
    for _ in range(pieces):
        centre: Point = (float(rng.uniform(0, size)), float(rng.uniform(0, size)))
        extent = float(rng.uniform(3.0, 22.0))
        behind = image[int(centre[0]), int(centre[1])]
        colour = (behind + rng.uniform(0.0, 1.0, 3).astype(np.float32)) / 2
        kind = rng.integers(3)
        if kind == 0:
            y, x = _grid(size)
            stretch = rng.uniform(0.5, 2.0)
            _paint(image, _mask(np.hypot((y - centre[0]) * stretch, x - centre[1]) - extent * 0.6), colour)
        elif kind == 1:
            end = _towards(centre, rng.uniform(0.0, 2 * np.pi), 2.0 * extent)
            _paint(image, _capsule(size, centre, end, float(rng.uniform(1.0, 4.0))), colour)
        else:
            y, x = _grid(size)
            aside = np.maximum(np.abs(y - centre[0]) - extent * rng.uniform(0.3, 1.0), np.abs(x - centre[1]) - extent)
            _paint(image, _mask(aside), colour)


def _person(image: Floats, rng: np.random.Generator) -> None:
    """A standing or walking figure of 55…85 pixels: head, torso, two arms and two legs, each in two parts."""
    size = len(image)
    height = float(rng.uniform(55.0, 85.0))
    neck: Point = (float(rng.uniform(0.2, 0.35) * size), float(rng.uniform(0.25, 0.75) * size))
    skin = np.array([0.95, 0.75, 0.6], np.float32) * np.float32(rng.uniform(0.35, 1.0))
    shirt, trousers = rng.uniform(0.0, 1.0, (2, 3)).astype(np.float32)
    lean = float(rng.uniform(-0.15, 0.15))
    hip = _towards(neck, lean, 0.32 * height)
    for side in (-1.0, 1.0):
        thigh = lean + side * float(rng.uniform(0.05, 0.4))
        knee = _towards(hip, thigh, 0.24 * height)
        foot = _towards(knee, thigh - side * float(rng.uniform(0.0, 0.3)), 0.24 * height)
        _paint(image, _capsule(size, hip, knee, 0.05 * height), trousers)
        _paint(image, _capsule(size, knee, foot, 0.04 * height), trousers)
    shoulder = _towards(neck, lean, 0.06 * height)
    _paint(image, _capsule(size, shoulder, hip, 0.08 * height), shirt)
    for side in (-1.0, 1.0):
        upper = lean + side * float(rng.uniform(0.2, 1.6))
        start: Point = (shoulder[0], shoulder[1] + side * 0.06 * height)
        elbow = _towards(start, upper, 0.17 * height)
        hand = _towards(elbow, upper + side * float(rng.uniform(-0.4, 1.0)), 0.16 * height)
        _paint(image, _capsule(size, start, elbow, 0.035 * height), shirt)
        _paint(image, _capsule(size, elbow, hand, 0.028 * height), skin)
    head = _towards(neck, lean + np.pi, 0.07 * height)
    _paint(image, _capsule(size, head, neck, 0.065 * height), skin)


def people(samples: int, seed: int) -> tuple[Floats, Ints]:
    """Images [samples, 96, 96, 3] of 0…1 and labels [samples]: 0 clutter only, 1 a person among clutter, in turn."""
    rng = np.random.default_rng(seed)
    labels = np.arange(samples) % 2
    images = np.empty((samples, PERSON_SIZE, PERSON_SIZE, 3), np.float32)
    for sample, label in enumerate(labels):
        image = _backdrop(PERSON_SIZE, rng)
        _clutter(image, int(rng.integers(2, 7)), rng)
        if label == 1:
            _person(image, rng)
        else:
            _clutter(image, int(rng.integers(1, 6)), rng)
        images[sample] = _finish(image, rng)
    return images, labels


def _disc(y: Floats, x: Floats) -> Floats:
    return np.hypot(y, x) - 1.0


def _ring(y: Floats, x: Floats) -> Floats:
    return np.abs(np.hypot(y, x) - 0.75) - 0.25


def _square(y: Floats, x: Floats) -> Floats:
    return np.maximum(np.abs(y), np.abs(x)) - 0.85


def _frame(y: Floats, x: Floats) -> Floats:
    return np.abs(np.maximum(np.abs(y), np.abs(x)) - 0.7) - 0.2


def _triangle(y: Floats, x: Floats) -> Floats:
    return np.maximum(y - 0.6, np.abs(x) * 0.87 - y * 0.5 - 0.5)


def _plus(y: Floats, x: Floats) -> Floats:
    bar = np.maximum(np.abs(y) - 0.3, np.abs(x) - 1.0)
    return np.minimum(bar, np.maximum(np.abs(x) - 0.3, np.abs(y) - 1.0))


def _star(y: Floats, x: Floats) -> Floats:
    return np.hypot(y, x) - 0.7 - 0.35 * np.cos(5.0 * np.arctan2(x, -y))


def _crescent(y: Floats, x: Floats) -> Floats:
    return np.maximum(np.hypot(y, x) - 1.0, 0.8 - np.hypot(y, x - 0.55))


def _stripes(y: Floats, x: Floats) -> Floats:
    return np.maximum(_square(y, x), 0.3 * np.cos(9.0 * y))


def _checkers(y: Floats, x: Floats) -> Floats:
    return np.maximum(_square(y, x), 0.3 * np.sin(6.0 * y) * np.sin(6.0 * x))


# Signed distances in units of the shape's radius, about the origin; the order is that of the labels.
SHAPES: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "frame": _frame,
    "triangle": _triangle,
    "plus": _plus,
    "star": _star,
    "crescent": _crescent,
    "stripes": _stripes,
    "checkers": _checkers,
}


def shapes(samples: int, seed: int) -> tuple[Floats, Ints]:
    """Images [samples, 32, 32, 3] of 0…1 and labels [samples] in the order of SHAPES, the classes in turn."""
    rng = np.random.default_rng(seed)
    labels = np.arange(samples) % len(SHAPES)
    outlines = tuple(SHAPES.values())
    images = np.empty((samples, SHAPE_SIZE, SHAPE_SIZE, 3), np.float32)
    y, x = _grid(SHAPE_SIZE)
    for sample, label in enumerate(labels):
        image = _backdrop(SHAPE_SIZE, rng)
        radius = rng.uniform(7.0, 13.0)
        turn = rng.uniform(-0.35, 0.35)
        from_y, from_x = y - rng.uniform(12.0, 19.0), x - rng.uniform(12.0, 19.0)
        along_y = (from_y * np.cos(turn) - from_x * np.sin(turn)) / radius
        along_x = (from_y * np.sin(turn) + from_x * np.cos(turn)) / radius
        behind = image.mean(axis=(0, 1))
        # The colour keeps away from its background's by at least a third of the range in each channel.
        colour = np.mod(behind + rng.uniform(0.34, 0.66, 3), 1.0).astype(np.float32)
        _paint(image, _mask(outlines[label](along_y, along_x) * radius), colour)
        images[sample] = _finish(image, rng)
    return images, labels
