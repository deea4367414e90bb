"""The alarm book and an alarm's strip."""

from __future__ import annotations

import itertools

import numpy as np

from cloud.console.alarm_book import AlarmBook
from cloud.console.strips import AFTER_S, BEFORE_S, AlarmStrips, assemble, strip_range
from cloud.console.views import alarm_view
from ecg.alarms import AlertKind
from ecg.conditions import ConditionCode, Priority
from ecg.interpretation import InterpretationRecord, Step, Summarised
from ecg.segments import INVALID_SAMPLE, LeadState
from tests.unit.console.wire_samples import FS_HZ, T0_NS, condition, event, segment

LIFE = (
    event(0, AlertKind.RAISED),
    event(1, AlertKind.CONDITION_ENDED, about=condition(ended_s=30), time_s=31),
    event(2, AlertKind.ACKNOWLEDGED, about=condition(ended_s=30), actor="Demo nurse", time_s=40),
    event(3, AlertKind.CLEARED, about=condition(ended_s=30), time_s=40),
)


def test_an_alarm_passes_through_its_states() -> None:
    book = AlarmBook()
    states = []
    for one in LIFE:
        entry = book.on_event(one)
        assert entry is not None
        states.append(alarm_view(entry).state)
    assert states == ["active", "latched", "acknowledged", "cleared"]
    view = alarm_view(book.entries["alarm-1"])
    assert view.acknowledged_by == "Demo nurse"
    assert view.onset_time_ms == (T0_NS + 20_000_000_000) / 1e6
    assert view.reason == "VFB found"
    assert view.origins == ["edge"]


def test_events_that_come_twice_change_nothing() -> None:
    book = AlarmBook()
    for one in LIFE:
        book.on_event(one)
    assert [book.on_event(one) for one in LIFE] == [None] * 4
    assert len(book.entries["alarm-1"].events) == 4


def test_events_without_a_beginning_wait_for_it_in_any_order() -> None:
    for order in itertools.permutations(LIFE[1:]):
        book = AlarmBook()
        assert [book.on_event(one) for one in order] == [None] * 3
        assert book.entries == {}
        book.on_event(LIFE[0])
        assert book.entries["alarm-1"].alarm.cleared
        assert book.entries["alarm-1"].alarm.acknowledged_by == "Demo nurse"
        assert book.orphans == {}


def test_the_list_begins_with_what_a_nurse_should_look_at_first() -> None:
    book = AlarmBook()
    kinds = [
        ("cleared", Priority.HIGH, ConditionCode.ASY, 50),
        ("technical", Priority.TECHNICAL, ConditionCode.LEADS_OFF, 60),
        ("medium", Priority.MEDIUM, ConditionCode.AFIB, 55),
        ("vt", Priority.HIGH, ConditionCode.VTA, 50),
        ("old vf", Priority.HIGH, ConditionCode.VFB, 10),
        ("new vf", Priority.HIGH, ConditionCode.VFB, 20),
        ("acked", Priority.HIGH, ConditionCode.EBR, 58),
    ]
    for name, priority, code, at in kinds:
        about = condition(code)
        book.on_event(event(0, AlertKind.RAISED, name, about, priority, time_s=at))
    book.on_event(event(1, AlertKind.ACKNOWLEDGED, "acked", condition(ConditionCode.EBR), actor="x"))
    book.on_event(event(1, AlertKind.CLEARED, "cleared", condition(ConditionCode.ASY)))
    assert [e.alarm.alarm_id for e in book.listed()] == [
        "new vf", "old vf", "vt", "acked", "medium", "technical", "cleared"
    ]  # fmt: skip
    assert "cleared" not in [e.alarm.alarm_id for e in book.standing()]


def test_what_goes_on_now_stands_before_what_is_latched() -> None:
    #  VF ───────▌ended, latched
    #              asystole ─────▶ the bed's most urgent alarm is this one
    book = AlarmBook()
    book.on_event(event(0, AlertKind.RAISED, "vf"))
    book.on_event(event(0, AlertKind.RAISED, "asy", condition(ConditionCode.ASY, onset_s=40), time_s=44))
    assert [entry.alarm.alarm_id for entry in book.standing()] == ["vf", "asy"], "both go on: what kills first"
    book.on_event(event(1, AlertKind.CONDITION_ENDED, "vf", condition(ended_s=39), time_s=45))
    assert [entry.alarm.alarm_id for entry in book.standing()] == ["asy", "vf"]


def test_an_interpretation_may_come_before_its_alarm_and_twice() -> None:
    def said(escalation: str, number: int, at: int, what: Step | Summarised) -> InterpretationRecord:
        return InterpretationRecord(escalation, "alarm-1", "bed-1", 1, 0, 2500, FS_HZ, at, "m", number, what)

    book = AlarmBook()
    first = said("e1", 0, 1, Step(1, "Rate", "HR 70"))
    assert book.on_interpretation(first) is None
    entry = book.on_event(LIFE[0])
    assert entry is not None
    assert book.on_interpretation(first) is None
    assert book.on_interpretation(said("e2", 1, 9, Summarised("later"))) is entry
    assert book.on_interpretation(said("e2", 0, 8, Step(1, "Rate", "HR 71"))) is entry
    assert [r.number for r in entry.latest_interpretation()] == [0, 1]
    assert entry.latest_interpretation()[0].escalation_id == "e2"


def test_a_strip_has_at_least_ten_seconds_before_the_event() -> None:
    strips = AlarmStrips()
    wanted = strip_range(condition(onset_s=20), FS_HZ)
    strips.begin("alarm-1", wanted, [segment(seq=seq) for seq in range(5, 24)])
    for seq in range(24, 60):
        if strips.wants("bed-1"):
            strips.add(segment(seq=seq))
    strip = strips.of("alarm-1")
    assert strip is not None
    assert strip.first_sample == (20 - BEFORE_S) * FS_HZ
    assert strip.first_sample + strip.samples.shape[1] == (24 + AFTER_S) * FS_HZ
    assert not strips.wants("bed-1")
    assert strips.covers_start("alarm-1")
    assert strip.start_time_ns == T0_NS + 8 * 1_000_000_000
    np.testing.assert_array_equal(strip.samples[0, ::250], np.arange(8, 34))


def test_holes_and_leads_that_were_off_hold_no_samples() -> None:
    wanted = strip_range(condition(onset_s=12), FS_HZ)
    strip = assemble([segment(seq=3), segment(seq=1, off="II"), segment(seq=2, epoch=9)], wanted)
    assert strip is not None
    assert [lead.state for lead in strip.leads] == [LeadState.CONNECTED, LeadState.CONNECTED]
    seconds = strip.samples[:, ::250]
    np.testing.assert_array_equal(seconds[0], [1, INVALID_SAMPLE, 3])
    np.testing.assert_array_equal(seconds[1], [INVALID_SAMPLE, INVALID_SAMPLE, 1003])
    assert assemble([segment(seq=99)], wanted) is None
