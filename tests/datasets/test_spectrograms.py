"""Spectrograms agree with those of torch, which the script of the DeepTensor authors uses by way of torchaudio."""

import numpy as np
import pytest
import torch

from benchmark.loaders.spectrograms import spectrogram

SOUND = np.random.default_rng(0).standard_normal(4000)


def by_torch(sound: np.ndarray, fft: int, hop: int) -> np.ndarray:
    transform = torch.stft(
        torch.from_numpy(sound),
        n_fft=fft,
        hop_length=hop,
        win_length=512,
        window=torch.hann_window(512, periodic=True, dtype=torch.float64),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )
    return (transform.abs() ** 2).numpy()


@pytest.mark.parametrize(("fft", "hop"), [(1024, 32), (512, 250)])
def test_a_spectrogram_is_that_of_torch_cropped_to_low_frequencies_and_middle_frames(fft, hop):
    whole, size = by_torch(SOUND, fft, hop), 16
    first = (whole.shape[1] - size) // 2
    np.testing.assert_allclose(
        spectrogram(SOUND, size, fft=fft, hop=hop), whole[:size, first : first + size], rtol=1e-9, atol=1e-9
    )


def test_of_a_second_the_first_500_frames_are_kept():
    second = np.random.default_rng(1).standard_normal(16000)
    np.testing.assert_allclose(spectrogram(second, 500), by_torch(second, 1024, 32)[:500, :500], rtol=1e-9, atol=1e-9)


def test_the_power_of_a_tone_lies_at_its_frequency():
    tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    np.testing.assert_array_equal(spectrogram(tone, 100)[:, 20:80].argmax(axis=0), 1000 * 1024 // 16000)


@pytest.mark.parametrize("size", [0, 127])
def test_a_size_that_the_sound_does_not_have_is_refused(size):
    with pytest.raises(ValueError, match=r"513 frequencies and 126 frames: give 1 to 126"):
        spectrogram(SOUND, size)
