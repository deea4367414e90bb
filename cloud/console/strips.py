"""Strips: the stretch of signal that belongs to an alarm, put together from pieces and kept with it.

Owns which seconds an alarm's strip covers (CLINICAL.md §4: at least 10 s before the event) and the copies kept in
memory. Must not import Kafka, HTTP or the database.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from cloud.console.frames import Stretch
from ecg.conditions import ConditionEvent
from ecg.segments import INVALID_SAMPLE, Int16Array, Lead, LeadState, Segment

#: CLINICAL.md §4: at least 10 s before the event; 2 s more so that the onset is not at the very edge of a segment.
BEFORE_S = 12.0
AFTER_S = 10.0
MAX_STRIP_S = 60.0
#: Alarms whose strip is kept in memory, for pages without a database: about 25 KB each for two leads.
KEEP_STRIPS = 300


@dataclass(frozen=True, slots=True, eq=False)
class SignalStretch:
    """Signal of one epoch: int16 (n_leads, n_samples), INVALID_SAMPLE in its holes."""

    epoch: int
    first_sample: int
    start_time_ns: int
    fs_hz: float
    leads: tuple[Lead, ...]
    samples: Int16Array


@dataclass(frozen=True, slots=True)
class StripRange:
    """Samples [first_sample, end_sample) of one stream and epoch, and when that is (UTC ns)."""

    stream_id: str
    epoch: int
    first_sample: int
    end_sample: int
    start_time_ns: int
    end_time_ns: int


def strip_range(event: ConditionEvent, fs_hz: float) -> StripRange:
    """What an alarm's strip covers: BEFORE_S before the onset to AFTER_S after the detection, MAX_STRIP_S at most."""
    condition = event.condition
    first = max(0, condition.onset_sample - round(BEFORE_S * fs_hz))
    end = max(condition.detected_sample, condition.onset_sample) + round(AFTER_S * fs_hz)
    end = min(end, first + round(MAX_STRIP_S * fs_hz))
    start_ns = event.onset_time_ns - round((condition.onset_sample - first) * 1e9 / fs_hz)
    return StripRange(event.stream_id, event.epoch, first, end, start_ns, start_ns + round((end - first) * 1e9 / fs_hz))


def assemble(pieces: Iterable[Stretch], wanted: StripRange) -> SignalStretch | None:
    """The wanted range out of pieces of the same epoch; None where no piece touches it.

    Pieces with other leads or another fs than the first are left out: a strip has one layout. The strip is cut to
    what the pieces cover; holes between them are INVALID_SAMPLE, and so are the samples of a lead that was off.
    """
    found = [p for p in pieces if p.epoch == wanted.epoch and _overlaps(p, wanted)]
    if not found:
        return None
    found.sort(key=lambda piece: piece.first_sample)
    layout = [lead.name for lead in found[0].leads]
    found = [p for p in found if [lead.name for lead in p.leads] == layout and p.fs_hz == found[0].fs_hz]
    first = max(wanted.first_sample, found[0].first_sample)
    end = min(wanted.end_sample, max(p.first_sample + p.samples.shape[1] for p in found))
    samples = np.full((len(layout), end - first), INVALID_SAMPLE, np.int16)  # (n_leads, n_samples)
    connected = [False] * len(layout)
    for piece in found:
        start, stop = max(first, piece.first_sample), min(end, piece.first_sample + piece.samples.shape[1])
        cut = piece.samples[:, start - piece.first_sample : stop - piece.first_sample]
        for row, lead in enumerate(piece.leads):
            if lead.state is LeadState.CONNECTED:
                samples[row, start - first : stop - first] = cut[row]
                connected[row] = True
    leads = tuple(
        replace(lead, state=LeadState.CONNECTED if on else LeadState.OFF)
        for lead, on in zip(found[0].leads, connected, strict=True)
    )
    start_ns = found[0].start_time_ns + round((first - found[0].first_sample) * 1e9 / found[0].fs_hz)
    return SignalStretch(wanted.epoch, first, start_ns, found[0].fs_hz, leads, samples)


def _overlaps(piece: Stretch, wanted: StripRange) -> bool:
    end = piece.first_sample + piece.samples.shape[1]
    return piece.first_sample < wanted.end_sample and end > wanted.first_sample


@dataclass(slots=True, eq=False)
class _Capture:
    wanted: StripRange
    pieces: list[Segment] = field(default_factory=list)


class AlarmStrips:
    """Strips of the latest alarms, gathered as the signal comes in."""

    def __init__(self) -> None:
        self._captures: OrderedDict[str, _Capture] = OrderedDict()
        self._open: dict[str, list[_Capture]] = {}

    def begin(self, alarm_id: str, wanted: StripRange, pieces: list[Segment]) -> None:
        """Starts the strip of an alarm with what is in memory of it now; a second start does nothing."""
        if alarm_id in self._captures or not pieces:
            return
        capture = self._captures[alarm_id] = _Capture(wanted, pieces)
        self._open.setdefault(wanted.stream_id, []).append(capture)
        while len(self._captures) > KEEP_STRIPS:
            self._captures.popitem(last=False)

    def wants(self, stream_id: str) -> bool:
        """True while a strip of this stream is being gathered."""
        return stream_id in self._open

    def add(self, segment: Segment) -> None:
        """Takes one more segment of a stream."""
        going = []
        for capture in self._open.pop(segment.stream_id, ()):
            wanted = capture.wanted
            if segment.epoch == wanted.epoch and segment.first_sample < wanted.end_sample:
                if all(piece.first_sample != segment.first_sample for piece in capture.pieces):
                    capture.pieces.append(segment)
                if segment.end_sample < wanted.end_sample:
                    going.append(capture)
        if going:
            self._open[segment.stream_id] = going

    def of(self, alarm_id: str) -> SignalStretch | None:
        """The strip as far as it has come; None where none was gathered."""
        capture = self._captures.get(alarm_id)
        return assemble(capture.pieces, capture.wanted) if capture else None

    def covers_start(self, alarm_id: str) -> bool:
        """True where the gathered strip reaches back as far as it should."""
        capture = self._captures.get(alarm_id)
        return capture is not None and min(p.first_sample for p in capture.pieces) <= capture.wanted.first_sample
