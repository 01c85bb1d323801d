"""WSOLA against what it is for: pitch stays, times scale. The references are a Fourier transform
and the places of clicks."""

import numpy as np
import pytest

from osu.sound.stretch import PIECE, SAMPLE_RATE, SEARCH, Stretcher

RATES = (0.375, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)


def read_all(recording, rate, block=1764):
    stretcher = Stretcher(recording)
    blocks = [stretcher.read(block, rate) for _ in range(int(len(recording) / rate / block))]
    return np.concatenate(blocks)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", [110.0, 440.0, 1700.0])
def test_a_tone_keeps_its_pitch_and_its_strength(rate, hz):
    t_s = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    tone = (10_000 * np.sin(2 * np.pi * hz * t_s)).astype(np.int16)
    heard = read_all(np.stack([tone, tone], axis=1), rate)
    assert len(heard) == pytest.approx(len(tone) / rate, rel=0.01)
    inside = heard[2 * PIECE :, 0]
    spectrum = np.abs(np.fft.rfft(inside * np.hanning(len(inside))))
    assert spectrum.argmax() * SAMPLE_RATE / len(inside) == pytest.approx(hz, rel=0.003, abs=0.7)
    assert inside.std() == pytest.approx(tone.std(), rel=0.05)


@pytest.mark.parametrize("rate", RATES[:-1])  # at three times the speed one may be left out
def test_drum_beats_stay_where_they_belong(rate):
    """A beat every quarter of a second, and silence between: none is lost, moved or doubled beyond
    what the search and the length of a piece explain."""
    rng = np.random.default_rng(1)
    every, length = SAMPLE_RATE // 4, SAMPLE_RATE // 20
    drum = 9000 * np.exp(-np.arange(length) / (0.015 * SAMPLE_RATE)) * rng.choice([-1, 1], length)
    beats = np.zeros(4 * SAMPLE_RATE)
    for at in range(every, len(beats) - every, every):
        beats[at : at + length] = drum
    heard = np.abs(read_all(np.stack([beats, beats], axis=1).astype(np.int16), rate)[:, 0])
    loud = np.flatnonzero(heard > 2000)
    due = np.arange(every, len(beats) - every, every) / rate
    after = loud[:, None] - due[None, :]
    slack = SEARCH + PIECE * abs(1 - 1 / rate) + 2
    assert np.abs(after).min(axis=0).max() <= slack
    nearest = np.take_along_axis(after, np.abs(after).argmin(axis=1)[:, None], axis=1)
    assert nearest.min() >= -slack
    assert nearest.max() <= slack + length / min(rate, 1.0)


def test_at_its_own_speed_nothing_changes():
    recording = np.random.default_rng(2).integers(-9000, 9000, (30_000, 2)).astype(np.int16)
    heard = read_all(recording, 1.0)
    assert np.array_equal(heard[PIECE:], recording[PIECE : len(heard)])  # after it has faded in


def test_reading_in_any_blocks_is_the_same():
    recording = np.random.default_rng(3).integers(-9000, 9000, (60_000, 1)).astype(np.int16)
    one, other = Stretcher(recording), Stretcher(recording)
    whole = one.read(20_000, 1.5)
    parts = [other.read(count, 1.5) for count in (1, 881, 882, 5000, 13_236)]
    assert np.array_equal(whole, np.concatenate(parts))
    assert one.at == pytest.approx(30_000)


def test_a_jump_goes_on_from_there_and_what_lies_outside_is_silence():
    recording = np.full((50_000, 1), 5000, np.int16)
    recording[30_000:] = 8000
    stretcher = Stretcher(recording)
    stretcher.read(5000, 1.0)
    stretcher.seek(40_000)
    assert stretcher.at == 40_000
    assert np.all(stretcher.read(PIECE + 1, 1.0)[-1] == 8000)
    for at in (-90_000.0, 70_000.0):
        stretcher.seek(at)
        assert not stretcher.read(4000, 1.0)[2 * PIECE :].any()
