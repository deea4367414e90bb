"""What the monitor remembers of one stream besides the arrays, and how it is kept in bytes.

Owns the per-stream Python state and its snapshot format. Must not import the monitor.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ecg.beats.beat import Beat, JudgedBeat
from ecg.beats.classifier import Verdict
from ecg.conditioning import kernel_to_stream
from ecg.conditions import Condition
from ecg.errors import InvalidSignal
from ecg.heart_rate import HeartRate
from ecg.quality.ladder import ArtefactLadder
from ecg.quality.lead_quality import LeadQuality, QualityProblem
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.rules import RhythmRules
from ecg.segments import Lead, Segment
from ecg.stream_group import GroupBeats, GroupSeconds

#: Changes whenever a snapshot of an older kernel cannot be read any more.
SNAPSHOT_VERSION = 4
_PROBLEMS_OF_BITS = tuple(tuple(p for p in QualityProblem if bits & p) for bits in range(128))


@dataclass(slots=True)
class StreamState:
    """Per-stream state that is not samples.

    Attributes:
        slot: Row in the arrays of the stream's group.
        quality: At the last finished second, as shown.
        weighed: The same with the index the rules weigh a lead by (GroupSeconds.trust).
        leads: Of the last segment.
        next_input: First sample that was not seen, at the stream's rate.
    """

    epoch: int
    fs_hz: float
    lead_names: tuple[str, ...]
    gains: tuple[float, ...]
    slot: int
    quality: tuple[LeadQuality, ...]
    weighed: tuple[LeadQuality, ...]
    heart_rate: HeartRate
    rules: RhythmRules
    ladder: ArtefactLadder = field(default_factory=ArtefactLadder)
    rhythm: str = ""
    leads: tuple[Lead, ...] = ()
    next_input: int = -1

    def awaits(self, segment: Segment) -> bool:
        """Whether it is the next segment of the same epoch, rate and leads: nothing more is to be asked of it."""
        return (
            segment.epoch == self.epoch
            and segment.first_sample == self.next_input
            and segment.leads == self.leads
            and segment.fs_hz == self.fs_hz
        )

    @classmethod
    def begin(
        cls, epoch: int, fs_hz: float, lead_names: tuple[str, ...], gains: tuple[float, ...], slot: int
    ) -> StreamState:
        """State of a stream of which nothing is known yet."""
        quality = tuple(LeadQuality(name, 0.5) for name in lead_names)
        return cls(epoch, fs_hz, lead_names, gains, slot, quality, quality, HeartRate(fs_hz), RhythmRules())

    def restart(self, gains: tuple[float, ...]) -> None:
        """After a gap: what happened meanwhile is unknown; what the patient's beats look like is not forgotten."""
        self.gains = gains
        self.heart_rate.restart()
        self.rhythm = ""

    def take_seconds(self, row: int, seconds: GroupSeconds) -> list[Condition]:
        """Feeds finished seconds of row `row` to the ladder; returns technical conditions that changed."""
        changed: list[Condition] = []
        for q in range(int(seconds.count[row])):
            end_k = int(seconds.end_k[row]) + q * KERNEL_FS_HZ
            index, problems = seconds.index[row, q].tolist(), seconds.problems[row, q].tolist()
            first = kernel_to_stream(end_k - KERNEL_FS_HZ, self.fs_hz)
            changed += self.ladder.second(first, kernel_to_stream(end_k, self.fs_hz), self.lead_names, index, problems)
            named = [_PROBLEMS_OF_BITS[p] for p in problems]
            trust = seconds.trust[row, q].tolist()
            self.quality = tuple(map(LeadQuality, self.lead_names, index, named))
            self.weighed = self.quality if trust == index else tuple(map(LeadQuality, self.lead_names, trust, named))
        return changed


def rule_beats(row: int, beats: GroupBeats, verdicts: Sequence[Verdict]) -> list[Beat]:
    """Beats of row `row` with both classes, as JudgedBeat, samples at the kernel rate."""
    found = beats.kernel_sample[row, : len(verdicts)].tolist() if verdicts else ()
    return [JudgedBeat(k, v.rule_label, v.rule_confidence, v.label) for k, v in zip(found, verdicts, strict=True)]


class _KernelUnpickler(pickle.Unpickler):
    """Reads only what snapshots are made of: a snapshot may have travelled, and pickle would run anything."""

    _ALLOWED = frozenset(
        {"collections", "builtins", "numpy", "numpy.core.multiarray", "numpy._core.multiarray", "numpy._core.numeric"}
    )
    _NAMES = frozenset({"deque", "set", "frozenset", "ndarray", "dtype", "_reconstruct", "_frombuffer", "scalar"})

    def find_class(self, module: str, name: str) -> Any:
        """Classes of the kernel, and the few containers they hold."""
        if module.startswith("ecg.") or (module in self._ALLOWED and name in self._NAMES):
            found = super().find_class(module, name)
            if isinstance(found, type) or name in self._NAMES:
                return found
        raise InvalidSignal(f"snapshot names {module}.{name}, which no snapshot holds")


def dump_state(state: StreamState, arrays: dict[str, bytes]) -> bytes:
    """A stream's state and arrays as bytes."""
    return pickle.dumps((SNAPSHOT_VERSION, state, arrays), protocol=5)


def load_state(blob: bytes) -> tuple[StreamState, dict[str, bytes]]:
    """The inverse of dump_state.

    Raises:
        InvalidSignal: Not a snapshot, or of another version.
    """
    try:
        version, state, arrays = _KernelUnpickler(io.BytesIO(blob)).load()
    except InvalidSignal:
        raise
    except Exception as cause:
        raise InvalidSignal(f"not a snapshot: {cause}") from cause
    if version != SNAPSHOT_VERSION or not isinstance(state, StreamState):
        raise InvalidSignal(f"snapshot of version {version}, {SNAPSHOT_VERSION} wanted")
    return state, arrays
