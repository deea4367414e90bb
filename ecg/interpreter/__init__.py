"""The protocol interpreter: a deterministic reading of one window in the six steps, honest about what it is.

`interpret` measures the window, listens to its rhythm, evaluates the protocol, writes the steps and verifies what it wrote.
Must not import any service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ecg.beats.beat import Beat
from ecg.checked import checked_signal
from ecg.conditions import Condition
from ecg.errors import InvalidSignal
from ecg.interpretation import Claim, Reply
from ecg.interpreter.episode import episode_rows, find_episode
from ecg.interpreter.listening import listen
from ecg.interpreter.quality_gate import not_interpretable
from ecg.interpreter.rhythm_reading import RhythmReading, read_rhythm, rhythm_rows
from ecg.interpreter.writer import abstain, write
from ecg.measurements.measure import measure
from ecg.measurements.measurement import Measurement, MeasurementTable
from ecg.protocol.evaluator import evaluate
from ecg.protocol.rules import Finding, Profile
from ecg.verifier import verify
from ecg.windows import Window


@dataclass(frozen=True, slots=True)
class Described:
    """A reading before it is verified."""

    measurements: MeasurementTable
    rhythm: RhythmReading
    findings: tuple[Finding, ...]
    reply: Reply


@dataclass(frozen=True, slots=True)
class Interpretation:
    """A verified reading of one window."""

    measurements: MeasurementTable
    findings: tuple[Finding, ...]
    reply: Reply
    claims: tuple[Claim, ...]


def describe(
    window: Window,
    beats: Sequence[Beat] | None = None,
    rhythm: str | None = None,
    conditions: Sequence[Condition] = (),
) -> Described:
    """Reads a window; the verifier has not seen the text yet.

    Args:
        window: The signal, any leads, any sampling frequency.
        beats: Beats known from monitoring, samples counted from the window's first; None: found in the window itself.
        rhythm: Rhythm word known from monitoring (WFDB: N AFIB VT ...); None: from the window itself.
        conditions: What the rules have called on this stretch, samples counted from the window's first (an onset before it is
            negative); tested against the window, not taken over.

    Returns:
        Measurements with their rhythm rows, findings of the ecg-r1 profile, and the reply.

    Raises:
        InvalidSignal: The window cannot be measured at all.
    """
    checked_signal(window.signal_mv, window.fs_hz)
    if len(window.lead_names) != len(window.signal_mv):
        raise InvalidSignal(f"{len(window.lead_names)} lead names for {len(window.signal_mv)} rows of samples")
    heard = listen(window, beats, rhythm)
    table = measure(window, beats)
    episode = find_episode(window, heard.beats, conditions)
    reading = read_rhythm(table, heard, conditions, episode)
    table = MeasurementTable((*table.rows, *rhythm_rows(reading, heard), *episode_rows(episode)))
    reason = not_interpretable(window, heard, table, reading)
    if reason:
        blank = MeasurementTable(tuple(_withdrawn(row, reason) for row in table.rows))
        return Described(blank, reading, evaluate(blank, Profile.ECG_R1), abstain(reason))
    findings = evaluate(table, Profile.ECG_R1)
    return Described(table, reading, findings, write(table, findings, reading, heard, window, episode))


def interpret(
    window: Window,
    beats: Sequence[Beat] | None = None,
    rhythm: str | None = None,
    conditions: Sequence[Condition] = (),
) -> Interpretation:
    """Reads a window and verifies every claim of the reading. Arguments as for `describe`."""
    described = describe(window, beats, rhythm, conditions)
    claims = verify(described.reply, described.measurements)
    return Interpretation(described.measurements, described.findings, described.reply, claims)


def _withdrawn(row: Measurement, reason: str) -> Measurement:
    return Measurement(row.name, None, row.unit, row.lead, reason=row.reason or reason)


__all__ = ["Described", "Interpretation", "describe", "interpret"]
