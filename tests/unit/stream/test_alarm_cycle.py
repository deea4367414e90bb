"""The life cycle of alarms, rule by rule, and the two properties it stands on: order and repetition change nothing."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.alarm_chains import SUPERIORS
from ecg.alarm_cycle import ADVICE_WITHIN_NS, AUDIO_PAUSE_NS, HOLD_NS, Advice, AlarmCycle, S
from ecg.alarm_shelf import MERGE_NS
from ecg.alarm_tracking import alarm_id_of
from ecg.alarms import AlarmCommand, AlertEvent, AlertKind, CommandKind, fold
from ecg.conditions import LETHAL, Condition, ConditionCode, ConditionEvent, Origin, Priority

FS = 250
EDGE, STREAM = Origin.EDGE, Origin.STREAM
T0 = 1_700_000_000 * S


def report(
    code: ConditionCode = ConditionCode.VFB,
    onset_s: float = 100,
    origin: Origin = STREAM,
    ended_s: float | None = None,
    epoch: int = 0,
    stream_id: str = "bed-1",
    reason: str = "fibrillation for 4 s",
    detected_s: float | None = None,
) -> ConditionEvent:
    seen_s = onset_s + 4 if detected_s is None else detected_s
    condition = Condition(
        code, round(onset_s * FS), round(seen_s * FS), reason, None if ended_s is None else round(ended_s * FS)
    )
    ended_ns = None if ended_s is None else T0 + round(ended_s * S)
    onset_ns, seen_ns = T0 + round(onset_s * S), T0 + round(seen_s * S)
    return ConditionEvent(stream_id, epoch, "agent-1", origin, condition, onset_ns, seen_ns, ended_ns)


def command(alarm_id: str, kind: CommandKind, at_s: float, command_id: str = "c1") -> AlarmCommand:
    return AlarmCommand(command_id, alarm_id, "bed-1", "agent-1", kind, "nurse.a", at(at_s))


def at(seconds: float) -> int:
    return T0 + round(seconds * S)


def kinds(events: list[AlertEvent]) -> list[str]:
    return [event.kind.value for event in events]


def test_edge_and_stream_reports_of_one_onset_are_one_alarm() -> None:
    cycle = AlarmCycle()
    first = cycle.on_condition(report(origin=EDGE), at(104))
    second = cycle.on_condition(report(origin=STREAM, onset_s=103), at(105))
    assert kinds(first) == ["raised"] and kinds(second) == ["updated"]
    assert first[0].alarm_id == second[0].alarm_id == alarm_id_of(report())
    assert second[0].origins == (EDGE, STREAM)
    assert first[0].priority is Priority.HIGH


def test_another_code_or_bed_is_another_alarm() -> None:
    cycle = AlarmCycle()
    ids = {
        cycle.on_condition(event, at(104))[0].alarm_id
        for event in (report(), report(ConditionCode.ASY), report(stream_id="bed-2"))
    }
    assert len(ids) == 3


def test_a_lethal_alarm_is_latched_until_acknowledged() -> None:
    cycle = AlarmCycle()
    alarm_id = cycle.on_condition(report(), at(104))[0].alarm_id
    assert kinds(cycle.on_condition(report(ended_s=110), at(110))) == ["condition_ended"]
    assert cycle.on_time(at(100_000)) == []
    alarm = cycle.alarm(alarm_id)
    assert alarm is not None and alarm.latched
    acknowledge = command(alarm_id, CommandKind.ACKNOWLEDGE, 120)
    assert kinds(cycle.on_command(acknowledge, at(120))) == ["acknowledged", "cleared"]
    assert cycle.open_alarms() == ()
    assert cycle.on_command(acknowledge, at(121)) == []


def test_an_acknowledged_lethal_alarm_clears_when_its_condition_ends_on_both_sides() -> None:
    cycle = AlarmCycle()
    alarm_id = cycle.on_condition(report(origin=EDGE), at(104))[0].alarm_id
    cycle.on_condition(report(), at(105))
    cycle.on_command(command(alarm_id, CommandKind.ACKNOWLEDGE, 106), at(106))
    assert kinds(cycle.on_condition(report(origin=EDGE, ended_s=110), at(110))) == ["updated"]
    alarm = cycle.alarm(alarm_id)
    assert alarm is not None and alarm.condition_active and not alarm.cleared
    assert kinds(cycle.on_condition(report(ended_s=110), at(111))) == ["condition_ended", "cleared"]


def test_a_new_lethal_episode_after_an_acknowledged_one_is_a_new_alarm() -> None:
    cycle = AlarmCycle()
    first = cycle.on_condition(report(), at(104))[0].alarm_id
    cycle.on_command(command(first, CommandKind.ACKNOWLEDGE, 105), at(105))
    cycle.on_condition(report(ended_s=110), at(110))
    again = cycle.on_condition(report(onset_s=118), at(122))
    assert kinds(again) == ["raised"] and again[0].alarm_id != first


def test_an_unacknowledged_lethal_alarm_takes_up_the_next_episode() -> None:
    cycle = AlarmCycle()
    first = cycle.on_condition(report(), at(104))[0].alarm_id
    cycle.on_condition(report(ended_s=110), at(110))
    again = cycle.on_condition(report(onset_s=400), at(404))
    assert kinds(again) == ["updated"] and again[0].alarm_id == first and again[0].detail == "2 times"
    alarm = cycle.alarm(first)
    assert alarm is not None and alarm.condition_active


def test_a_non_lethal_alarm_clears_after_its_hold() -> None:
    cycle = AlarmCycle()
    cycle.on_condition(report(ConditionCode.PAUSE), at(104))
    cycle.on_condition(report(ConditionCode.PAUSE, ended_s=106), at(106))
    hold_s = HOLD_NS[Priority.MEDIUM] / S
    assert cycle.on_time(at(106 + hold_s - 1)) == []
    assert kinds(cycle.on_time(at(106 + hold_s))) == ["cleared"]


def test_couplets_that_come_and_come_are_one_alarm_with_a_count() -> None:
    cycle, events = AlarmCycle(), []
    for i in range(200):  # one every 3 s for 10 min
        onset_s = 100 + 3.0 * i
        couplet = report(ConditionCode.COUPLET, onset_s, detected_s=onset_s + 1)
        events += cycle.on_condition(couplet, at(onset_s + 1))
        over = report(ConditionCode.COUPLET, onset_s, detected_s=onset_s + 1, ended_s=onset_s + 1)
        events += cycle.on_condition(over, at(onset_s + 1))
        events += cycle.on_time(at(onset_s + 2))
    assert [event.kind for event in events].count(AlertKind.RAISED) == 1
    assert len(events) <= 62, "published at most every 10 s"
    assert events[-1].detail.endswith("times") and int(events[-1].detail.split()[0]) > 190
    assert kinds(cycle.on_time(at(900)))[-1] == "cleared"


def test_audio_pause_lasts_two_minutes_at_most_and_sounds_again() -> None:
    cycle = AlarmCycle()
    alarm_id = cycle.on_condition(report(), at(104))[0].alarm_id
    ahead = command(alarm_id, CommandKind.AUDIO_PAUSE, 9_999)  # the console's clock runs ahead
    (paused,) = cycle.on_command(ahead, at(110))
    assert int(paused.detail) == at(110) + AUDIO_PAUSE_NS
    assert cycle.on_command(ahead, at(110)) == []
    assert cycle.on_time(at(229)) == []
    (resumed,) = cycle.on_time(at(230))
    assert resumed.kind is AlertKind.AUDIO_PAUSED and resumed.detail == "0"
    alarm = cycle.alarm(alarm_id)
    assert alarm is not None and not alarm.audio_paused_until_ns
    assert cycle.on_time(at(231)) == []


def test_a_judgement_is_kept_also_after_clearing() -> None:
    cycle = AlarmCycle()
    alarm_id = cycle.on_condition(report(), at(104))[0].alarm_id
    cycle.on_condition(report(ended_s=110), at(110))
    cycle.on_command(command(alarm_id, CommandKind.ACKNOWLEDGE, 120), at(120))
    (judged,) = cycle.on_command(command(alarm_id, CommandKind.JUDGE_FALSE, 130), at(130))
    assert judged.detail == "false"
    assert cycle.on_command(command(alarm_id, CommandKind.JUDGE_FALSE, 131), at(131)) == []


def test_a_command_for_an_unknown_alarm_gives_nothing() -> None:
    assert AlarmCycle().on_command(command("nobody", CommandKind.ACKNOWLEDGE, 1), at(1)) == []


def advice(*codes: ConditionCode, start_s: float = 98, end_s: float = 108) -> Advice:
    return Advice("bed-1", at(start_s), at(end_s), frozenset(codes), "encoder sees no tachycardia", "tiny-1")


def test_advice_lowers_by_one_step_once_and_says_why() -> None:
    cycle = AlarmCycle()
    cycle.on_condition(report(ConditionCode.ETC), at(104))
    (lowered,) = cycle.on_advice(advice(ConditionCode.ETC), at(105))
    assert lowered.kind is AlertKind.DOWNGRADED and lowered.priority is Priority.MEDIUM
    assert "encoder sees no tachycardia" in lowered.detail and "tiny-1" in lowered.detail
    assert cycle.on_advice(advice(ConditionCode.ETC), at(105)) == []


def test_advice_never_touches_asystole_and_fibrillation() -> None:
    cycle = AlarmCycle()
    cycle.on_condition(report(ConditionCode.ASY), at(104))
    cycle.on_condition(report(ConditionCode.VFB), at(104))
    assert cycle.on_advice(advice(ConditionCode.ASY, ConditionCode.VFB), at(105)) == []


def test_advice_too_late_or_of_another_window_is_not_taken() -> None:
    cycle = AlarmCycle()
    cycle.on_condition(report(ConditionCode.ETC), at(104))
    assert cycle.on_advice(advice(ConditionCode.ETC, start_s=80, end_s=90), at(105)) == []
    assert cycle.on_advice(advice(ConditionCode.ETC), at(104) + ADVICE_WITHIN_NS + 1) == []


def test_a_new_episode_takes_the_full_priority_back() -> None:
    cycle = AlarmCycle()
    cycle.on_condition(report(ConditionCode.ETC), at(104))
    cycle.on_advice(advice(ConditionCode.ETC), at(105))
    cycle.on_condition(report(ConditionCode.ETC, ended_s=110), at(110))
    (again,) = cycle.on_condition(report(ConditionCode.ETC, onset_s=130), at(134))
    assert again.priority is Priority.HIGH


def test_a_new_epoch_ends_what_the_old_one_left_active() -> None:
    cycle = AlarmCycle()
    alarm_id = cycle.on_condition(report(origin=EDGE), at(104))[0].alarm_id
    assert kinds(cycle.on_lost("bed-1", at(110), before_epoch=1)) == ["condition_ended"]
    alarm = cycle.alarm(alarm_id)
    assert alarm is not None and alarm.latched, "nobody has acknowledged it"
    assert cycle.on_lost("bed-1", at(111), before_epoch=1) == []


def test_what_one_origin_lost_the_other_still_holds_up() -> None:
    cycle = AlarmCycle()
    cycle.on_condition(report(origin=EDGE), at(104))
    cycle.on_condition(report(origin=STREAM), at(105))
    lost = cycle.on_lost("bed-1", at(110), code=ConditionCode.VFB, origin=STREAM)
    assert kinds(lost) == ["updated"] and cycle.open_alarms()[0].condition_active


def test_a_cleared_alarm_that_the_edge_goes_on_reporting_is_raised_again() -> None:
    cycle = AlarmCycle()
    first = cycle.on_condition(report(), at(104))[0].alarm_id
    cycle.on_condition(report(ended_s=106), at(106))
    cycle.on_command(command(first, CommandKind.ACKNOWLEDGE, 107), at(107))
    assert kinds(cycle.on_condition(report(origin=EDGE), at(108))) == ["updated"]
    assert cycle.on_time(at(110)) == []
    (again,) = cycle.on_time(at(108) + MERGE_NS)
    assert again.kind is AlertKind.RAISED and again.alarm_id != first


def test_an_end_without_a_beginning_still_raises_a_lethal_alarm() -> None:
    cycle = AlarmCycle()
    assert kinds(cycle.on_condition(report(ended_s=110), at(110))) == ["raised", "condition_ended"]
    assert cycle.on_condition(report(), at(111)) == [], "the beginning arrives late"


# Properties

#: None stands under another: within a chain of ecg.alarm_chains it matters what is told first, as it must.
_CODES = (ConditionCode.VFB, ConditionCode.ASY, ConditionCode.AFIB, ConditionCode.BIGEMINY)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, object]]:
    """Reports of both origins, commands and ticks, as (what, argument)."""
    steps: list[tuple[str, object]] = []
    for code in draw(st.sets(st.sampled_from(_CODES), min_size=1, max_size=2)):
        clock = 100.0
        for _ in range(draw(st.integers(1, 3))):
            clock += draw(st.sampled_from([2.0, 12.0, 40.0, 120.0]))
            length_s = draw(st.sampled_from([5.0, 20.0]))
            for origin in draw(st.sampled_from([(EDGE,), (STREAM,), (EDGE, STREAM)])):
                skew_s = 0.4 if origin is EDGE else 0.0
                steps.append(("condition", report(code, clock + skew_s, origin)))
                steps.append(("condition", report(code, clock + skew_s, origin, ended_s=clock + length_s)))
            clock += length_s
    return steps


def run(cycle: AlarmCycle, steps: list[tuple[str, object]], now_s: float = 100.0) -> list[AlertEvent]:
    """Feeds a history second by second; commands go to every open alarm."""
    events: list[AlertEvent] = []
    for what, argument in steps:
        now_s += 0.5
        if what == "condition":
            assert isinstance(argument, ConditionEvent)
            events += cycle.on_condition(argument, at(now_s))
        elif what == "time":
            now_s += 20
            events += cycle.on_time(at(now_s))
        else:
            assert isinstance(argument, CommandKind)
            for alarm in cycle.open_alarms():
                events += cycle.on_command(command(alarm.alarm_id, argument, now_s, f"c{now_s}"), at(now_s))
    return events


def outcome(cycle: AlarmCycle) -> set[tuple[object, ...]]:
    return {
        (a.condition.condition.code, a.origins, a.condition_active, a.acknowledged_by, a.cleared)
        for a in cycle.snapshot().values()
    }


@settings(max_examples=150, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_end_in_the_same_state(steps: list, rng: random.Random) -> None:
    """Reports shuffled at will and doubled: the same alarms, active or over, by the same origins."""
    shuffled = steps + rng.sample(steps, k=len(steps) // 2)
    rng.shuffle(shuffled)
    straight, mixed = AlarmCycle(), AlarmCycle()
    run(straight, steps)
    run(mixed, shuffled)
    for cycle in (straight, mixed):
        cycle.on_time(at(130))  # publishes what was held back to thin it
    assert outcome(straight) == outcome(mixed)
    for cycle in (straight, mixed):
        run(cycle, [("command", CommandKind.ACKNOWLEDGE), *[("time", None)] * 5], now_s=1000)
        assert all(a.cleared for a in cycle.snapshot().values())
    assert outcome(straight) == outcome(mixed)


@settings(max_examples=150, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_the_state_is_the_fold_of_the_events_and_survives_a_restart_anywhere(steps: list, rng: random.Random) -> None:
    extra = [("time", None), ("command", CommandKind.ACKNOWLEDGE), ("command", CommandKind.AUDIO_PAUSE)]
    mixed = list(steps)
    for step in extra * 2:
        mixed.insert(rng.randint(0, len(mixed)), step)
    cycle = AlarmCycle()
    events = run(cycle, mixed)
    by_id: dict[str, list[AlertEvent]] = {}
    for event in events:
        by_id.setdefault(event.alarm_id, []).append(event)
    for alarm_id, life in by_id.items():
        assert [event.number for event in life] == list(range(len(life)))
        assert fold(life) == cycle.alarm(alarm_id)
        assert life[0].priority is Priority.HIGH or life[0].condition.condition.code not in LETHAL

    restarted = AlarmCycle()
    restarted.restore(events + events)  # read back twice: nothing changes
    assert restarted.snapshot() == cycle.snapshot()
    assert {a.alarm_id for a in restarted.open_alarms()} == {a.alarm_id for a in cycle.open_alarms()}
    # What was at work before the restart is redelivered after it: no alarm is raised twice.
    again = run(restarted, [step for step in mixed if step[0] == "condition"], now_s=1000)
    assert not [event for event in again if event.kind is AlertKind.RAISED]


@given(st.integers(0, 2**40), st.sampled_from(list(ConditionCode)))
def test_the_id_depends_on_bed_epoch_code_and_onset_alone(onset: int, code: ConditionCode) -> None:
    event = report(code)
    event = replace(event, condition=replace(event.condition, onset_sample=onset))
    assert alarm_id_of(event) == alarm_id_of(replace(event, origin=EDGE, agent_id="another"))
    assert alarm_id_of(event) != alarm_id_of(replace(event, epoch=1))


def test_under_a_ventricular_tachycardia_nothing_lesser_is_raised_and_what_outlasts_it_is() -> None:
    cycle = AlarmCycle()
    cycle.on_condition(report(ConditionCode.VTA), at(104))
    for code in (ConditionCode.ETC, ConditionCode.TACHY, ConditionCode.RUN):
        assert cycle.on_condition(report(code, 101), at(105)) == []
    assert [alarm.condition.condition.code for alarm in cycle.open_alarms()] == [ConditionCode.VTA]
    cycle.on_time(at(119))
    cycle.on_condition(report(ConditionCode.VTA, ended_s=120), at(120))
    # the run ends a little later than the tachycardia, as its own rule sees it: never an alarm of what is over
    assert cycle.on_condition(report(ConditionCode.RUN, 101, ended_s=121), at(121)) == []
    assert cycle.on_time(at(122)) == []
    events = cycle.on_time(at(127))
    # the extreme tachycardia goes on and is raised; the plain one now stands under that
    assert [(e.kind, e.condition.condition.code) for e in events] == [(AlertKind.RAISED, ConditionCode.ETC)]
    assert cycle.on_time(at(140)) == []


def test_the_chains_have_no_ring_and_no_lethal_under_a_lesser() -> None:
    for code, above in SUPERIORS.items():
        assert code not in LETHAL or set(above) <= LETHAL
        for superior in above:
            assert code not in SUPERIORS.get(superior, ())
    assert not {ConditionCode.ASY, ConditionCode.VFB} & set(SUPERIORS)


def test_a_tachycardia_stands_under_fibrillation_and_is_raised_when_that_ends_and_it_goes_on() -> None:
    cycle = AlarmCycle()
    cycle.on_condition(report(ConditionCode.VFB), at(104))
    assert cycle.on_condition(report(ConditionCode.VTA, 101), at(105)) == []
    cycle.on_time(at(119))
    cycle.on_condition(report(ConditionCode.VFB, ended_s=120), at(120))
    events = cycle.on_time(at(126))
    assert [(e.kind, e.condition.condition.code) for e in events] == [(AlertKind.RAISED, ConditionCode.VTA)]


def test_a_tachycardia_that_turns_into_fibrillation_raises_the_graver_alarm_at_once() -> None:
    cycle = AlarmCycle()
    assert kinds(cycle.on_condition(report(ConditionCode.VTA), at(104))) == ["raised"]
    assert kinds(cycle.on_condition(report(ConditionCode.VFB, 110), at(114))) == ["raised"]


def test_asystole_never_stands_under_anything_and_other_beds_are_not_touched() -> None:
    cycle = AlarmCycle()
    cycle.on_condition(report(ConditionCode.VFB), at(104))
    for code in (ConditionCode.EBR, ConditionCode.ASY):
        assert kinds(cycle.on_condition(report(code, 101), at(105))) == ["raised"]
    assert kinds(cycle.on_condition(report(ConditionCode.ETC, 101, stream_id="bed-2"), at(105))) == ["raised"]


def test_what_was_covered_is_forgotten_when_its_reporter_is_lost() -> None:
    cycle = AlarmCycle()
    cycle.on_condition(report(ConditionCode.VTA), at(104))
    cycle.on_condition(report(ConditionCode.ETC, 101), at(105))
    cycle.on_lost("bed-1", at(110))
    assert [e for e in cycle.on_time(at(130)) if e.condition.condition.code is ConditionCode.ETC] == []
