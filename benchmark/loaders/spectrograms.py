"""Power spectrograms of sounds, as the script of the DeepTensor authors takes them for the paper's Table 3."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal.windows import hann

WINDOW = 512


def spectrogram(sound: np.ndarray, size: int, *, fft: int = 1024, hop: int = 32) -> np.ndarray:
    """Return the power spectrogram (frequency x time, `size` x `size`) of samples in time, shape (t,).

    A periodic Hann window of 512 samples stands in the middle of frames of `fft` samples, whose centres follow each
    other by `hop` samples from the first sample on; beyond its ends the sound is reflected. Kept are the lowest
    frequencies and the frames in the middle: of 16000 samples the 500 of 501 that the script keeps are the first.

    Raises ValueError if the sound has fewer frames or the transform fewer frequencies than `size`.
    """
    frequencies, frames = fft // 2 + 1, len(sound) // hop + 1
    if not 1 <= size <= min(frequencies, frames):
        raise ValueError(
            f"size {size} of a spectrogram of {frequencies} frequencies and {frames} frames: "
            f"give 1 to {min(frequencies, frames)}"
        )
    first = (frames - size) // 2
    padded = np.pad(sound.astype(np.float64), fft // 2, mode="reflect")
    chosen = sliding_window_view(padded, fft)[::hop][first : first + size]
    margin = (fft - WINDOW) // 2
    window = np.pad(hann(WINDOW, sym=False), margin)
    return np.abs(np.fft.rfft(chosen * window)[:, :size].T) ** 2
