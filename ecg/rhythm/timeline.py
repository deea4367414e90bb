"""What is known of a stream at a second: signal, beats with their shapes, and waveform evidence, in step with time.

Owns the remembered signal, the second clock (multiples of 1 s of the kernel's sample index, so that nothing depends on
how the stream was cut into segments) and the evidence rules read. Pure; must not import the rules or the monitor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ecg.beats.beat import Beat, BeatClass
from ecg.conditioning import KERNEL_FS_HZ, StreamBlock
from ecg.quality.lead_quality import QualityProblem
from ecg.rhythm.shapes import BeatShapes, cut_beat, inside
from ecg.rhythm.wave_model import OTHER, VF, VT, RhythmModel, forward
from ecg.rhythm.waveform import FEATURES, WINDOW_S, features

FloatArray = npt.NDArray[np.float32]

#: All beats up to this long ago are final (the detector's promise, 0.5 s), kernel samples.
HORIZON = KERNEL_FS_HZ // 2
_WINDOW = WINDOW_S * KERNEL_FS_HZ
#: Signal remembered: a window, and a beat that waited for its second.
_KEPT = _WINDOW + 2 * KERNEL_FS_HZ
#: A lead speaks for a window if this share of it is valid, and a second is lost when all leads have less.
_ENOUGH = 0.9
BEATS_KEPT = 64
_MUTE = frozenset({QualityProblem.LEAD_OFF, QualityProblem.RAIL})
_PEAK_SLOPE, _PEAK_TO_PEAK = FEATURES.index("log_peak_slope"), FEATURES.index("log_peak_to_peak_mv")


@dataclass(frozen=True, slots=True)
class SeenBeat:
    """A beat as the rules see it.

    Attributes:
        sample: Fiducial, kernel rate.
        rr_s: From the beat before; 0 after a break or at the start.
        ventricular: 0 to 1: how sure it is that the beat is ventricular.
        paced: The classifier says so.
        likeness: Correlation with the usual beat, mean of leads; 1 while the usual beat is not known.
        label: The classifier's.
    """

    sample: int
    rr_s: float
    ventricular: float
    paced: bool
    likeness: float
    label: BeatClass


@dataclass(frozen=True, slots=True)
class Wave:
    """Evidence of one window: log odds, mean over the leads that speak; n_leads 0 where none does."""

    n_leads: int = 0
    malignant: float = 0.0  # log odds of VF or VT against anything else
    fibrillation: float = 0.0  # log odds of VF against VT
    peak_to_peak_mv: float = 0.0  # of the largest lead
    slope_ratio: float = 0.0  # steepest slope beside that of the usual QRS, of the lead where it is largest
    dominant_hz: float = 0.0


@dataclass(slots=True)
class Timeline:
    """State of one stream.

    Attributes:
        second: Kernel sample of the last second looked at; rules speak of this moment.
        clear_from: Kernel sample since when some lead was valid without a break.
        beats: The last beats, oldest first.
        fresh: How many of them came with this second.
        wave: Evidence of the window that ends at `second`.
        frozen: Set by the rules while a ventricular rhythm is on: the usual beat is not learned from it.
        usable: The artefact ladder's word.
    """

    second: int = 0
    clear_from: int = 0
    end: int | None = None
    beats: deque[SeenBeat] = field(default_factory=lambda: deque(maxlen=BEATS_KEPT))
    fresh: int = 0
    wave: Wave = field(default_factory=Wave)
    frozen: bool = False
    usable: bool = True
    shapes: BeatShapes = field(default_factory=BeatShapes)
    _waiting: deque[Beat] = field(default_factory=deque)
    _signal: FloatArray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    _valid: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), np.bool_))
    _breaks: bool = True

    def advance(self, beats: Sequence[Beat], block: StreamBlock, model: RhythmModel) -> Iterator[int]:
        """Takes in a block and goes through the seconds that ended in it, one at a time.

        Args:
            beats: Newly final beats, kernel rate.
            block: The stream's next conditioned samples.
            model: The networks; not part of the state, so that snapshots stay small.

        Yields:
            Kernel sample of each second, the timeline standing at it. After a gap the first second begins anew.
        """
        if self.end is None or block.first_sample != self.end or block.signal_mv.shape[0] != self._signal.shape[0]:
            self._restart(block)
        self._waiting.extend(beats)
        self._signal = np.concatenate((self._signal, block.signal_mv), axis=1)
        self._valid = np.concatenate((self._valid, block.valid), axis=1)
        self.end = block.end_sample
        self.usable = block.usable
        muted = [any(p in _MUTE for p in lead.problems) for lead in block.quality]
        while self.second + KERNEL_FS_HZ <= self.end:
            self.second += KERNEL_FS_HZ
            self._look(muted, model)
            yield self.second
        surplus = self._signal.shape[1] - _KEPT
        if surplus > 0:
            self._signal = self._signal[:, surplus:].copy()
            self._valid = self._valid[:, surplus:].copy()

    @property
    def beats_known_to(self) -> int:
        """Kernel sample up to which every beat is known."""
        return self.second - HORIZON

    def silence_s(self) -> float:
        """Seconds of watched signal since the last beat, up to where beats are known."""
        since = max(self.clear_from, self.beats[-1].sample if self.beats else 0)
        return (self.beats_known_to - since) / KERNEL_FS_HZ

    def _restart(self, block: StreamBlock) -> None:
        """A new stream or a gap: beats before it are of another time; the usual beat is kept if the leads are the same."""
        if self.end is not None and block.signal_mv.shape[0] != self._signal.shape[0]:
            self.shapes = BeatShapes()
        n_leads = block.signal_mv.shape[0]
        self._signal = np.zeros((n_leads, 0), np.float32)
        self._valid = np.zeros((n_leads, 0), np.bool_)
        self._waiting.clear()
        self.beats.clear()
        self._breaks = True
        self.clear_from = block.first_sample
        self.second = -(-block.first_sample // KERNEL_FS_HZ) * KERNEL_FS_HZ
        self.wave = Wave()

    def _look(self, muted: Sequence[bool], model: RhythmModel) -> None:
        assert self.end is not None
        column = self.second - (self.end - self._signal.shape[1])  # of the second's end
        recent = self._valid[:, max(0, column - KERNEL_FS_HZ) : column]
        if not recent.any(axis=0).mean() >= _ENOUGH:
            self.clear_from = self.second
            self.beats.clear()
            self._breaks = True
        self._take_beats(column, model)
        self.wave = self._look_at_wave(column, muted, model)

    def _take_beats(self, column: int, model: RhythmModel) -> None:
        self.fresh = 0
        while self._waiting and self._waiting[0].sample <= self.beats_known_to:
            beat = self._waiting.popleft()
            if beat.sample < self.clear_from:
                continue
            rr_s = 0.0 if self._breaks or not self.beats else (beat.sample - self.beats[-1].sample) / KERNEL_FS_HZ
            self._breaks = False
            self.beats.append(self._see(beat, rr_s, column - (self.second - beat.sample), model))
            self.fresh += 1

    def _see(self, beat: Beat, rr_s: float, at: int, model: RhythmModel) -> SeenBeat:
        paced = beat.label is BeatClass.PACED
        shape, likeness = None, 1.0
        if inside(self._signal.shape[1], at):
            found = self.shapes.compare(cut_beat(self._signal, at), rr_s, adapt=not self.frozen)
            if found is not None:
                shape = float(forward(found, model.beat).mean())
                likeness = float(found[:, 0].mean())
        return SeenBeat(beat.sample, rr_s, ventricular_share(beat, shape), paced, likeness, beat.label)

    def _look_at_wave(self, column: int, muted: Sequence[bool], model: RhythmModel) -> Wave:
        if column < _WINDOW or self.second - self.clear_from < _WINDOW:
            return Wave()
        part = slice(column - _WINDOW, column)
        share = self._valid[:, part].mean(axis=1)
        speaking = [i for i, mute in enumerate(muted) if share[i] >= _ENOUGH and not mute]
        if not speaking:
            return Wave()
        window = self._signal[speaking, part]
        found = features(0.5 * (window[:, ::2] + window[:, 1::2])[None])[0]
        scores = forward(found, model.wave).mean(axis=0)
        usual = self.shapes.peak_slope_mv
        slopes = 10.0 ** found[:, _PEAK_SLOPE]
        ratio = float((slopes / np.maximum(usual[speaking], 0.02)).max()) if usual is not None else 1.0
        return Wave(
            len(speaking),
            float(np.logaddexp(scores[VT], scores[VF]) - scores[OTHER]),
            float(scores[VF] - scores[VT]),
            float(10.0 ** found[:, _PEAK_TO_PEAK].max()),
            ratio,
            float(found[:, FEATURES.index("peak_hz")].mean()),
        )


def ventricular_share(beat: Beat, shape: float | None) -> float:
    """How sure it is that a beat is ventricular, from its label and from the log odds of its shape."""
    by_shape = 0.5 if shape is None else float(1.0 / (1.0 + np.exp(-shape)))
    if beat.label is BeatClass.VENTRICULAR:
        return max(0.5 + 0.5 * beat.confidence if shape is None else beat.confidence, by_shape)
    if beat.label in (BeatClass.UNKNOWN, BeatClass.FUSION):
        return by_shape
    if shape is None:
        return 0.0
    return by_shape * (1.0 - 0.5 * beat.confidence)
