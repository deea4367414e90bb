"""Views: domain types as the JSON of `schemas`. Plain functions, no state, no clock."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from cloud.console.alarm_book import Entry
from cloud.console.bed_board import Bed
from cloud.console.schemas import (
    AlarmOut,
    AlarmState,
    BedOut,
    EventOut,
    EvidenceOut,
    InterpretationEventOut,
    LeadQualityOut,
    LeadStripOut,
    StripOut,
    VitalsOut,
)
from cloud.console.strips import SignalStretch
from cloud.console.wording import CONDITION_NAMES, rhythm_name
from ecg.alarms import Alarm, AlertEvent
from ecg.conditions import LETHAL
from ecg.interpretation import (
    Accepted,
    Checked,
    Failed,
    Finished,
    InterpretationRecord,
    Labelled,
    Measured,
    Step,
    Summarised,
)
from ecg.segments import INVALID_SAMPLE, LeadState
from vigil.v1 import screening_pb2

_KINDS: dict[type, str] = {
    Accepted: "accepted",
    Measured: "measurements",
    Step: "step",
    Summarised: "summary",
    Labelled: "labels",
    Checked: "claims",
    Finished: "done",
    Failed: "failed",
}


def _ms(time_ns: int | None) -> float | None:
    return time_ns / 1e6 if time_ns else None


def alarm_state(alarm: Alarm) -> AlarmState:
    """One word for where an alarm is in its life."""
    if alarm.cleared:
        return "cleared"
    if alarm.acknowledged_by:
        return "acknowledged"
    if alarm.latched:
        return "latched"
    return "active" if alarm.condition_active else "ended"


def alarm_view(entry: Entry) -> AlarmOut:
    """An alarm; its onset is that of its first report, what it says now is the last report's."""
    alarm, event = entry.alarm, entry.alarm.condition
    first = entry.events[min(entry.events)].condition if entry.events else event
    code = event.condition.code
    return AlarmOut(
        alarm_id=alarm.alarm_id,
        bed=event.stream_id,
        code=code.value,
        name=CONDITION_NAMES[code],
        priority=alarm.priority.value,
        lethal=code in LETHAL,
        state=alarm_state(alarm),
        reason=event.condition.reason,
        onset_time_ms=first.onset_time_ns / 1e6,
        detected_time_ms=first.detected_time_ns / 1e6,
        raised_time_ms=alarm.raised_time_ns / 1e6,
        ended_time_ms=_ms(event.ended_time_ns),
        origins=[origin.value for origin in alarm.origins],
        acknowledged_by=alarm.acknowledged_by,
        acknowledged_time_ms=_ms(alarm.acknowledged_time_ns),
        audio_paused_until_ms=_ms(alarm.audio_paused_until_ns),
        downgraded=alarm.downgraded,
        judged="true" if alarm.judged == "true" else "false" if alarm.judged == "false" else "",
        interpretation=alarm.interpretation,
        evidence=[EvidenceOut(name=e.name, value=e.value, unit=e.unit) for e in event.condition.evidence],
    )


def event_view(event: AlertEvent) -> EventOut:
    """One event of an alarm's life."""
    return EventOut(
        number=event.number,
        kind=event.kind.value,
        time_ms=event.time_ns / 1e6,
        actor=event.actor,
        detail=event.detail,
        reason=event.condition.condition.reason,
    )


def interpretation_view(record: InterpretationRecord) -> InterpretationEventOut:
    """One event of an interpretation."""
    body = asdict(record.event)
    if isinstance(record.event, Checked):
        body = {
            "claims": [{**asdict(c), "kind": c.kind.value, "verdict": c.verdict.value} for c in record.event.claims]
        }
    return InterpretationEventOut(
        alarm_id=record.alarm_id,
        escalation_id=record.escalation_id,
        number=record.number,
        kind=_KINDS[type(record.event)],
        time_ms=record.time_ns / 1e6,
        model_id=record.model_id,
        body=body,
    )


def strip_view(bed: str, strip: SignalStretch) -> StripOut:
    """A strip in millivolts."""
    leads = []
    for row, lead in enumerate(strip.leads):
        mv = np.round((strip.samples[row].astype(float) - lead.baseline_adu) / lead.gain_adu_per_mv, 4)
        values = [None if adu == INVALID_SAMPLE else float(v) for adu, v in zip(strip.samples[row], mv, strict=True)]
        leads.append(LeadStripOut(name=lead.name, connected=lead.state is LeadState.CONNECTED, mv=values))
    return StripOut(
        bed=bed,
        epoch=strip.epoch,
        first_sample=strip.first_sample,
        fs_hz=strip.fs_hz,
        start_time_ms=strip.start_time_ns / 1e6,
        leads=leads,
    )


def vitals_view(vitals: screening_pb2.Vitals) -> VitalsOut:
    """The numbers on a tile."""
    return VitalsOut(
        bed=vitals.stream_id,
        time_ms=vitals.time_ns / 1e6,
        heart_rate_bpm=round(vitals.heart_rate_bpm, 1) if vitals.HasField("heart_rate_bpm") else None,
        rhythm=vitals.rhythm,
        rhythm_name=rhythm_name(vitals.rhythm),
        quality=[
            LeadQualityOut(lead=q.lead, index=round(q.index, 3), problems=[p.lower() for p in q.problems])
            for q in vitals.quality
        ],
        epoch=vitals.epoch,
        beats=[(beat.sample, beat.symbol) for beat in vitals.beats],
    )


def bed_view(bed: Bed) -> BedOut:
    """What of a bed changes seldom."""
    health = bed.health
    return BedOut(
        bed=bed.stream_id,
        handle=bed.handle,
        agent_id=bed.agent_id,
        leads=list(bed.lead_names),
        fs_hz=bed.fs_hz,
        device_state=health.state.value if health else "",
        device_detail=health.detail if health else "",
        spooled_segments=health.spooled_segments if health else 0,
    )
