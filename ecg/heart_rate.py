"""Heart rate of a monitor: the mean of recent RR intervals, or nothing when it cannot be known.

Must not import the monitor, the rules or the detector.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

#: RR intervals averaged; bedside monitors average 8 to 16 (EC13 family through vendor manuals).
AVERAGED_RR = 8
#: Fewer than this say nothing.
LEAST_RR = 2
#: The rate is unknown once no beat has come for this long, s (asystole is the rules' affair, 4 s).
STALE_S = 4.0


@dataclass(slots=True)
class HeartRate:
    """State of one stream, fed with beats in time order."""

    fs_hz: float
    last_sample: int | None = None
    rr_s: deque[float] = field(default_factory=lambda: deque(maxlen=AVERAGED_RR))

    def beat(self, sample: int) -> None:
        """Adds a beat at an index of the stream."""
        if self.last_sample is not None:
            rr_s = (sample - self.last_sample) / self.fs_hz
            if rr_s > STALE_S:
                self.rr_s.clear()
            else:
                self.rr_s.append(rr_s)
        self.last_sample = sample

    def restart(self) -> None:
        """After a gap or a dropout: the next beat has no predecessor."""
        self.last_sample = None
        self.rr_s.clear()

    def bpm_at(self, sample: int) -> float | None:
        """Beats per minute known at an index of the stream; None when unknown."""
        if self.last_sample is None or len(self.rr_s) < LEAST_RR:
            return None
        if sample - self.last_sample > STALE_S * self.fs_hz:
            return None
        return 60.0 * len(self.rr_s) / sum(self.rr_s)
