"""Speech Commands v0.01: power spectrograms of spoken words of one second, 500 frequencies x 500 frames.

The clips are the first of full length, 16000 samples, in the order of their names: in the registry's ten clips a word,
those of "bed", "bird", "cat", "dog" and "down". Each spectrogram is mapped to [0, 1] by its own minimum and maximum, as
in the paper's Table 3. For another copy, name its folder of one sub-folder a word as `path`.
"""

from itertools import islice
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from benchmark.contract import Item
from benchmark.loaders.files import own_path
from benchmark.loaders.signals import stretched
from benchmark.loaders.spectrograms import spectrogram
from deeptensor.images import is_hidden

KIND = "samples"
TITLE = "Speech Commands"
LICENCE = "CC BY 4.0"
CITATION = "Warden: Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition. arXiv 1804.03209, 2018"
STANDS_IN_FOR = "Speech Commands v0.02, very likely the source of the paper's Table 3, which cannot be had"

RATE = 16000


def load(folder: Path, *, clips: int = 40, size: int = 500, path: str | None = None) -> list[Item]:
    """Return the spectrograms as samples (clips x size x size): the lowest frequencies, the frames in the middle."""
    root = folder if path is None else own_path(path)
    sounds = (read_sound(file) for file in sorted(root.glob("*/*.wav")) if not is_hidden(file))
    full = list(islice((sound for rate, sound in sounds if rate == RATE and sound.shape == (RATE,)), clips))
    if len(full) < clips:
        raise ValueError(f"{root}: {len(full)} clips */*.wav of one second, mono, at {RATE} Hz; {clips} are needed")
    return [Item("speech", stretched(TITLE, np.stack([spectrogram(sound, size) for sound in full])))]


def read_sound(file: Path) -> tuple[int, np.ndarray]:
    """Return the rate [Hz] and the samples (t,) of a sound, with more channels (t, c); a damaged file is named."""
    try:
        return wavfile.read(file)
    except Exception as error:  # of many kinds
        raise ValueError(f"{file} cannot be read: {error}; replace the file, or take it away") from error
