"""Evidence of one window of signal: the waveform network over the leads that speak, in one compiled call.

Owns which leads speak and what the rules get to read. Pure; must not import the rules or the monitor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from ecg.rhythm.tiny_net import TinyNet, forward
from ecg.rhythm.wave_model import OTHER, VF, VT
from ecg.rhythm.waveform import COS, FEATURES, N_WAVE, SIN, window_features

_WINDOW = 2 * N_WAVE
#: A lead speaks for a window if this share of it is valid.
_ENOUGH = 0.9
_SIZE, _SLOPE, _PEAK_HZ, _REPETITION, _CYCLE = (
    FEATURES.index("log_peak_to_peak_mv"),
    FEATURES.index("log_peak_slope"),
    FEATURES.index("peak_hz"),
    FEATURES.index("fast_autocorrelation"),
    FEATURES.index("fast_lag_s"),
)
#: A usual slope below this (mV per 16 ms) is no measure: the QRS is as small as the noise.
_LEAST_SLOPE_MV = 0.02


@dataclass(frozen=True, slots=True)
class Wave:
    """Evidence of one window.

    Attributes:
        n_leads: Leads that speak; 0 where none does and nothing is known.
        malignant: Log odds of VF or VT against anything else, mean of leads.
        fibrillation: Log odds of VF against VT.
        peak_to_peak_mv: Of the largest lead.
        slope_ratio: Steepest slope beside that of the usual QRS, of the lead where it is largest; 1 while that is unknown.
        dominant_hz: Frequency of the largest power, mean of leads.
        repetition: How well the window repeats itself after a cycle of 0.13 to 0.6 s, its autocorrelation, mean of leads.
        cycle_s: That cycle, of the lead that repeats itself best; 0 where none does.
        own: The window holds the patient's own beats; it was not looked at, the other values mean nothing.
    """

    n_leads: int = 0
    malignant: float = 0.0
    fibrillation: float = 0.0
    peak_to_peak_mv: float = 0.0
    slope_ratio: float = 1.0
    dominant_hz: float = 0.0
    repetition: float = 0.0
    cycle_s: float = 0.0
    own: bool = False

    @classmethod
    def of(cls, found: Any) -> Wave:
        """From what `look_at_wave` returns."""
        return cls(int(found[0]), *found[1:].tolist()) if found[0] else NO_WAVE


NO_WAVE = Wave()


@njit(cache=True)
def share_lost(valid: Any, column: int, n: int) -> float:
    """Share of the n columns before `column` at which no lead is valid."""
    first = max(0, column - n)
    lost = 0
    for i in range(first, column):
        some = False
        for lead in range(valid.shape[0]):
            some = some or valid[lead, i]
        lost += not some
    return lost / max(column - first, 1)


@njit(cache=True)
def _speaks(valid: Any, mute: Any, lead: int, first: int, end: int) -> bool:
    known = 0
    for i in range(first, end):
        known += valid[lead, i]
    return not mute[lead] and known >= _ENOUGH * (end - first)


@njit(cache=True)
def _beside_usual(slope: Any, usual: Any) -> Any:
    return slope / max(usual, _LEAST_SLOPE_MV) if usual > 0 else 1.0


@njit(cache=True)
def unrest(signal: Any, valid: Any, first: int, settled: int, end: int, mute: Any, usual_slope: Any) -> Any:
    """What the columns [first, end) hold that is no silence, over the leads that speak there.

    Args:
        settled: Column from which the swing counts: after the T wave.
        signal, valid, mute, usual_slope: See `look_at_wave`.

    Returns:
        float32 (3,): the steepest 16 ms, mV; the largest ratio of it to that of the usual QRS, 1 where the usual one is
        unknown; and the peak to peak from `settled` on, mV, of the lead that swings least.
    """
    out = np.zeros(3, np.float32)
    speaking = 0
    for lead in range(signal.shape[0]):
        if not _speaks(valid, mute, lead, first, end):
            continue
        top = np.float32(0.0)
        low = high = signal[lead, min(settled, end - 1)]
        for i in range(first + 4, end):
            if valid[lead, i] and valid[lead, i - 4]:
                top = max(top, abs(signal[lead, i] - signal[lead, i - 4]))
                if i >= settled:
                    low, high = min(low, signal[lead, i]), max(high, signal[lead, i])
        out[0] = max(out[0], top)
        out[1] = max(out[1], _beside_usual(top, usual_slope[lead]))
        out[2] = high - low if speaking == 0 else min(out[2], high - low)
        speaking += 1
    return out


@njit(cache=True)
def _evidence(
    signal: Any, valid: Any, column: int, mute: Any, usual_slope: Any, net: TinyNet, cos: Any, sin: Any
) -> Any:
    out = np.zeros(8, np.float32)
    n_leads = signal.shape[0]
    wave = np.empty((1, n_leads, N_WAVE), np.float32)
    slope = np.zeros(n_leads, np.float32)
    speaking = 0
    best = np.float32(0.0)
    for lead in range(n_leads):
        first = column - _WINDOW
        if not _speaks(valid, mute, lead, first, column):
            continue
        for i in range(N_WAVE):
            wave[0, speaking, i] = np.float32(0.5) * (signal[lead, first + 2 * i] + signal[lead, first + 2 * i + 1])
        slope[speaking] = usual_slope[lead]
        speaking += 1
    if speaking == 0:
        return out
    found = window_features(wave[:, :speaking], cos, sin)[0]
    scores = forward(found, net)
    for lead in range(speaking):
        vt, vf, other = scores[lead, VT], scores[lead, VF], scores[lead, OTHER]
        top = max(vt, vf)
        out[1] += (top + np.log1p(np.exp(min(vt, vf) - top)) - other) / speaking
        out[2] += (vf - vt) / speaking
        out[3] = max(out[3], 10.0 ** found[lead, _SIZE])
        out[4] = max(out[4], _beside_usual(10.0 ** found[lead, _SLOPE], slope[lead]))
        out[5] += found[lead, _PEAK_HZ] / speaking
        out[6] += found[lead, _REPETITION] / speaking
        if found[lead, _REPETITION] > best:
            best, out[7] = found[lead, _REPETITION], found[lead, _CYCLE]
    out[0] = speaking
    return out


def look_at_wave(signal: Any, valid: Any, column: int, mute: Any, usual_slope: Any, net: TinyNet) -> Any:
    """Evidence of the window that ends at `column`.

    Args:
        signal: float32 (n_leads, n), mV at 250 Hz.
        valid: bool, same shape.
        column: At least 4 s of columns lie before it.
        mute: bool (n_leads,), leads that may not speak.
        usual_slope: float32 (n_leads,), steepest 16 ms of the usual QRS, 0 while unknown.
        net: Waveform network.

    Returns:
        float32 (8,): n_leads, malignant, fibrillation, peak_to_peak_mv, slope_ratio, dominant_hz, repetition, cycle_s
        (see Wave).
    """
    return _evidence(signal, valid, column, mute, usual_slope, net, COS, SIN)
