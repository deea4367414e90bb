"""The causal kernel's beats and rhythm changes of a recording as WFDB annotations.

Owns running a fresh monitor over a whole recording and the words of the annotations. Must not write files.
"""

from __future__ import annotations

from collections.abc import Iterable

from ecg.annotations import Annotations
from ecg.beats.beat import Beat
from ecg.conditions import Condition, ConditionCode
from ecg.monitor import Monitor, MonitorOutput
from edge.recordings import nothing_after, segments
from edge.sources.wfdb_replay import Recording

#: Seconds a step: the beats do not depend on it (tests/unit/kernel), long ones are faster.
_STEP_S = 5.0
#: Longer than a beat takes to become final (0.34 s of detector, 0.28 s of waveform behind the fiducial).
_CLOSING_S = 1.5
#: Rhythm words of conditions that last; VFB becomes [ and ], as the WFDB marks fibrillation.
_RHYTHM = {
    ConditionCode.AFLT: "AFL",
    ConditionCode.AFIB: "AFIB",
    ConditionCode.SVT: "SVTA",
    ConditionCode.SVE_RUN: "SVTA",
    ConditionCode.AVB2: "BII",
    ConditionCode.VTA: "VT",
    ConditionCode.RUN: "VT",
    ConditionCode.BIGEMINY: "B",
    ConditionCode.TRIGEMINY: "T",
    ConditionCode.AIVR: "IVR",
}
_ORDER = tuple(_RHYTHM)

Mark = tuple[int, str, str]


def run_monitor(recording: Recording, name: str) -> tuple[list[Beat], list[Condition]]:
    """Beats and the last word on every condition, as the monitor finds them causally.

    A beat becomes final a little after it; the seconds without signal that follow the end bring out the last ones.
    """
    return _beats_and_conditions(_outputs(recording, name), recording.samples.shape[1])


def _outputs(recording: Recording, name: str) -> list[MonitorOutput]:
    monitor = Monitor()
    sent = [*segments(recording, name, _STEP_S), nothing_after(recording, name, _CLOSING_S)]
    return [output for segment in sent for output in monitor.step([segment]).outputs]


def _beats_and_conditions(outputs: Iterable[MonitorOutput], n_samples: int) -> tuple[list[Beat], list[Condition]]:
    beats: list[Beat] = []
    conditions: dict[tuple[ConditionCode, int], Condition] = {}
    for output in outputs:
        beats += [beat for beat in output.beats if beat.sample < n_samples]
        if output.first_sample < n_samples:
            conditions |= {(c.code, c.onset_sample): c for c in output.conditions}
    return beats, list(conditions.values())


def rhythm_marks(conditions: Iterable[Condition], n_samples: int, paced: Iterable[tuple[int, int]] = ()) -> list[Mark]:
    """Rhythm changes "+" with "(AFIB" and so on, and "[" "]" around fibrillation; "(N" where nothing is called.

    Args:
        conditions: Last word on each.
        n_samples: Of the record.
        paced: Stretches (first sample, end) whose rhythm word is P; a condition within them is written instead.
    """
    marks: list[Mark] = []
    spans = [(start, min(end, n_samples), len(_ORDER)) for start, end in paced if start < n_samples]
    for c in conditions:
        end = n_samples if c.ended_sample is None else min(c.ended_sample, n_samples)
        if c.code is ConditionCode.VFB and end > c.onset_sample:
            marks += [(c.onset_sample, "[", ""), (end - 1, "]", "")]
        elif c.code in _RHYTHM:
            spans.append((c.onset_sample, end, _ORDER.index(c.code)))
    edges = sorted({0, *(s for s, _, _ in spans), *(e for _, e, _ in spans if e < n_samples)})
    word = ""
    for edge in edges:
        on = [rank for start, end, rank in spans if start <= edge < end]
        now = "N" if not on else "P" if min(on) == len(_ORDER) else _RHYTHM[_ORDER[min(on)]]
        if now != word:
            marks.append((edge, "+", f"({now}"))
            word = now
    return marks


def annotations_of(recording: Recording, name: str) -> Annotations:
    """Beats with class, rhythm changes and fibrillation marks of one recording."""
    n_samples = recording.samples.shape[1]
    outputs = _outputs(recording, name)
    beats, conditions = _beats_and_conditions(outputs, n_samples)
    paced = [(output.first_sample, output.end_sample) for output in outputs if output.rhythm == "P"]
    marks: list[Mark] = [(beat.sample, beat.label.value, "") for beat in beats]
    marks += rhythm_marks(conditions, n_samples, paced)
    marks.sort(key=lambda mark: mark[0])
    return Annotations.of(
        [mark[0] for mark in marks],
        [mark[1] for mark in marks],
        recording.fs_hz,
        aux_note=[mark[2] for mark in marks],
        n_samples=n_samples,
    )
