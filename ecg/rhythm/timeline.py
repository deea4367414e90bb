"""What is known of a stream at a moment: signal, beats with their shapes, and waveform evidence, in step with time.

Owns the remembered signal, the clock (half seconds of the kernel's sample index, so that nothing depends on how the
stream was cut into segments) and the evidence rules read. Pure; must not import the rules or the monitor.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ecg.beats.beat import Beat, BeatClass
from ecg.conditioning import StreamBlock
from ecg.quality.lead_quality import QualityProblem
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.blocked_p import find_blocked_p
from ecg.rhythm.seen_beat import SeenBeat, ventricular_share
from ecg.rhythm.shapes import ALIKE, LIKENESS, LOGIT, P_STEADY, P_WAVE, PACED, WIDTH, ShapeState, new_shapes, see_beats
from ecg.rhythm.wave_look import NO_WAVE, Wave, look_at_wave, share_lost, unrest
from ecg.rhythm.wave_model import RhythmModel
from ecg.rhythm.waveform import WINDOW_S

FloatArray = npt.NDArray[np.float32]

#: The clock: every half second; the waveform is looked at every second.
TICK = KERNEL_FS_HZ // 2
#: All beats up to this long ago are final (the detector's promise, 0.5 s), kernel samples.
HORIZON = KERNEL_FS_HZ // 2
_WINDOW = WINDOW_S * KERNEL_FS_HZ
#: How far back from the last known beats `recent` can look, s.
LOOK_BACK_S = 6
#: Signal that the search for missed beats goes back over: a window, and a beat that waited for its tick.
_KEPT = _WINDOW + KERNEL_FS_HZ
#: Signal remembered: what `recent` looks at, from a moment that has not been gone through yet.
_HELD = LOOK_BACK_S * KERNEL_FS_HZ + HORIZON + TICK
#: Columns beyond it that are filled before what is too old is moved out: a move every few seconds, not with every block.
_SLACK = 4 * KERNEL_FS_HZ
#: A second is lost when this share of it has no valid lead.
_LOST = 0.1
BEATS_KEPT = 64
#: The rhythm is paced where half or more of so many last beats are (docs/experiments.md).
PACING_BEATS = 12
MOMENTS_KEPT = 8
_MUTE = frozenset({QualityProblem.LEAD_OFF, QualityProblem.RAIL})
#: Where a stretch holds slopes like a QRS: share of the usual QRS slope, and mV per 16 ms (docs/experiments.md).
QUIET_SLOPE_RATIO, _QUIET_SLOPE_MV = 0.6, 0.06
#: Beats are doubted where the median of the last so many is less than this like any shape seen before. Between noise without an
#: ECG (nstdb) and the beats before true asystole and bradycardia (cinc2015, mitdb): docs/experiments.md.
_DOUBTED_BEATS, DOUBTED_LIKENESS = 5, 0.85
_AFTER_VENTRICULAR = 30 * KERNEL_FS_HZ
#: A silence that swings by so much (mV at 0.5 to 40 Hz) is that of an amplifier that recovers, or of a moving electrode.
SWING_MV = 0.6
#: A stretch between beats is looked at from this long after a fiducial to this long before the next, kernel samples; its swing
#: from where the longest T wave is over.
_AFTER_QRS, _BEFORE_QRS = KERNEL_FS_HZ // 2, KERNEL_FS_HZ // 5
_AFTER_T = 7 * KERNEL_FS_HZ // 10
#: Intervals this long (50 bpm) are looked into, s.
LONG_RR_S = 1.2
#: ... and this long in and after a ventricular rhythm, whose waves may have been missed, s.
FLUTTER_RR_S = 0.9
#: A blocked P wave is not looked for in longer intervals: the signal kept would not hold them.
_LONGEST_BLOCK_S = 4.0
#: With so many of them in the window, the last no older than this (s), and so large a share of all beats, the waveform is
#: the patient's own and is not looked at.
_USUAL_BEATS, _USUAL_AGE_S, _USUAL_SHARE = 3, 2.0, 0.6


@dataclass(frozen=True, slots=True)
class Moment:
    """A second that went by: kernel sample of its end, its window's evidence, quality index of the best and worst lead."""

    at: int
    wave: Wave
    best_quality: float
    worst_quality: float


@dataclass(slots=True)
class Timeline:
    """State of one stream.

    Attributes:
        now: Kernel sample of the moment looked at; rules speak of it.
        clear_from: Kernel sample since when some lead was valid without a break.
        beats: The last beats, oldest first.
        pattern: A letter for each of them: V ventricular, N any other.
        ectopy: The same, V for what is shown as ventricular.
        pacing: A letter for each of the last PACING_BEATS: P paced, . any other.
        fresh: How many of them came with this moment.
        broken: Whether continuity was lost at this moment.
        wave: Evidence of the last window looked at; new_wave says whether it is this moment's.
        moments: The last seconds, oldest first.
        frozen: Set by the rules while a ventricular rhythm is on: the usual beat is not learned from it.
        frozen_at: The last moment at which it was so; None for never.
        usable: The artefact ladder's word.
    """

    now: int = 0
    clear_from: int = 0
    end: int | None = None
    beats: deque[SeenBeat] = field(default_factory=lambda: deque(maxlen=BEATS_KEPT))
    pattern: str = ""
    ectopy: str = ""
    pacing: str = ""
    fresh: int = 0
    broken: bool = False
    wave: Wave = NO_WAVE
    new_wave: bool = False
    moments: deque[Moment] = field(default_factory=lambda: deque(maxlen=MOMENTS_KEPT))
    frozen: bool = False
    frozen_at: int | None = None
    usable: bool = True
    shapes: ShapeState = field(default_factory=lambda: new_shapes(0))
    _mute: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    _waiting: deque[Beat] = field(default_factory=deque)
    _signal: FloatArray = field(
        default_factory=lambda: np.zeros((0, 0), np.float32)
    )  # columns [0, _filled) hold samples
    _valid: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), np.bool_))
    _filled: int = 0  # the last of them is that before `end`
    _kept_from: int = 0  # first column that is remembered

    def advance(self, beats: Sequence[Beat], block: StreamBlock, model: RhythmModel) -> Iterator[int]:
        """Takes in a block and goes through the moments of the clock that it completes.

        Args:
            beats: Newly final beats, kernel rate.
            block: The stream's next conditioned samples.
            model: The networks; not part of the state, so that snapshots stay small.

        Yields:
            Kernel sample of each moment, the timeline standing at it. After a gap everything begins anew.
        """
        if self.end is None or block.first_sample != self.end or block.signal_mv.shape[0] != self._signal.shape[0]:
            self._restart(block)
        self._waiting.extend(beats)
        self._remember(block)
        self.end = block.end_sample
        self.usable = block.usable
        for row, lead in enumerate(block.quality):
            self._mute[row] = bool(lead.problems) and not _MUTE.isdisjoint(lead.problems)
        quality = [lead.index for lead in block.quality]
        while self.now + TICK <= self.end:
            self.now += TICK
            self._look(model)
            if self.new_wave:
                self.moments.append(Moment(self.now, self.wave, max(quality), min(quality)))
            yield self.now
        self._kept_from = max(self._kept_from, self._filled - _KEPT)

    def _remember(self, block: StreamBlock) -> None:
        """Appends a block's samples to those kept."""
        n = block.signal_mv.shape[1]
        if self._filled + n > self._signal.shape[1]:
            first = max(min(self._kept_from, self._filled - _HELD), 0)
            kept = slice(first, self._filled)
            self._filled -= first
            signal = np.zeros((self._signal.shape[0], self._filled + n + _SLACK), np.float32)
            valid = np.zeros(signal.shape, np.bool_)
            signal[:, : self._filled], valid[:, : self._filled] = self._signal[:, kept], self._valid[:, kept]
            self._signal, self._valid, self._kept_from = signal, valid, self._kept_from - first
        self._signal[:, self._filled : self._filled + n] = block.signal_mv
        self._valid[:, self._filled : self._filled + n] = block.valid
        self._filled += n

    @property
    def beats_known_to(self) -> int:
        """Kernel sample up to which every beat is known."""
        return self.now - HORIZON

    @property
    def is_paced(self) -> bool:
        """Whether half or more of the last PACING_BEATS beats are paced."""
        return 2 * self.pacing.count("P") >= PACING_BEATS

    @property
    def silent_from(self) -> int:
        """Kernel sample since which no beat is known: the last beat, or where the signal came."""
        return max(self.clear_from, self.beats[-1].sample if self.beats else 0)

    @property
    def after_ventricular(self) -> bool:
        """Whether a ventricular rhythm is on or was on just now: a heart may stop after it, by itself or by a shock."""
        return self.frozen_at is not None and self.now - self.frozen_at <= _AFTER_VENTRICULAR

    @property
    def doubtful(self) -> bool:
        """Whether the last beats are unlike any seen before, as in noise without an ECG: their median likeness is low.

        Not just after a ventricular rhythm, whose waves are unlike each other.
        """
        if self.after_ventricular:
            return False
        seen = sorted(beat.alike for beat in list(self.beats)[-_DOUBTED_BEATS:])
        return bool(seen) and seen[len(seen) // 2] < DOUBTED_LIKENESS

    def swings(self, swing_mv: float) -> bool:
        """Whether an interval's peak to peak is that of an amplifier that recovers or an electrode that moves.

        Not just after a ventricular rhythm: a shock overloads the amplifier too, and the heart may not beat after it.
        """
        return swing_mv >= SWING_MV and not self.after_ventricular

    def silence_s(self) -> float:
        """Seconds of watched signal since the last beat, up to where beats are known."""
        return (self.beats_known_to - self.silent_from) / KERNEL_FS_HZ

    def recent(self, n: int) -> tuple[FloatArray, npt.NDArray[np.bool_]] | None:
        """The n samples before beats_known_to, n up to LOOK_BACK_S.

        Returns:
            Views float32 (n_leads, n) and bool (n_leads, n); None where continuity does not go back so far.
        """
        assert self.end is not None
        end = self.beats_known_to - (self.end - self._filled)
        if end < n or self.beats_known_to - n < self.clear_from:
            return None
        return self._signal[:, end - n : end], self._valid[:, end - n : end]

    def between(self, last_beat: int, end: int) -> tuple[bool, float]:
        """Whether nothing like a QRS lies between a beat and `end` (kernel samples) and peak to peak, mV; at most the last 5 s.

        What is like one is as steep as QUIET_SLOPE_RATIO of the usual QRS in some lead, and steeper than _QUIET_SLOPE_MV:
        there, beats are being missed, or noise would hide them. The peak to peak is that of the lead that swings least.
        """
        assert self.end is not None
        origin = self.end - self._filled
        first = max(last_beat + _AFTER_QRS - origin, self._kept_from)
        if first >= end - origin:
            return True, 0.0
        settled = max(last_beat + _AFTER_T - origin, first)
        size_mv, ratio, swing_mv = unrest(
            self._signal, self._valid, first, settled, end - origin, self._mute, self.shapes.peak_slope_mv
        ).tolist()
        return bool(ratio < QUIET_SLOPE_RATIO or size_mv < _QUIET_SLOPE_MV), swing_mv

    def _restart(self, block: StreamBlock) -> None:
        """A new stream or a gap: beats before it are of another time; the usual beat is kept if the leads are the same."""
        n_leads = block.signal_mv.shape[0]
        if n_leads != self._signal.shape[0]:
            self.shapes = new_shapes(n_leads)
        self._signal = np.zeros((n_leads, 0), np.float32)
        self._valid = np.zeros((n_leads, 0), np.bool_)
        self._filled = self._kept_from = 0
        self._mute = np.zeros(n_leads, np.bool_)
        self._waiting.clear()
        self.now = -(-block.first_sample // TICK) * TICK
        self._break(block.first_sample)

    def _break(self, at: int) -> None:
        self.clear_from = at
        self.beats.clear()
        self.pattern = self.ectopy = self.pacing = ""
        self.moments.clear()
        self.wave = NO_WAVE
        self.frozen_at = None
        self.broken = True

    def _look(self, model: RhythmModel) -> None:
        assert self.end is not None
        self.broken = False
        column = self.now - (self.end - self._filled)  # of the moment
        if share_lost(self._valid, column, KERNEL_FS_HZ) > _LOST:
            self._break(self.now)
        self._take_beats(column, model)
        self.new_wave = self.now % KERNEL_FS_HZ == 0
        if self.new_wave:
            self.wave = self._look_at_wave(column, model)

    def _take_beats(self, column: int, model: RhythmModel) -> None:
        taken: list[Beat] = []
        while self._waiting and self._waiting[0].sample <= self.beats_known_to:
            beat = self._waiting.popleft()
            if beat.sample >= self.clear_from:
                taken.append(beat)
        self.fresh = len(taken)
        if not taken:
            return
        before = self.beats[-1].sample if self.beats else None
        rr_s = []
        for beat in taken:
            rr_s.append(0.0 if before is None else (beat.sample - before) / KERNEL_FS_HZ)
            before = beat.sample
        at = np.array([column - (self.now - beat.sample) for beat in taken], np.int64)
        seen = see_beats(self._signal, at, np.array(rr_s), not self.frozen, self.shapes, model.beat).tolist()
        for beat, interval_s, said in zip(taken, rr_s, seen, strict=True):
            known = not math.isnan(said[LOGIT])
            sure = ventricular_share(beat, said[LOGIT] if known else None)
            likeness, width_s = (said[LIKENESS], said[WIDTH]) if known else (1.0, 0.0)
            paced = beat.label is BeatClass.PACED or said[PACED] > 0
            alike = 1.0 if math.isnan(said[ALIKE]) else said[ALIKE]
            made = SeenBeat(
                *(beat.sample, interval_s, beat.label, sure, likeness, width_s, said[P_WAVE]),
                paced=paced,
                alike=alike,
                shown=beat.shown,
                p_steady=said[P_STEADY],
            )
            if interval_s >= (FLUTTER_RR_S if self.after_ventricular else LONG_RR_S):
                still, swing_mv = self.between(made.sample_before, beat.sample - _BEFORE_QRS)
                blocked_s = self._blocked(made, column) if still and interval_s >= LONG_RR_S else 0.0
                made = replace(made, still=still, swing_mv=swing_mv, blocked_s=blocked_s)
            self._append(made)

    def _blocked(self, beat: SeenBeat, column: int) -> float:
        """SeenBeat.blocked_s of a beat, `column` being that of the moment."""
        if beat.rr_s > _LONGEST_BLOCK_S or max(beat.ventricular, self.beats[-1].ventricular) >= 0.5:
            return 0.0  # behind a ventricular beat a P wave finds the ventricles refractory: no block
        at = column - (self.now - beat.sample)
        before = at - (beat.sample - beat.sample_before)
        return float(find_blocked_p(self._signal, self._valid, before, at, self.shapes.p_mean))

    def _append(self, beat: SeenBeat) -> None:
        self.beats.append(beat)
        self.pacing = (self.pacing + ("P" if beat.paced else "."))[-PACING_BEATS:]
        self.ectopy = (self.ectopy + ("V" if beat.ectopic else "N"))[-BEATS_KEPT:]
        self.pattern = (self.pattern + ("V" if beat.ventricular >= 0.5 else "N"))[-BEATS_KEPT:]

    def _look_at_wave(self, column: int, model: RhythmModel) -> Wave:
        if column < _WINDOW or self.now - self.clear_from < _WINDOW:
            return NO_WAVE
        if self._own_rhythm():
            return Wave(len(self._mute), own=True)
        usual = self.shapes.peak_slope_mv
        return Wave.of(look_at_wave(self._signal, self._valid, column, self._mute, usual, model.wave))

    def _own_rhythm(self) -> bool:
        total = usual = 0
        newest = 0
        for beat in reversed(self.beats):
            if beat.sample <= self.now - _WINDOW:
                break
            total += 1
            if beat.usual:
                usual += 1
                newest = newest or beat.sample
        recent = newest > self.now - HORIZON - _USUAL_AGE_S * KERNEL_FS_HZ
        return usual >= _USUAL_BEATS and recent and usual >= _USUAL_SHARE * total
