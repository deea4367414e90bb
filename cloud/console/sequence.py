"""Sequence counts: what of a stream has been seen here, so that a hole shows even with no database.

Owns a light count per stream and epoch. The full ledger is the recorder's (`loss_ledger`). Must not import I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: Missing ranges kept per stream; older ones stay in the count.
_MAX_RANGES = 64


@dataclass(slots=True)
class SequenceCount:
    """Counts one stream's sequence numbers within an epoch.

    Attributes:
        first_seq: First number seen since the console started.
        next_seq: One above the highest seen.
        received: Distinct numbers seen.
        duplicates: Seen again, or too late to tell.
        missing: Ranges [first, end) not seen yet; a late one fills its place.
    """

    epoch: int
    first_seq: int
    next_seq: int
    received: int = 0
    duplicates: int = 0
    missing: list[tuple[int, int]] = field(default_factory=list)

    @property
    def missing_count(self) -> int:
        """Numbers between first_seq and next_seq that have not come."""
        return self.next_seq - self.first_seq - self.received

    def see(self, epoch: int, seq: int) -> None:
        """Counts one segment; a newer epoch starts the count again, and the first segment of all begins it."""
        if epoch > self.epoch or (self.received == 0 and epoch == self.epoch):
            self.epoch, self.first_seq, self.next_seq = epoch, seq, seq
            self.received = 0
            self.missing.clear()
        if epoch < self.epoch or seq < self.first_seq:
            self.duplicates += 1
        elif seq >= self.next_seq:
            if seq > self.next_seq:
                self.missing.append((self.next_seq, seq))
                del self.missing[:-_MAX_RANGES]
            self.next_seq = seq + 1
            self.received += 1
        else:
            self._fill(seq)

    def _fill(self, seq: int) -> None:
        for i, (first, end) in enumerate(self.missing):
            if first <= seq < end:
                self.missing[i : i + 1] = [r for r in ((first, seq), (seq + 1, end)) if r[0] < r[1]]
                self.received += 1
                return
        self.duplicates += 1
