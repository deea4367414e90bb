"""The monitor with gaps, restarts, bad segments and bad signal."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from ecg.conditions import ConditionCode
from ecg.errors import InvalidSignal
from ecg.monitor import Monitor, Rules
from ecg.quality import QualityProblem
from ecg.segments import INVALID_SAMPLE, Int16Array, Lead, LeadState, Segment
from tests.unit.kernel.conftest import cut, feed, synthetic_adu


def test_delay_of_a_beat_is_at_most_half_a_second() -> None:
    adu, _ = synthetic_adu(15.0, 250.0)
    segments = cut(adu, [5], 250.0)
    _, outputs = feed(Monitor(), segments)
    delays = [(o.end_sample - b.sample) / 250 for o in outputs for b in o.beats]
    assert delays
    assert max(delays) <= 0.5


def test_gap_restarts_and_invents_nothing() -> None:
    adu, _ = synthetic_adu(24.0, 250.0)
    segments = cut(adu, [250], 250.0)
    kept = segments[:10] + segments[16:]
    beats, outputs = feed(Monitor(), kept)
    assert not [b for b in beats if 2500 <= b.sample < 4000]
    assert outputs[9].heart_rate_bpm is not None
    assert outputs[10].heart_rate_bpm is None  # nobody knows what happened
    assert outputs[-1].heart_rate_bpm == pytest.approx(75, abs=6)


def test_new_epoch_starts_over() -> None:
    adu, _ = synthetic_adu(10.0, 250.0)
    monitor = Monitor()
    first, _ = feed(monitor, cut(adu, [250], 250.0))
    again, _ = feed(monitor, cut(adu, [250], 250.0, epoch=1))
    assert first == again


def test_duplicates_overlaps_and_old_epochs_are_rejected_alone(adu_250: Int16Array) -> None:
    monitor = Monitor()
    a, b = cut(adu_250, [250], 250.0, "a", epoch=1), cut(adu_250, [250], 250.0, "b", epoch=1)
    monitor.step([a[0], b[0]])
    result = monitor.step([a[0], b[1], cut(adu_250, [250], 250.0, "a")[2]])
    assert [segment.seq for segment, _ in result.rejected] == [0, 2]
    assert all(isinstance(reason, InvalidSignal) for _, reason in result.rejected)
    assert [o.stream_id for o in result.outputs] == ["b"]
    assert not monitor.step([a[1]]).rejected


def test_change_of_leads_or_rate_within_an_epoch_is_rejected(adu_250: Int16Array) -> None:
    monitor = Monitor()
    segments = cut(adu_250, [250], 250.0)
    monitor.step(segments[:1])
    one_lead = cut(adu_250[:1].copy(), [250], 250.0)[1]
    other_rate = cut(adu_250, [250], 500.0)[1]
    assert len(monitor.step([one_lead, other_rate]).rejected) == 2
    assert not monitor.step([segments[1]]).rejected


def test_several_segments_of_a_stream_in_one_tick(adu_250: Int16Array) -> None:
    segments = cut(adu_250, [250], 250.0)
    together = Monitor().step(segments).outputs
    _, apart = feed(Monitor(), segments)
    assert list(together) == apart


@pytest.mark.parametrize("kind", ["missing", "rail", "flat", "wild", "zero"])
def test_absurd_input_gives_problems_and_no_beats(kind: str) -> None:
    rng = np.random.default_rng(1)
    n = 250 * 12
    adu = {
        "missing": np.full((2, n), INVALID_SAMPLE, np.int16),
        "rail": np.full((2, n), 32767, np.int16),
        "flat": np.round(rng.standard_normal((2, n))).astype(np.int16),
        "wild": rng.choice(np.array([-32767, 32767], np.int16), (2, n)),
        "zero": np.zeros((2, n), np.int16),
    }[kind]
    beats, outputs = feed(Monitor(), cut(adu, [250], 250.0))
    assert all(lead.index < 0.3 for lead in outputs[-1].quality)
    assert all(lead.problems for lead in outputs[-1].quality)
    if kind != "wild":
        assert not beats
        assert outputs[-1].heart_rate_bpm is None


def test_lead_off_is_called_per_lead_and_taken_back() -> None:
    adu, _ = synthetic_adu(24.0, 250.0, 2)
    segments = cut(adu, [250], 250.0)
    off = (Lead("L0", 200.0, 0, LeadState.OFF), segments[0].leads[1])
    changed = [
        Segment(s.stream_id, 0, s.seq, s.first_sample, 250.0, s.start_time_ns, off, s.samples) if 8 <= s.seq < 14 else s
        for s in segments
    ]
    beats, outputs = feed(Monitor(), changed)
    events = [c for o in outputs for c in o.conditions if c.code is ConditionCode.LEADS_OFF]
    assert [c.active for c in events] == [True, False]
    assert "L0" in events[0].reason
    assert 2000 <= events[0].onset_sample < 2500
    during = outputs[13].quality
    assert during[0].problems == (QualityProblem.LEAD_OFF,)
    assert during[1].index > 0.7
    assert len([b for b in beats if 2000 <= b.sample < 3500]) >= 6  # the other lead goes on


def test_noise_climbs_the_artefact_ladder() -> None:
    rng = np.random.default_rng(2)
    adu, _ = synthetic_adu(90.0, 250.0)
    adu[:, 20 * 250 : 50 * 250] = rng.integers(-3000, 3000, (1, 30 * 250))
    _, outputs = feed(Monitor(), cut(adu, [250], 250.0))
    begun = {c.code: c.detected_sample / 250 for o in outputs for c in o.conditions if c.active}
    ended = {c.code: c.ended_sample for o in outputs for c in o.conditions if not c.active}
    assert 20 < begun[ConditionCode.ARTEFACT] < 26
    assert 38 < begun[ConditionCode.SUSPENDED] < 46
    assert outputs[46].heart_rate_bpm is None
    assert {ConditionCode.ARTEFACT, ConditionCode.SUSPENDED} <= set(ended)
    assert outputs[-1].heart_rate_bpm is not None


def test_rules_choose_what_is_reported() -> None:
    adu, _ = synthetic_adu(10.0, 250.0)
    adu[:] = 0
    for rules in (Rules.LETHAL, Rules.OTHER, Rules.ALL):
        _, outputs = feed(Monitor(rules), cut(adu, [250], 250.0))
        assert outputs


def test_restore_refuses_what_is_no_snapshot(adu_250: Int16Array) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (eval, ("1/0",))

    for blob in (b"", b"nonsense", pickle.dumps((1, Evil(), {})), pickle.dumps((0, None, {}))):
        with pytest.raises(InvalidSignal):
            Monitor().restore("bed-1", blob)


def test_snapshot_of_an_unknown_stream_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Monitor().snapshot("nobody")


def test_forgotten_slots_are_used_again(adu_250: Int16Array) -> None:
    monitor = Monitor()
    for i in range(40):
        monitor.step(cut(adu_250, [250], 250.0, f"s{i}")[:3])
        monitor.forget(f"s{i}")
    beats, _ = feed(monitor, cut(adu_250, [250], 250.0))
    assert beats == feed(Monitor(), cut(adu_250, [250], 250.0))[0]
