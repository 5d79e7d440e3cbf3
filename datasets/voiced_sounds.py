"""Synthetic voiced sounds: power spectrograms of harmonic tones with formants and a changing pitch.

Each sound lasts a second, has a pitch of 100 to 250 Hz that glides by up to 30 %, and harmonics that three moving
formants amplify; it swells and fades once. Each spectrogram is mapped to [0, 1] by its own minimum and maximum. So that
64 x 64 values span a second and 2 kHz, frames have 512 samples and follow each other by 250, in place of 1024 and 32.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.signals import stretched
from benchmark.loaders.spectrograms import spectrogram

KIND = "samples"
TITLE = "Voiced sounds"
LICENCE = "made by the suite"
CITATION = "made by the suite; after Fant, Acoustic Theory of Speech Production, 1960"
STANDS_IN_FOR = "the Speech Commands of the paper's Table 3"

RATE = 16000
FORMANTS = ((300, 800), (900, 2300), (2400, 3200))  # Hz, from lowest to highest
BANDWIDTH = 80


def load(folder: Path, *, clips: int = 40, size: int = 64, seed: int = 0) -> list[Item]:
    """Return the spectrograms as samples (clips x size x size, frequency x time); the size is at most 257.

    Whatever the size, they span the second, at 31 Hz a frequency.
    """
    rng = np.random.default_rng(seed)
    spectra = [spectrogram(voiced_sound(rng), size, fft=512, hop=RATE // size) for _ in range(clips)]
    return [Item("voiced_sounds", stretched(TITLE, np.stack(spectra)))]


def voiced_sound(rng: np.random.Generator) -> np.ndarray:
    """Return a second of a random voiced sound, shape (16000,)."""
    time = np.arange(RATE) / RATE
    pitch = rng.uniform(100, 250) * (1 + rng.uniform(-0.3, 0.3) * time)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    paths = [np.interp(time, (0, 1), rng.uniform(*limits, size=2)) for limits in FORMANTS]
    start, end = rng.uniform(0, 0.3), rng.uniform(0.6, 1)
    envelope = np.sin(np.pi * np.clip((time - start) / (end - start), 0, 1)) ** 2
    sound = np.zeros(RATE)
    for harmonic in range(1, 21):
        gain = sum(1 / (1 + ((harmonic * pitch - path) / BANDWIDTH) ** 2) for path in paths)
        sound += gain / harmonic * np.sin(harmonic * phase)
    return envelope * sound
