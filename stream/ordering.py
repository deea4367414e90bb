"""The order of one stream's segments: what is late, what is twice, what is missing, what cannot be.

The policy, each outcome with its name (`Fate`) and counter: a segment ahead of its turn waits until two of its kind wait
or the first has waited 2 s; then the range before it is given up as a gap. What comes for a range given up is late: it is
on Kafka, where the recorder finds it, but the live rules have gone on. What was seen before is dropped. Pure.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from ecg.errors import InvalidSignal
from ecg.segments import MAX_SEGMENT_S, Segment

#: Segments that may wait for a missing one, and how long the first of them may.
HOLD_SEGMENTS, HOLD_NS = 2, 2_000_000_000
#: Wall clock and sample clock of a stream may differ by this between two segments (NTP steps are smaller).
CLOCK_SLACK_NS = 2_000_000_000
#: Given-up ranges remembered, to tell late from twice.
_REMEMBER = 256


class Fate(Enum):
    """What became of a segment."""

    LIVE = "live"
    HELD = "held"
    LATE = "late"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Ordered:
    """The segments whose turn it is, and what the step taught.

    Attributes:
        gaps: Ranges [first_seq, end_seq) given up.
        clock_jump_s: Seconds the device's wall clock left its sample clock by, 0 where it did not.
    """

    ready: tuple[Segment, ...] = ()
    fate: Fate = Fate.LIVE
    gaps: tuple[tuple[int, int], ...] = ()
    clock_jump_s: float = 0.0


@dataclass(slots=True)
class SegmentOrder:
    """Where one stream stands. `last` is the newest segment whose turn it was."""

    last: Segment | None = None
    held: dict[int, tuple[Segment, int]] = field(default_factory=dict)  # seq -> segment, arrival (ns)
    given_up: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_REMEMBER))
    refused: set[int] = field(default_factory=set)  # numbers after `last` whose segment could not be used

    def take(self, segment: Segment, now_ns: int) -> Ordered:
        """A segment arrives.

        Raises:
            InvalidSignal: Its numbers contradict each other or what went before; the text names them.
        """
        last = self.last
        if last is None or segment.epoch > last.epoch:
            ready = (*self._release_all(), segment)
            self.held.clear()
            self.given_up.clear()
            self.refused.clear()
            self.last = segment
            return Ordered(ready)
        if segment.epoch < last.epoch:
            return Ordered(fate=Fate.LATE)
        if segment.seq <= last.seq:
            self._refuse_restart(segment, last)
            late = any(first <= segment.seq < end for first, end in self.given_up)
            return Ordered(fate=Fate.LATE if late else Fate.DUPLICATE)
        if segment.seq in self.held:
            return Ordered(fate=Fate.DUPLICATE)
        _refuse_change(segment, last)
        jump_s = _clock_jump(segment, last)
        if segment.seq <= self._expected():
            self.last = segment
            return Ordered((segment, *self._release_next()), clock_jump_s=jump_s)
        self.held[segment.seq] = (segment, now_ns)
        if len(self.held) > HOLD_SEGMENTS:
            ready, gaps = self._give_up()
            return Ordered(ready, Fate.HELD if segment.seq in self.held else Fate.LIVE, gaps, jump_s)
        return Ordered(fate=Fate.HELD, clock_jump_s=jump_s)

    def refuse(self, epoch: int, seq: int) -> tuple[Segment, ...]:
        """A segment could not be used and will not come again: nobody waits for it. Returns those whose turn it is now."""
        last = self.last
        if last is None or epoch != last.epoch or not last.seq < seq <= last.seq + _REMEMBER:
            return ()
        self.refused.add(seq)
        return self._release_next()

    def _expected(self) -> int:
        """The number whose turn it is: the next one that was not refused."""
        assert self.last is not None
        self.refused = {seq for seq in self.refused if seq > self.last.seq}
        seq = self.last.seq + 1
        while seq in self.refused:
            seq += 1
        return seq

    def expire(self, now_ns: int) -> Ordered:
        """Time passes: what has waited long enough goes on without what it waited for."""
        if self.held and now_ns - min(at_ns for _, at_ns in self.held.values()) >= HOLD_NS:
            ready, gaps = self._give_up()
            return Ordered(ready, gaps=gaps)
        return Ordered()

    def _give_up(self) -> tuple[tuple[Segment, ...], tuple[tuple[int, int], ...]]:
        assert self.last is not None
        lost = (self._expected(), min(self.held))
        self.given_up.append(lost)
        return self._release_next(skip_to=lost[1]), (lost,)

    def _release_next(self, skip_to: int | None = None) -> tuple[Segment, ...]:
        ready = []
        seq = self._expected() if skip_to is None else skip_to
        while seq in self.held:
            self.last = self.held.pop(seq)[0]
            ready.append(self.last)
            seq = self._expected()
        return tuple(ready)

    def _release_all(self) -> list[Segment]:
        return [self.held[seq][0] for seq in sorted(self.held)]

    @staticmethod
    def _refuse_restart(segment: Segment, last: Segment) -> None:
        """A number that went back while the clock went on is an agent that restarted without a new epoch."""
        if segment.start_time_ns > last.start_time_ns + CLOCK_SLACK_NS:
            raise InvalidSignal(
                f"segment {segment.stream_id!r} epoch {segment.epoch} seq {segment.seq}: numbers went back from "
                f"{last.seq} while the clock went on; a restart must begin a new epoch"
            )


def _refuse_change(segment: Segment, last: Segment) -> None:
    """Rate and leads are those of the epoch: a device that changes them begins a new one."""
    names, known = [x.name for x in segment.leads], [x.name for x in last.leads]
    if segment.fs_hz != last.fs_hz or names != known:
        raise InvalidSignal(
            f"segment {segment.stream_id!r} epoch {segment.epoch} seq {segment.seq}: {len(names)} leads {names} at "
            f"{segment.fs_hz:g} Hz within an epoch of {len(known)} leads {known} at {last.fs_hz:g} Hz"
        )


def _clock_jump(segment: Segment, last: Segment) -> float:
    """Seconds the wall clock jumped by; refuses numbers that cannot be true together."""
    where = f"segment {segment.stream_id!r} epoch {segment.epoch} seq {segment.seq}"
    n_between = segment.seq - last.seq - 1
    samples_between = segment.first_sample - last.end_sample
    if samples_between < 0:
        raise InvalidSignal(f"{where}: samples from {segment.first_sample} on, but {last.end_sample} is next")
    if samples_between < n_between:
        raise InvalidSignal(f"{where}: seq jumped by {n_between} over {samples_between} samples")
    clock_ns = segment.start_time_ns - last.time_ns_at(segment.first_sample)
    if abs(clock_ns) <= CLOCK_SLACK_NS:
        return 0.0
    if samples_between > (n_between + 1) * MAX_SEGMENT_S * segment.fs_hz:
        raise InvalidSignal(
            f"{where}: first_sample jumped by {samples_between} samples, which its clock does not bear out "
            f"({clock_ns / 1e9:+.1f} s apart)"
        )
    return clock_ns / 1e9
