"""The monitor: segments of many streams in, beats, rhythm, quality and conditions of each out.

Owns the composition and the order checks of a stream's samples; the signal work is in ecg.stream_group, the decisions in
ecg.beats, ecg.quality and ecg.rhythm. Pure: no I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Flag, auto

import numpy as np

from ecg.beats.beat import Beat
from ecg.beats.classifier import Verdict
from ecg.beats.detector_model import DetectorModel, default_model
from ecg.conditioning import GroupBlock, StreamBlock, kernel_to_stream
from ecg.conditions import LETHAL, TECHNICAL, Condition
from ecg.errors import InvalidSignal
from ecg.profiles import RuleProfile
from ecg.quality.lead_quality import LeadQuality
from ecg.rhythm.wave_model import RhythmModel
from ecg.segments import LeadState, Segment
from ecg.stream_group import GroupBeats, GroupSeconds, StreamGroup
from ecg.stream_state import StreamState, dump_state, load_state, rule_beats


class Rules(Flag):
    """Which conditions a monitor looks for and reports; LETHAL alone asks no other rule. Technical ones always."""

    LETHAL = auto()
    OTHER = auto()
    ALL = LETHAL | OTHER


@dataclass(frozen=True, slots=True)
class MonitorOutput:
    """What one segment of one stream brought to light.

    Attributes:
        first_sample, end_sample: Of the segment, at the stream's rate.
        time_ns: UTC ns of end_sample.
        beats: Beats that became final with this segment, in time order; their samples lie up to 0.5 s back.
        heart_rate_bpm: None when unknown.
        rhythm: WFDB rhythm word without "(" (N AFIB VT VFL B T ...); "" when unknown.
        quality: One per lead.
        conditions: Begun, changed or ended since the last segment.
    """

    stream_id: str
    epoch: int
    seq: int
    first_sample: int
    end_sample: int
    fs_hz: float
    time_ns: int
    beats: tuple[Beat, ...]
    heart_rate_bpm: float | None
    rhythm: str
    quality: tuple[LeadQuality, ...]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class MonitorStep:
    """Result of one tick.

    Attributes:
        outputs: One per accepted segment, in the order given.
        rejected: Segments that could not be used, each with its reason; no other stream is touched by them.
    """

    outputs: tuple[MonitorOutput, ...]
    rejected: tuple[tuple[Segment, InvalidSignal], ...] = ()


class Monitor:
    """Beats, rhythm, quality and conditions of any number of streams.

    A stream begins with its first segment. A jump forward of first_sample, or a higher epoch, restarts its detectors:
    what happened meanwhile is unknown. Segments that overlap what was seen, an older epoch, and a change of sampling
    frequency or leads within an epoch are rejected.
    """

    def __init__(
        self,
        rules: Rules = Rules.ALL,
        profile: RuleProfile | None = None,
        model: DetectorModel | None = None,
        rhythm_model: RhythmModel | None = None,
    ) -> None:
        """Args: rules to report; profile of the rhythm rules (None: the CinC 2015 defaults); other models than the shipped."""
        self.rules = rules
        self.profile = profile
        self._model = model if model is not None else default_model()
        self._rhythm_model = rhythm_model
        self._groups: dict[tuple[float, int], StreamGroup] = {}
        self._streams: dict[str, StreamState] = {}

    def step(self, segments: Sequence[Segment]) -> MonitorStep:
        """One tick: any mix of streams, several segments of one stream in order.

        Args:
            segments: What arrived.

        Returns:
            Outputs and rejections; never raises for bad segments.
        """
        rejected: list[tuple[Segment, InvalidSignal]] = []
        outputs: dict[int, MonitorOutput] = {}
        waiting = list(enumerate(segments))
        while waiting:
            rounds: dict[tuple[float, int, int], list[tuple[int, Segment, StreamState]]] = {}
            later: list[tuple[int, Segment]] = []
            busy: set[str] = set()
            for position, segment in waiting:
                if segment.stream_id in busy:
                    later.append((position, segment))
                    continue
                try:
                    state = self._admit(segment)
                except InvalidSignal as reason:
                    rejected.append((segment, reason))
                    continue
                busy.add(segment.stream_id)
                key = (segment.fs_hz, len(segment.leads), segment.n_samples)
                rounds.setdefault(key, []).append((position, segment, state))
            for members in rounds.values():
                for (position, _, _), output in zip(members, self._step_group(members), strict=True):
                    outputs[position] = output
            waiting = later
        return MonitorStep(tuple(outputs[i] for i in sorted(outputs)), tuple(rejected))

    def snapshot(self, stream_id: str) -> bytes:
        """Everything remembered of a stream, for `restore`.

        Raises:
            KeyError: The stream is unknown.
        """
        state = self._streams[stream_id]
        return dump_state(state, self._group(state.fs_hz, len(state.lead_names)).snapshot(state.slot))

    def restore(self, stream_id: str, blob: bytes) -> None:
        """Puts a stream back where `snapshot` saw it.

        Raises:
            InvalidSignal: The blob is not a snapshot of this version.
        """
        state, arrays = load_state(blob)
        group = self._group(state.fs_hz, len(state.lead_names))
        self.forget(stream_id)
        state.slot = group.add(0)
        try:
            group.restore(state.slot, arrays)
        except InvalidSignal:
            group.remove(state.slot)
            raise
        self._streams[stream_id] = state

    def forget(self, stream_id: str) -> None:
        """Drops a stream; unknown ones are no error."""
        state = self._streams.pop(stream_id, None)
        if state is not None:
            self._group(state.fs_hz, len(state.lead_names)).remove(state.slot)

    def _group(self, fs_hz: float, n_leads: int) -> StreamGroup:
        key = (fs_hz, n_leads)
        if key not in self._groups:
            self._groups[key] = StreamGroup(fs_hz, n_leads, self._model)
        return self._groups[key]

    def _admit(self, segment: Segment) -> StreamState:
        """State of the segment's stream, restarted where the segment does not join; raises InvalidSignal."""
        state = self._streams.get(segment.stream_id)
        if state is not None and state.awaits(segment):
            return state
        where = f"stream {segment.stream_id!r} epoch {segment.epoch} seq {segment.seq}"
        names = tuple(lead.name for lead in segment.leads)
        gains = tuple(lead.gain_adu_per_mv for lead in segment.leads)
        if state is not None and segment.epoch < state.epoch:
            raise InvalidSignal(f"{where}: epoch {state.epoch} has begun")
        if state is None or segment.epoch > state.epoch:
            self.forget(segment.stream_id)
            slot = self._group(segment.fs_hz, len(names)).add(segment.first_sample)
            state = StreamState.begin(segment.epoch, segment.fs_hz, names, gains, slot)
            state.leads = segment.leads
            state.rules.model = self._rhythm_model
            self._streams[segment.stream_id] = state
            return state
        if segment.fs_hz != state.fs_hz or names != state.lead_names:
            raise InvalidSignal(
                f"{where}: {segment.fs_hz:g} Hz {names} within an epoch of {state.fs_hz:g} Hz {state.lead_names}"
            )
        group = self._group(state.fs_hz, len(names))
        expected = group.next_input(state.slot)
        if segment.first_sample < expected:
            raise InvalidSignal(f"{where}: samples from {segment.first_sample} on, but {expected} is next")
        if segment.first_sample > expected or gains != state.gains:
            group.start(state.slot, segment.first_sample)
            state.restart(gains)
        state.leads = segment.leads
        return state

    def _step_group(self, members: Sequence[tuple[int, Segment, StreamState]]) -> list[MonitorOutput]:
        first = members[0][2]
        group = self._group(first.fs_hz, len(first.lead_names))
        samples = np.stack([segment.samples for _, segment, _ in members])
        off = np.array([[lead.state is LeadState.OFF for lead in segment.leads] for _, segment, _ in members])
        mv_per_adu = 1.0 / np.array([state.gains for _, _, state in members])
        slots = np.array([state.slot for _, _, state in members])
        block, beats, seconds = group.step(samples, off, mv_per_adu, slots)
        verdicts = group.classify(slots, beats)
        return [
            self._finish(segment, state, row, block, beats, verdicts[row], seconds)
            for row, (_, segment, state) in enumerate(members)
        ]

    def _finish(
        self,
        segment: Segment,
        state: StreamState,
        row: int,
        block: GroupBlock,
        beats: GroupBeats,
        verdicts: Sequence[Verdict],
        seconds: GroupSeconds,
    ) -> MonitorOutput:
        """The per-stream part of a step: quality, rate, rules."""
        conditions = state.take_seconds(row, seconds)
        kernel_beats = rule_beats(row, beats, verdicts)
        n = int(block.n_samples[row])
        own = StreamBlock(
            block.fs_hz, block.stream_fs_hz, int(block.first_sample[row]), block.signal_mv[row, :, :n],
            block.valid[row, :, :n], state.lead_names, state.weighed, state.ladder.usable,
        )  # fmt: skip
        if n:
            changed, state.rhythm = state.rules.step(
                kernel_beats, own, self.profile, lethal_only=self.rules is Rules.LETHAL
            )
            conditions = conditions + changed
        stream_beats = tuple(
            Beat(kernel_to_stream(b.sample, state.fs_hz), v.label, v.confidence)
            for b, v in zip(kernel_beats, verdicts, strict=True)
        )
        for beat in stream_beats:
            state.heart_rate.beat(beat.sample)
        end = state.next_input = segment.end_sample
        return MonitorOutput(
            segment.stream_id, segment.epoch, segment.seq, segment.first_sample, end, segment.fs_hz,
            segment.time_ns_at(end), stream_beats, state.heart_rate.bpm_at(end) if own.usable else None,
            state.rhythm, state.quality, tuple(c for c in conditions if self._reported(c)) if conditions else (),
        )  # fmt: skip

    def _reported(self, condition: Condition) -> bool:
        if condition.code in TECHNICAL:
            return True
        return bool(self.rules & (Rules.LETHAL if condition.code in LETHAL else Rules.OTHER))
