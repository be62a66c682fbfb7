"""A seed and a number of samples -> made-up audio features: spoken-command MFCCs and log-mel frames of a machine's hum.

Sounds are made as power spectra, a frame at a time, never as waveforms: harmonics of a pitch under moving formants for
speech, lines at multiples of a shaft's speed for a machine, both over exponentially distributed noise (the power of
Gaussian noise in one bin of a Fourier transform). All frequencies in Hz.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

SAMPLE_RATE_HZ = 16_000

# Keyword spotting: 1 s in 49 frames of 30 ms every 20 ms, 40 mel bands of 20…4000 Hz, 10 cepstral coefficients,
# and MLPerf Tiny's order of classes: ten words, then silence, then any other word.
KWS_FRAMES = 49
KWS_FRAME_S = 0.02
KWS_COEFFICIENTS = 10
WORDS = 10
SILENCE = 10
UNKNOWN = 11
KWS_CLASSES = 12

# Anomaly detection: windows of 5 frames of 128 mel bands of 0…8000 Hz; a frame is 64 ms, every 32 ms.
AD_FRAMES = 5
AD_BANDS = 128
AD_INPUTS = AD_FRAMES * AD_BANDS


def mel_filters(bands: int, bins: int, low_hz: float, high_hz: float) -> Floats:
    """Triangular filters [bins, bands], mel = 2595·log10(1 + f/700); the bins are evenly spaced up to 8 kHz."""

    def to_mel(frequency_hz: float) -> float:
        return float(2595.0 * np.log10(1.0 + frequency_hz / 700.0))

    edges = 700.0 * (10.0 ** (np.linspace(to_mel(low_hz), to_mel(high_hz), bands + 2) / 2595.0) - 1.0)
    frequencies = np.linspace(0.0, SAMPLE_RATE_HZ / 2, bins)[:, np.newaxis]
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def _cosines(inputs: int, outputs: int) -> Floats:
    """The DCT-II as a matrix [inputs, outputs], orthonormal."""
    phase = np.pi * (np.arange(inputs)[:, np.newaxis] + 0.5) * np.arange(outputs) / inputs
    matrix = np.cos(phase) * np.sqrt(2.0 / inputs)
    matrix[:, 0] /= np.sqrt(2.0)
    return matrix.astype(np.float32)


def _random_word(rng: np.random.Generator) -> NDArray[np.float64]:
    """2 or 3 syllables [n, 6]: first and second formant at start and end, hiss of the onset, relative length."""
    syllables = int(rng.integers(2, 4))
    first = rng.uniform(250.0, 900.0, (syllables, 2))
    second = rng.uniform(950.0, 2800.0, (syllables, 2))
    hiss = rng.choice([0.0, 0.0, 1.0], (syllables, 1))
    return np.concatenate([first, second, hiss, rng.uniform(0.6, 1.4, (syllables, 1))], axis=1)


def _vocabulary() -> list[NDArray[np.float64]]:
    rng = np.random.default_rng(2)
    return [_random_word(rng) for _ in range(WORDS)]


def _say(word: NDArray[np.float64], rng: np.random.Generator, frequencies_hz: Floats) -> NDArray[np.float64]:
    """One utterance's power spectrum [frames, bins], speaker, speed, moment and loudness drawn at random."""
    duration_s = rng.uniform(0.45, 0.8)
    start_s = rng.uniform(0.0, 0.95 - duration_s)
    progress = (np.arange(KWS_FRAMES) * KWS_FRAME_S - start_s) / duration_s
    ends = np.cumsum(word[:, 5]) / np.sum(word[:, 5])
    syllable = np.minimum(np.searchsorted(ends, progress), len(word) - 1)
    begins = np.concatenate([[0.0], ends[:-1]])
    within = np.clip((progress - begins[syllable]) / (ends - begins)[syllable], 0.0, 1.0)
    vocal_tract = rng.uniform(0.88, 1.12)
    spoken = word[syllable]
    envelope = np.zeros((KWS_FRAMES, len(frequencies_hz)))
    for column, width_hz, gain in ((0, 90.0, 1.0), (2, 140.0, 0.5)):
        formant = vocal_tract * (spoken[:, column] * (1 - within) + spoken[:, column + 1] * within)
        envelope += gain / (1.0 + ((frequencies_hz - formant[:, np.newaxis]) / width_hz) ** 2)
    pitch_hz = rng.uniform(90.0, 240.0) * (1.0 + rng.uniform(-0.25, 0.25) * progress)
    harmonics = 0.05 + np.cos(np.pi * frequencies_hz / pitch_hz[:, np.newaxis]) ** 8
    loudness = np.where((progress >= 0) & (progress <= 1), np.sin(np.pi * within) ** 2 + 0.02, 0.0)
    onset = spoken[:, 4] * np.exp(-((within / 0.25) ** 2)) * ((progress >= 0) & (progress <= 1))
    hiss = 0.3 * onset[:, np.newaxis] / (1.0 + np.exp((2500.0 - frequencies_hz) / 300.0))
    return (envelope * harmonics * loudness[:, np.newaxis] + hiss) * 10.0 ** rng.uniform(-0.5, 0.5)


def spoken_commands(samples: int, seed: int) -> tuple[Floats, Ints]:
    """Features [samples, 49, 10, 1] (MFCCs divided by 10, about −5…5) and labels [samples], the classes in turn."""
    rng = np.random.default_rng(seed)
    vocabulary = _vocabulary()
    bins = 257
    frequencies_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, bins, dtype=np.float32)
    filters = mel_filters(40, bins, 20.0, 4000.0)
    cosines = _cosines(40, KWS_COEFFICIENTS)
    labels = np.arange(samples) % KWS_CLASSES
    features = np.empty((samples, KWS_FRAMES, KWS_COEFFICIENTS, 1), np.float32)
    for sample, label in enumerate(labels):
        colour = (1.0 + frequencies_hz / 500.0) ** -rng.uniform(0.0, 1.5)
        power = np.tile(10.0 ** rng.uniform(-4.0, -1.7) * colour, (KWS_FRAMES, 1))
        if label != SILENCE:
            word = vocabulary[label] if label < WORDS else _random_word(rng)
            power = power + _say(word, rng, frequencies_hz)
        power = power * rng.exponential(1.0, power.shape)
        features[sample, :, :, 0] = np.log(power @ filters + 1e-6) @ cosines / 10.0
    return features, labels


def _fault_power(
    fault: str, strength: float, frequencies_hz: NDArray[np.float64], shaft_hz: NDArray[np.float64]
) -> NDArray[np.float64] | float:
    """What a fault adds to the power spectrum [frames, bins] of a machine whose shaft turns at shaft_hz [frames]."""
    if fault == "bearing":
        between = np.exp(-(((frequencies_hz / shaft_hz[:, np.newaxis]) % 1.0 - 0.57) ** 2) / 0.005)
        return strength * 0.03 * between * np.exp(-(((frequencies_hz - 3200.0) / 900.0) ** 2))
    if fault == "leak":
        return strength * 0.01 / (1.0 + np.exp((5200.0 - frequencies_hz) / 200.0))
    return 0.0


def _machine(
    frames: int, fault: str, rng: np.random.Generator, frequencies_hz: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One clip's power spectrum [frames, bins]; its speed, load and noise are drawn at random."""
    orders = np.arange(1, 41)
    order_db = np.random.default_rng(3).normal(0.0, 5.0, len(orders)) - 0.5 * orders
    shaft_hz = rng.uniform(110.0, 125.0) * (1.0 + 0.004 * rng.standard_normal(frames))
    load_db = rng.uniform(-3.0, 3.0) + 0.5 * rng.standard_normal(frames)
    line_db = order_db + load_db[:, np.newaxis] + rng.normal(0.0, 0.5, (frames, len(orders)))
    floor = 10.0 ** rng.uniform(-2.3, -1.9) * (1.0 + frequencies_hz / 1000.0) ** -1.0
    strength = rng.uniform(0.5, 1.5)
    power = np.tile(floor, (frames, 1)) + _fault_power(fault, strength, frequencies_hz, shaft_hz)
    if fault == "imbalance":
        line_db[:, :3] += 8.0 * strength
    for order in orders:
        distance = (frequencies_hz - order * shaft_hz[:, np.newaxis]) / 12.0
        power += 10.0 ** (line_db[:, order - 1 : order] / 10.0) * np.exp(-0.5 * distance**2)
    return power * rng.gamma(4.0, 0.25, power.shape)


def machine_hum(clips: int, windows: int, faults: Sequence[str], seed: int) -> Floats:
    """Log-mel windows [clips, windows, 640] of one kind of machine, about −3…3; clip i has fault i mod len(faults).

    A clip is one machine at one load: lines at multiples of the shaft's speed, with a spectrum that is always the
    same, over broadband noise. Faults: "none"; "bearing", lines between the shaft's and a lifted resonance;
    "imbalance", the lowest three lines much stronger; "leak", a band of hiss.
    """
    rng = np.random.default_rng(seed)
    bins = 513
    frequencies_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, bins)
    filters = mel_filters(AD_BANDS, bins, 0.0, SAMPLE_RATE_HZ / 2)
    result = np.empty((clips, windows, AD_INPUTS), np.float32)
    for clip in range(clips):
        power = _machine(windows + AD_FRAMES - 1, faults[clip % len(faults)], rng, frequencies_hz)
        decibels = 10.0 * np.log10(power @ filters + 1e-6)
        for frame in range(AD_FRAMES):
            columns = slice(frame * AD_BANDS, (frame + 1) * AD_BANDS)
            result[clip, :, columns] = (decibels[frame : frame + windows] + 12.0) / 8.0
    return result
