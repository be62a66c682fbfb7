"""A seed → requests of buffers, as graphs have them and as they never do."""

from mcusim.runtime import Request


def random_requests(rng, most=12):
    """Up to so many buffers over a few moments, multiples of 16; some unused (−1, −1), some of equal size."""
    count, moments = int(rng.integers(0, most + 1)), int(rng.integers(1, 10))
    first = rng.integers(0, moments, count)
    last = first + rng.geometric(0.4, count) - 1
    sizes = 16 * rng.integers(1, 1 + int(rng.choice([3, 40, 4000])), count)
    unused = rng.random(count) < 0.02
    return [
        Request(size, -1, -1) if idle else Request(size, begin, end)
        for size, begin, end, idle in zip(*(column.tolist() for column in (sizes, first, last, unused)), strict=True)
    ]
