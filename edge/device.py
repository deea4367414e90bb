"""A device: one source turned into segments with epoch, sequence numbers and a sample clock that never jumps back.

Owns numbering, silence and its declaration, and the restart of the sample clock. Pure but for the source it reads: times
are handed in. Must not import the spool nor the publisher.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from ecg.errors import InvalidSignal
from ecg.gaps import DeviceState, GapReason, GapRecord
from ecg.segments import Segment
from edge.sources.source import Chunk, Source

_log = structlog.get_logger("vigil.edge.device")

#: "No data from a device for more than 30 s is an alarm" (CLINICAL.md §4).
SILENT_S = 30.0
#: Samples may be this much late or early by their sample clock before the clock is set anew: packets are not punctual.
SLACK_S = 0.5
#: A source that cannot be read is tried again after this long.
RETRY_S = 5.0
#: A tick's worth of samples; a chunk of up to twice that (a late tick) still travels as one segment.
SEGMENT_S = 1.0
MAX_SEGMENT_S = 2.0
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class TickTime:
    """When a tick is: `since_start_s` on the agent's own clock, which never jumps, and the UTC of its start.

    Attributes:
        since_start_s: Seconds since the agent started, at the replay speed.
        start_utc_ns: UTC ns of since_start_s = 0, by the wall clock as it is now.
    """

    since_start_s: float
    start_utc_ns: int

    @property
    def utc_ns(self) -> int:
        """UTC ns of this tick."""
        return self.start_utc_ns + round(self.since_start_s * _NS)


class Device:
    """One bed's device.

    Args:
        stream_id: Its pseudonymous stream.
        source: Where its samples come from.
        epoch: First epoch, from the spool.
        new_epoch: Gives the stream's next epoch, for a device whose leads or sampling frequency change.

    Attributes:
        epoch: Current epoch.
        next_seq: Next sequence number: the ledger's upper edge.
        next_sample: Index of the next sample of this epoch.
        state: As told in its health.
        detail: Why, in words, where the state is not STREAMING.
    """

    __slots__ = (
        "_form", "_heard_s", "_missed_ticks", "_new_epoch", "_retry_s", "_source", "_start_s", "detail", "epoch",
        "next_sample", "next_seq", "state", "stream_id",
    )  # fmt: skip

    def __init__(self, stream_id: str, source: Source, epoch: int, new_epoch: Callable[[str], int]) -> None:
        self.stream_id = stream_id
        self._source = source
        self._new_epoch = new_epoch
        self.state, self.detail = DeviceState.STREAMING, ""
        self._form: tuple[float, tuple[str, ...]] | None = None
        self._heard_s = self._retry_s = 0.0
        self.begin_epoch(epoch, 0.0)

    def begin_epoch(self, epoch: int, start_s: float) -> None:
        """Starts the sample clock over: sample 0 is the one due just after start_s."""
        self.epoch = epoch
        self.next_seq = self.next_sample = 0
        self._start_s = start_s
        self._missed_ticks = 0

    def tick(self, now: TickTime, segments: list[Segment], gaps: list[GapRecord]) -> None:
        """Takes what is due and appends its segments, and gaps where something will never come.

        Args:
            now: The tick.
            segments: Appended to, in order.
            gaps: Appended to.
        """
        chunk = self._read(now.since_start_s)
        if chunk is None:
            if self.state is not DeviceState.ENDED:
                self._hear_nothing(now, gaps)
            return
        try:
            self._take(chunk, now, segments, gaps)
        except InvalidSignal as error:  # an absurd fs, gain or number of leads; what it held is missing from now on
            self._fail(error, now.since_start_s)

    def _take(self, chunk: Chunk, now: TickTime, segments: list[Segment], gaps: list[GapRecord]) -> None:
        form = (chunk.fs_hz, tuple(lead.name for lead in chunk.leads))
        if form != self._form:
            # A segment is valid from birth: this one says whether any of these can be, before the epoch is changed.
            Segment(self.stream_id, 0, 0, 0, chunk.fs_hz, 0, chunk.leads, chunk.samples[:, :1])
            if self._form is not None:
                _log.warning("device_changed_leads", stream_id=self.stream_id, fs_hz=form[0], leads=form[1])
                self.begin_epoch(self._new_epoch(self.stream_id), self._heard_s)
            self._form = form
        self._place(chunk, now, gaps)
        self._cut(chunk, now, segments)
        self._heard_s, self._missed_ticks = now.since_start_s, 0
        if self.state is not DeviceState.STREAMING:
            self.state, self.detail = DeviceState.STREAMING, ""

    def _read(self, now_s: float) -> Chunk | None:
        if self.state is DeviceState.ENDED or now_s < self._retry_s:
            return None
        try:
            chunk = self._source.read(now_s)
        except (InvalidSignal, OSError) as error:
            self._fail(error, now_s)
            return None
        if chunk is None and self._source.ended:
            self.state, self.detail = DeviceState.ENDED, "the recording has been played"
        return chunk

    def _fail(self, error: Exception, now_s: float) -> None:
        if self.state is not DeviceState.FAULT:
            _log.error("device_fault", stream_id=self.stream_id, error=str(error))
        self.state, self.detail = DeviceState.FAULT, str(error)
        self._retry_s = now_s + RETRY_S
        self._missed_ticks += 1

    def _hear_nothing(self, now: TickTime, gaps: list[GapRecord]) -> None:
        """Counts a silent tick; every SILENT_S of silence is declared, so that the ledger does not wait for it."""
        self._missed_ticks += 1
        silent_s = now.since_start_s - self._heard_s
        if silent_s <= SILENT_S:
            return
        if self.state is DeviceState.STREAMING:
            self.state, self.detail = DeviceState.SILENT, f"no samples for {SILENT_S:g} s"
        missing_s = now.since_start_s - self._start_s - self._sample_s()
        if missing_s >= SILENT_S:
            self._declare_silence(missing_s, now, gaps)

    def _sample_s(self) -> float:
        """Seconds of this epoch that have samples or are declared missing."""
        return self.next_sample / self._form[0] if self._form else 0.0

    def _declare_silence(self, missing_s: float, now: TickTime, gaps: list[GapRecord]) -> None:
        """One sequence number per segment that did not come; the sample clock goes on over them."""
        if self._form is None:  # never heard: nothing to number yet, its clock starts with its first sample
            return
        n = max(1, round(missing_s / SEGMENT_S))
        detail = f"the source delivered nothing for {missing_s:.1f} s"
        gaps.append(
            GapRecord(
                self.stream_id,
                self.epoch,
                self.next_seq,
                self.next_seq + n,
                GapReason.SOURCE_SILENT,
                detail,
                now.utc_ns,
            )
        )
        self.next_seq += n
        self.next_sample += round(missing_s * self._form[0])

    def _place(self, chunk: Chunk, now: TickTime, gaps: list[GapRecord]) -> None:
        """Sets the sample clock where the chunk is not where it is due: a gap after silence, else a drift, followed."""
        chunk_s = chunk.samples.shape[1] / chunk.fs_hz
        late_s = now.since_start_s - self._start_s - self._sample_s() - chunk_s
        if abs(late_s) <= SLACK_S:
            return
        if self.next_seq == 0:
            self._start_s += late_s
        elif late_s > 0 and self._missed_ticks:
            self._declare_silence(late_s, now, gaps)
        else:
            self._start_s += late_s
            _log.info("device_clock_followed", stream_id=self.stream_id, by_s=round(late_s, 3))

    def _cut(self, chunk: Chunk, now: TickTime, segments: list[Segment]) -> None:
        fs_hz, n = chunk.fs_hz, chunk.samples.shape[1]
        most = max(1, int(fs_hz * MAX_SEGMENT_S))
        start_ns = now.start_utc_ns + round(self._start_s * _NS)
        for first in range(0, n, most):
            samples = chunk.samples if n <= most else chunk.samples[:, first : first + most]
            segments.append(
                Segment(
                    self.stream_id,
                    self.epoch,
                    self.next_seq,
                    self.next_sample,
                    fs_hz,
                    start_ns + round(self.next_sample * _NS / fs_hz),
                    chunk.leads,
                    samples,
                )
            )
            self.next_seq += 1
            self.next_sample += samples.shape[1]
