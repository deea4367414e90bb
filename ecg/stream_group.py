"""Streams of one sampling frequency and lead count, stepped together on arrays.

Owns the pool of per-stream state and the one compiled call that carries samples from int16 to beats. Must not import the
monitor or the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from ecg.beats.classifier import ClassifierGroup, Verdict
from ecg.beats.detector import WAVE_LEN, detect_range, envelope_of, weigh
from ecg.beats.detector_features import N_FEATURES
from ecg.beats.detector_model import DetectorModel
from ecg.beats.detector_state import ENVELOPE_HALF, HISTORY, LEAD_STATE, NEVER, STREAM_STATE, TEMPLATE_LEN
from ecg.conditioning import (
    CONDITION_STATE,
    DROPOUT_S,
    STUCK_S,
    VALID,
    GroupBlock,
    IntArray,
    hold,
    remove_baseline,
    resample_lead,
)
from ecg.errors import InvalidSignal
from ecg.pulses import pulse_samples, take_out_pulses
from ecg.quality.measures import QUALITY_STATE, call_open_inputs, close_second, measure
from ecg.quality.noise import default_noise_model
from ecg.resample import KERNEL_FS_HZ, plan
from ecg.segments import FloatArray, Int16Array

#: More beats than any second of signal can hold, per kernel sample: one per refractory period.
_BEATS_PER_SAMPLE = 1 / 45


@dataclass(frozen=True, slots=True, eq=False)
class GroupBeats:
    """Beats that became final, of all streams of a step.

    Attributes:
        count: int64 (S,).
        kernel_sample: int64 (S, B).
        logit: float32 (S, B), log odds that it is a beat.
        wave_mv: float32 (S, B, n_leads, WAVE_LEN), conditioned signal around the fiducial (index WAVE_BEFORE).
    """

    count: IntArray
    kernel_sample: IntArray
    logit: FloatArray
    wave_mv: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class GroupSeconds:
    """Quality of the seconds (aligned to the kernel's sample index) that ended with a step.

    Attributes:
        count: int64 (S,).
        end_k: int64 (S,), kernel sample after the first of them.
        index: float32 (S, Q, n_leads), what is shown and the artefact ladder counts.
        trust: float32 (S, Q, n_leads), what detector and rules weigh a lead by: an index that falls with all that fills the
            QRS band beside the QRS, fibrillation too. They were fitted with it.
        problems: int32 (S, Q, n_leads), QualityProblem bits.
    """

    count: IntArray
    end_k: IntArray
    index: FloatArray
    trust: FloatArray
    problems: npt.NDArray[np.int32]


@numba.njit(cache=True, nogil=True)
def step_group(
    samples: Any, off: Any, mv_per_adu: Any, slots: Any, ends: Any, rate: Any, condition: Any, leads: Any, streams: Any,
    history: Any, flags: Any, quality: Any, model: Any, noise: Any, out: Any, beats: Any, seconds: Any, trace: Any,
) -> None:  # fmt: skip
    """From int16 samples to conditioned blocks and beats, for S streams.

    Args:
        samples: int16 (S, L, n); off: bool (S, L); mv_per_adu: float64 (S, L).
        slots: int64 (S,), rows of the state arrays; ends: int64 (S,), kernel sample after the last that can be made.
        rate: (up, down, taps, dropout, stuck, pulse) of the plan, the last three in input samples.
        condition, leads: (capacity, L) records; streams: (capacity,) records.
        history: float32 (capacity, L, 2 half + lag), flags: uint8, same shape: the last input samples. The last `lag` of them
            have not been searched for pacing pulses.
        model: DetectorModel; noise: NoiseModel.
        out: (first_k (S,), n_k (S,), x (S, L, M), residue (S, L, M), low (S, L, M), flag (S, L, M)).
        beats: (count (S,), k (S, B), logit (S, B), wave (S, B, L, WAVE_LEN)).
        quality: (capacity, L) QUALITY_STATE records.
        seconds: (count (S,), index (S, Q, L), trust (S, Q, L), problems (S, Q, L)) of the seconds that ended.
        trace: Candidate trace, see detect_range.
    """
    n_streams, n_leads, n = samples.shape
    up, down, taps, dropout, stuck, pulse = rate
    first_k, n_k, out_x, residue, low, out_flag = out
    count, beat_k, beat_logit, beat_wave = beats
    second_count, second_index, second_trust, second_problems = seconds
    kept, lag = history.shape[2], pulse + 1 if pulse else 0
    most = out_x.shape[2]
    level = np.empty(kept + n, dtype=np.float32)
    flag = np.empty(kept + n, dtype=np.uint8)
    x = np.empty((n_leads, HISTORY + most), dtype=np.float32)
    envelope = np.empty((n_leads, HISTORY + most), dtype=np.float32)
    fused = np.empty(HISTORY + most, dtype=np.float32)
    any_valid = np.empty(most, dtype=np.bool_)
    work = (
        np.empty((n_leads, N_FEATURES), dtype=np.float32),
        np.empty(TEMPLATE_LEN, dtype=np.float32),
        np.empty(n_leads, dtype=np.float32),
    )
    for s in range(n_streams):
        slot = slots[s]
        stream = streams[slot]
        m = max(ends[s] - stream.next_k, 0)
        first_k[s], n_k[s] = stream.next_k, m
        any_valid[:m] = False
        for row in range(n_leads):
            level[:kept] = history[slot, row]
            flag[:kept] = flags[slot, row]
            state = condition[slot, row]
            hold(
                samples[s, row],
                off[s, row],
                mv_per_adu[s, row],
                dropout,
                stuck,
                state,
                level[kept:],
                flag[kept:],
            )
            if pulse:
                take_out_pulses(level, kept - lag, kept - lag + n, pulse)
            made = (low[s, row], residue[s, row], out_flag[s, row])
            first_input = stream.next_input - kept
            resample_lead(level, flag, first_input, stream.next_k, stream.next_k + m, up, down, taps, made)
            history[slot, row] = level[n:]
            flags[slot, row] = flag[n:]
            lead = leads[slot, row]
            x[row, :HISTORY] = lead.x
            envelope[row, :HISTORY] = lead.envelope
            remove_baseline(low[s, row], m, state, x[row], HISTORY)
            out_x[s, row, :m] = x[row, HISTORY : HISTORY + m]
            for i in range(m):
                any_valid[i] |= (out_flag[s, row, i] & VALID) != 0
        stream.next_input += n
        fused[:HISTORY] = stream.fused
        for row in range(n_leads):
            envelope_of(x[row], HISTORY - ENVELOPE_HALF, HISTORY + m - ENVELOPE_HALF, envelope[row])
        found = (beat_k[s], beat_logit[s], beat_wave[s], trace[0], trace[1], trace[2], trace[3])
        signals = (x, envelope, fused, residue[s], any_valid)
        start, n_out, n_seconds = 0, 0, 0
        while start < m:  # in pieces that end with a second, so that its quality weighs what follows
            stop = min(m, start + KERNEL_FS_HZ - (stream.next_k + start) % KERNEL_FS_HZ)
            n_out = detect_range(stream, leads[slot], signals, start, stop, n_out, model, work, found)
            for row in range(n_leads):
                state = quality[slot, row]
                lagged = envelope[row, HISTORY - ENVELOPE_HALF :]
                measure(
                    state, low[s, row], x[row, HISTORY:], lagged, residue[s, row], out_flag[s, row], start, stop,
                    stream.next_k,
                )  # fmt: skip
                if (stream.next_k + stop) % KERNEL_FS_HZ == 0:
                    close_second(state, leads[slot, row].size, leads[slot, row].clarity, noise)
                    leads[slot, row].trust = state.trust
            if (stream.next_k + stop) % KERNEL_FS_HZ == 0:
                call_open_inputs(quality[slot])
                for row in range(n_leads):
                    second_index[s, n_seconds, row] = quality[slot, row].index
                    second_trust[s, n_seconds, row] = quality[slot, row].trust
                    second_problems[s, n_seconds, row] = quality[slot, row].problems
                n_seconds += 1
                weigh(leads[slot])
            start = stop
        stream.next_k += m
        count[s], second_count[s] = n_out, n_seconds
        for row in range(n_leads):
            leads[slot, row].x[:] = x[row, m : m + HISTORY]
            leads[slot, row].envelope[:] = envelope[row, m : m + HISTORY]
        stream.fused[:] = fused[m : m + HISTORY]


def no_trace(n_leads: int, capacity: int = 0) -> tuple[Any, ...]:
    """Arrays for a trace of `capacity` judged candidates: k, accepted, features, count."""
    return (
        np.zeros(capacity, np.int64),
        np.zeros(capacity, np.bool_),
        np.zeros((capacity, n_leads, N_FEATURES), np.float32),
        np.zeros(1, np.int64),
    )


class StreamGroup:
    """State of every stream of one (fs, n_leads), and its step."""

    def __init__(self, fs_hz: float, n_leads: int, model: DetectorModel) -> None:
        self.fs_hz, self.n_leads, self.model = fs_hz, n_leads, model
        self.noise = default_noise_model()
        self.plan = plan(fs_hz)
        pulse = pulse_samples(fs_hz)
        self._lag = pulse + 1 if pulse else 0
        spans = (round(DROPOUT_S * fs_hz), round(STUCK_S * fs_hz), pulse)
        self._rate = (self.plan.up, self.plan.down, self.plan.taps, *spans)
        self._free: list[int] = []
        self._allocate(8)
        self.trace = no_trace(n_leads)
        self._classes = ClassifierGroup(n_leads)

    def _allocate(self, capacity: int) -> None:
        shape = (capacity, self.n_leads)
        self._arrays: dict[str, npt.NDArray[Any]] = {
            "condition": np.zeros(shape, CONDITION_STATE),
            "leads": np.zeros(shape, LEAD_STATE),
            "streams": np.zeros(capacity, STREAM_STATE),
            "quality": np.zeros(shape, QUALITY_STATE),
            "history": np.zeros((*shape, 2 * self.plan.half + self._lag), np.float32),
            "flags": np.zeros((*shape, 2 * self.plan.half + self._lag), np.uint8),
        }
        self._free = list(range(capacity - 1, -1, -1))

    def add(self, first_sample: int) -> int:
        """Takes a slot for a stream that starts at `first_sample`; returns the slot."""
        if not self._free:
            old = self._arrays
            used = len(old["streams"])
            self._allocate(2 * used)
            for name, array in old.items():
                self._arrays[name][:used] = array
            self._free = list(range(2 * used - 1, used - 1, -1))
        slot = self._free.pop()
        self._classes.begin(slot)
        self.start(slot, first_sample)
        return slot

    def remove(self, slot: int) -> None:
        """Gives a slot back."""
        self._free.append(slot)

    def start(self, slot: int, first_sample: int) -> None:
        """Starts a stream over at `first_sample`: nothing before it is remembered but what the patient's beats look like."""
        self._classes.restart(slot)
        for array in self._arrays.values():
            array[slot] = np.zeros((), array.dtype)
        stream = self._arrays["streams"][slot]
        stream["next_input"] = first_sample
        stream["next_k"] = stream["start_k"] = self.plan.kernel_start(first_sample)
        stream["last_beat_k"] = NEVER
        stream["last_beats_k"] = NEVER
        stream["candidate_k"] = NEVER
        self._arrays["leads"]["trust"][slot] = self._arrays["leads"]["clarity"][slot] = 0.5
        self._arrays["leads"]["weight"][slot] = 0.125

    def next_input(self, slot: int) -> int:
        """Input sample the stream expects next."""
        return int(self._arrays["streams"]["next_input"][slot])

    def step(
        self,
        samples: Int16Array,
        off: npt.NDArray[np.bool_],
        mv_per_adu: npt.NDArray[np.float64],
        slots: IntArray,
    ) -> tuple[GroupBlock, GroupBeats, GroupSeconds]:
        """One tick of S streams.

        Args:
            samples: int16 (S, n_leads, n), continuing each stream at its next_input.
            off: bool (S, n_leads), leads the device says are off.
            mv_per_adu: float64 (S, n_leads).
            slots: int64 (S,), no slot twice.

        Returns:
            Conditioned samples, the beats that became final, the quality of the seconds that ended.
        """
        n_streams, n_leads, n = samples.shape
        next_input = self._arrays["streams"]["next_input"][slots]
        ends = -((-(next_input + n - self.plan.half - self._lag) * self.plan.up) // self.plan.down)
        most = int(n * self.plan.up / self.plan.down) + 2
        shape = (n_streams, n_leads, most)
        first_k, n_k = np.empty(n_streams, np.int64), np.empty(n_streams, np.int64)
        x, residue, low = np.zeros(shape, np.float32), np.empty(shape, np.float32), np.empty(shape, np.float32)
        flag = np.zeros(shape, np.uint8)
        most_beats = int(most * _BEATS_PER_SAMPLE) + 2
        beats = GroupBeats(
            np.zeros(n_streams, np.int64),
            np.empty((n_streams, most_beats), np.int64),
            np.empty((n_streams, most_beats), np.float32),
            np.empty((n_streams, most_beats, n_leads, WAVE_LEN), np.float32),
        )
        most_seconds = most // KERNEL_FS_HZ + 2
        seconds = GroupSeconds(
            np.zeros(n_streams, np.int64),
            np.empty(n_streams, np.int64),
            np.zeros((n_streams, most_seconds, n_leads), np.float32),
            np.zeros((n_streams, most_seconds, n_leads), np.float32),
            np.zeros((n_streams, most_seconds, n_leads), np.int32),
        )
        step_group(
            samples, off, mv_per_adu, slots, ends, self._rate,
            self._arrays["condition"], self._arrays["leads"], self._arrays["streams"],
            self._arrays["history"], self._arrays["flags"], self._arrays["quality"], self.model, self.noise,
            (first_k, n_k, x, residue, low, flag),
            (beats.count, beats.kernel_sample, beats.logit, beats.wave_mv),
            (seconds.count, seconds.index, seconds.trust, seconds.problems),
            self.trace,
        )  # fmt: skip
        np.multiply(first_k // KERNEL_FS_HZ + 1, KERNEL_FS_HZ, out=seconds.end_k)
        block = GroupBlock(KERNEL_FS_HZ, self.fs_hz, first_k, n_k, x, (flag & VALID) != 0)
        return block, beats, seconds

    def noise_features(self, slots: IntArray) -> FloatArray:
        """float32 (S, n_leads, N_FEATURES): what ecg.quality.noise measured of the last finished second, 0 where nothing."""
        return np.array(self._arrays["quality"]["features"][slots, :, 0])

    def classify(self, slots: IntArray, beats: GroupBeats) -> list[list[Verdict]]:
        """Classes of the beats of a step, for each stream a list in the order of time."""
        verdicts = iter(self._classes.judge(slots, beats.count, beats.kernel_sample, beats.wave_mv))
        return [[next(verdicts) for _ in range(n)] for n in beats.count.tolist()]

    def snapshot(self, slot: int) -> dict[str, bytes]:
        """Everything remembered of a stream."""
        return {name: array[slot].tobytes() for name, array in self._arrays.items()} | self._classes.snapshot(slot)

    def restore(self, slot: int, kept: dict[str, bytes]) -> None:
        """Puts a snapshot back.

        Raises:
            InvalidSignal: It is not a snapshot of this kernel's state.
        """
        for name, array in self._arrays.items():
            if len(kept.get(name, b"")) != array[slot].nbytes:
                raise InvalidSignal(
                    f"snapshot of {name} has {len(kept.get(name, b''))} bytes, not {array[slot].nbytes}"
                )
            array[slot] = np.frombuffer(kept[name], array.dtype).reshape(array[slot].shape)
        self._classes.restore(slot, kept)
