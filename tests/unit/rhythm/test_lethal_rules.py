"""The lethal five on drawn time lines, one character per 100 ms."""

from __future__ import annotations

from collections import deque

import pytest

from ecg.beats.beat import BeatClass
from ecg.conditions import ConditionCode
from ecg.profiles import CINC2015, MINDRAY_LIKE
from ecg.quality.lead_quality import QualityProblem
from ecg.rhythm.lethal import ExtremeBradycardia, ExtremeTachycardia
from ecg.rhythm.run_evidence import RunEvidence, interrupted
from ecg.rhythm.seen_beat import SeenBeat
from ecg.rhythm.timeline import Moment, Timeline
from ecg.rhythm.ventricular import MalignantWave, VentricularFibrillation, VentricularTachycardia
from ecg.rhythm.wave_look import Wave

S = 250
SINUS = "N......." * 25  # 20 s at 75 bpm


def test_sinus_rhythm_is_no_condition(play):
    played = play(SINUS * 3)
    assert played.codes == set()
    assert played.words[-1] == "N"


def test_asystole_begins_four_seconds_after_the_last_beat_and_ends_with_the_next(play):
    #        20 s sinus          last beat at 20.05 s, 6 s nothing          next beat at 26.05 s
    played = play(SINUS + "N" + "." * 59 + "N......." * 5)
    (asystole,) = played.of(ConditionCode.ASY)
    assert asystole.onset_sample == pytest.approx(20.05 * S, abs=2)
    assert 24 * S <= asystole.detected_sample <= 25.6 * S
    assert asystole.ended_sample is not None
    assert 26 * S <= asystole.ended_sample <= 27.5 * S
    assert asystole.reason.startswith("no QRS for 4.") and asystole.reason.endswith("s, limit 4 s")


def test_a_silence_just_over_the_limit_is_said_even_when_the_next_beat_has_come(play):
    played = play(SINUS + "N" + "." * 40 + "N......." * 5)  # 4.1 s
    (asystole,) = played.of(ConditionCode.ASY)
    assert asystole.reason == "no QRS for 4.1 s, limit 4 s"


def test_a_silence_that_holds_slopes_like_a_qrs_is_no_asystole(play):
    #                                        two beats the detector missed
    for line in ("N" + "." * 20 + "n" + "." * 20, "N" + "." * 12 + "n" + "." * 12 + "n" + "." * 16):
        assert not play(SINUS + line + "N......." * 5).of(ConditionCode.ASY)


def test_missed_beats_are_no_extreme_bradycardia(play):
    # 67 bpm of which the detector finds every second: 33 bpm; and the same rate with nothing between
    assert not play(SINUS + ("N........" + "n........") * 12).of(ConditionCode.EBR)
    assert play(SINUS + ("N........" + ".........") * 12).of(ConditionCode.EBR)


def test_one_beat_missed_in_an_extreme_bradycardia_does_not_hide_it(play):
    slow = "N" + "." * 17
    assert play(SINUS + slow * 2 + "N.......n........." + slow * 2).of(ConditionCode.EBR)


def test_a_silence_while_the_amplifier_comes_back_from_overload_waits_and_is_called_within_ten_seconds(play):
    recovered = play(SINUS + "N^" + "." * 44 + "N......." * 5)  # 4.5 s
    assert not recovered.of(ConditionCode.ASY) and not recovered.of(ConditionCode.EBR)
    (asystole,) = play(SINUS + "N^" + "." * 120).of(ConditionCode.ASY)
    assert 26 * S <= asystole.detected_sample <= 30 * S  # the last beat is at 20.05 s


def test_asystole_after_a_shock_is_called_as_soon_as_any(play):
    (asystole,) = play(SINUS + "~" * 150 + "^" + "." * 120).of(ConditionCode.ASY)
    assert (
        asystole.detected_sample <= 43 * S
    )  # the shock is at 35.05 s; the waveform stops being fibrillation meanwhile


def found(alike, rr_s, still=True):
    """Beats the detector found, with their likeness to any shape seen before."""
    beats, at = [], 0
    for likeness, interval_s in zip(alike, rr_s, strict=True):
        at += round(interval_s * S)
        beats.append(SeenBeat(at, interval_s, BeatClass.NORMAL, 0.1, 0.4, 0.09, still=still, alike=likeness))
    return deque(beats, maxlen=64)


@pytest.mark.parametrize(
    ("alike", "doubtful"),
    [
        ([0.5, 0.9, 0.6, 0.3, 0.7], True),  # noise
        ([0.98, 0.99, 0.3, 0.99, 0.4], False),  # two of them extrasystoles
        ([0.9, 0.95, 0.2, 0.92, 0.91], False),  # escape beats, alike among themselves
        ([], False),
    ],
)
def test_beats_are_doubted_where_most_resemble_nothing_seen_before(alike, doubtful):
    now = Timeline(now=60 * S, beats=found(alike, [1.8] * len(alike)))
    assert now.doubtful == doubtful
    now.frozen_at = 40 * S  # fibrillation ended 20 s ago: its waves were unlike each other too
    assert not now.doubtful


@pytest.mark.parametrize(("likeness", "called"), [(0.95, True), (0.5, False)])
def test_an_extreme_bradycardia_rests_on_beats_that_can_be_believed(likeness, called):
    beats = found([likeness] * 6, [1.8] * 6)
    now = Timeline(now=beats[-1].sample + S, beats=beats, fresh=1, wave=Wave(2, malignant=-4.0))
    assert (ExtremeBradycardia().look(now, CINC2015, False) is not None) == called


@pytest.mark.parametrize("silence", [15, 25, 38])
def test_a_shorter_silence_is_no_asystole(play, silence):
    played = play(SINUS + "N" + "." * silence + "N......." * 5)
    assert not played.of(ConditionCode.ASY)
    assert bool(played.of(ConditionCode.PAUSE)) == (silence >= 20)


def test_asystole_of_another_profile_waits_longer(play):
    line = SINUS + "N" + "." * 45 + "N......." * 5
    assert play(line, profile=CINC2015).of(ConditionCode.ASY)
    assert not play(line, profile=MINDRAY_LIKE).of(ConditionCode.ASY)


def test_invalid_signal_is_unknown_not_asystole(play):
    played = play(SINUS + "-" * 100 + SINUS)
    assert not played.codes
    assert "" in played.words


def test_leads_off_or_noise_only_is_neither_asystole_nor_fibrillation(play):
    assert not play("." * 300, problems=(QualityProblem.LEAD_OFF,)).codes
    assert not play("-" * 300).codes


def test_an_asystole_that_runs_into_invalid_signal_ends_there(play):
    played = play(SINUS + "." * 60 + "-" * 60)
    (asystole,) = played.of(ConditionCode.ASY)
    assert asystole.ended_sample is not None
    assert asystole.ended_sample <= 28 * S


def test_extreme_bradycardia_is_five_beats_below_forty(play):
    #                 1.8 s apart, 33 bpm
    played = play(SINUS + ("N" + "." * 17) * 6 + SINUS)
    (brady,) = played.of(ConditionCode.EBR)
    assert "< 40 bpm for 5 beats" in brady.reason
    assert brady.evidence[0].name == "heart rate" and 30 < brady.evidence[0].value < 40
    assert brady.detected_sample - brady.onset_sample <= 10 * S
    assert brady.ended_sample is not None


def test_forty_four_is_bradycardia_but_not_extreme(play):
    played = play(SINUS + ("N" + "." * 13) * 10)  # 1.4 s apart, 43 bpm
    assert not played.of(ConditionCode.EBR)
    assert played.of(ConditionCode.BRADY)


def test_one_pause_is_no_extreme_bradycardia_before_its_beats_have_come(play):
    played = play(SINUS + "N" + "." * 33 + "N......." * 8)
    assert all(c.detected_sample > 23.4 * S for c in played.of(ConditionCode.EBR))


def test_extreme_tachycardia_is_seventeen_beats_above_140(play):
    played = play(SINUS + "N..." * 16)  # 150 bpm, 16 beats
    assert not played.of(ConditionCode.ETC)
    played = play(SINUS + "N..." * 30 + SINUS)
    (tachy,) = played.of(ConditionCode.ETC)
    assert tachy.reason == "HR 141 > 140 bpm for 17 beats" or "> 140 bpm for 17 beats" in tachy.reason
    assert tachy.ended_sample is not None


def test_a_rate_of_133_is_not_extreme(play):
    assert not play(SINUS + "N...." * 40).of(ConditionCode.ETC)  # 120 bpm
    assert not play(SINUS + "N...N...." * 20).of(ConditionCode.ETC)  # 133 bpm


def test_ventricular_tachycardia_is_five_beats_above_100(play):
    #                  0.4 s apart, 150 bpm
    played = play(SINUS + "V..." * 7 + "....N......." + SINUS)
    (vt,) = played.of(ConditionCode.VTA)
    assert vt.onset_sample == pytest.approx(20.05 * S, abs=0.5 * S)
    assert vt.detected_sample <= 23 * S
    assert "ventricular beats at 150 > 100 bpm" in vt.reason
    assert vt.ended_sample is not None and vt.ended_sample < 28 * S


def test_four_ventricular_beats_are_a_run_and_three_slow_ones_idioventricular(play):
    played = play(SINUS + "V..." * 4 + "....N......." + SINUS)
    assert not played.of(ConditionCode.VTA)
    assert played.of(ConditionCode.RUN)
    played = play(SINUS + "V......." * 6 + SINUS)  # 75 bpm
    assert not played.of(ConditionCode.VTA) and not played.of(ConditionCode.RUN)
    assert played.of(ConditionCode.AIVR)


def test_paced_beats_are_no_ventricular_run(play):
    played = play(SINUS + "/...." * 30)  # 120 bpm, wide or not
    assert not played.of(ConditionCode.VTA)
    assert played.words[-1] == "P"


def test_fibrillation_is_called_within_ten_seconds_and_ends_with_the_beats(play):
    played = play(SINUS + "~" * 150 + SINUS)
    (vf,) = played.of(ConditionCode.VFB)
    assert 19 * S <= vf.onset_sample <= 23 * S  # the last beat of its own at the earliest
    assert vf.detected_sample <= 28 * S
    assert vf.ended_sample is not None and vf.ended_sample <= 43 * S
    assert "fibrillatory waveform for" in vf.reason and "Hz" in vf.reason
    assert not played.of(ConditionCode.ASY)
    assert "VF" in played.words


def windows(waves, seconds_from=4):
    """Timelines of windows without beats, a second apart."""
    for i, wave in enumerate(waves):
        yield Timeline(now=(seconds_from + i) * S, new_wave=True, wave=wave)


FLUTTER = Wave(2, malignant=4.0, dominant_hz=3.5, repetition=0.9, cycle_s=0.29)
ORGANISED = Wave(2, malignant=4.0, dominant_hz=2.5, repetition=0.9, cycle_s=0.4)
CHAOS = Wave(2, malignant=4.0, dominant_hz=2.5, repetition=0.3, cycle_s=0.2)


@pytest.mark.parametrize("wave", [FLUTTER, CHAOS])
def test_a_fast_or_disorganised_malignant_waveform_is_fibrillation_or_flutter_and_a_tachycardia(wave):
    evidence = MalignantWave()
    for now in windows([wave] * 6):
        evidence.move(now)
    assert evidence.on and evidence.as_fibrillation
    assert VentricularFibrillation(evidence).look(now, CINC2015, False) is not None
    assert VentricularTachycardia(evidence, RunEvidence()).look(now, CINC2015, False) is not None


def test_a_slow_waveform_that_repeats_itself_is_a_tachycardia_alone_until_it_degenerates():
    evidence = MalignantWave()
    fibrillation, tachycardia = VentricularFibrillation(evidence), VentricularTachycardia(evidence, RunEvidence())
    for now in windows([ORGANISED] * 6):
        evidence.move(now)
    assert evidence.on and tachycardia.look(now, CINC2015, False) is not None
    assert fibrillation.look(now, CINC2015, False) is None
    for now in windows([CHAOS] * 3, 10):  # the tachycardia degenerates: called within 3 windows
        evidence.move(now)
    assert fibrillation.look(now, CINC2015, False) is not None
    for now in windows([ORGANISED] * 2, 13):  # two regular windows take nothing back
        evidence.move(now)
    assert fibrillation.look(now, CINC2015, True) is not None


def flutter_beats(missed):
    """Beats of 3 Hz after a sinus rhythm, some of them missed, and the moment after the last."""
    seen, before = [], 0
    for k in range(40):
        if k not in missed:
            sample = round(k / 3 * S)
            seen.append(SeenBeat(sample, (sample - before) / S, BeatClass.VENTRICULAR, 0.95, 0.1, 0.2, still=False))
            before = sample
    return seen


@pytest.mark.parametrize(("malignant", "called"), [(2.0, True), (-2.0, False)])
def test_waves_of_flutter_that_were_missed_count_for_the_rate(malignant, called):
    for missed, cycle_s in (
        (range(2, 40, 3), 0.0),
        (range(1, 40, 2), 0.33),
    ):  # every third; every second, by the waveform
        seen = flutter_beats(set(missed))
        wave = Wave(2, malignant=malignant, dominant_hz=3.0, repetition=0.8 if cycle_s else 0.0, cycle_s=cycle_s)
        now = Timeline(now=seen[-1].sample + S, beats=deque(seen, maxlen=64), fresh=1, frozen=True, wave=wave)
        held = ExtremeTachycardia().look(now, CINC2015, False)
        assert (held is not None) == called
        if held is not None:
            assert held.evidence[0].value == pytest.approx(180, abs=8)


@pytest.mark.parametrize("still", [True, False])
def test_a_pause_between_ventricular_couplets_holds_no_missed_waves_where_it_is_still(still):
    beats, at = [], 0
    for rr_s in [0.3, 0.3, 0.95] * 8:
        at += round(rr_s * S)
        beats.append(SeenBeat(at, rr_s, BeatClass.VENTRICULAR, 0.95, 0.1, 0.2, still=still))
    wave = Wave(2, malignant=2.0, dominant_hz=3.0)
    now = Timeline(now=at + S, beats=deque(beats, maxlen=64), fresh=1, frozen=True, wave=wave)
    assert (ExtremeTachycardia().look(now, CINC2015, False) is None) == still


@pytest.mark.parametrize(
    ("rr_s", "quality", "hz", "malignant", "called"),
    [
        ([0.7] * 6, 0.95, 3.5, -1.0, True),  # polymorphic, every second wave found: 86 bpm by its beats
        ([0.7] * 5, 0.95, 3.5, -1.0, False),  # no more than vt_beats
        ([0.7] * 3 + [1.4] + [0.7] * 2, 0.95, 3.5, -1.0, False),  # runs with a pause between
        ([0.7] * 6, 0.6, 3.5, -1.0, False),  # noise
        ([0.7] * 6, 0.95, 1.4, -1.0, False),  # an idioventricular rhythm, every wave found
        ([0.7] * 6, 0.95, 3.5, -4.0, False),  # another waveform
    ],
)
def test_a_polymorphic_tachycardia_is_called_though_waves_are_missed(rr_s, quality, hz, malignant, called):
    beats, at = [SeenBeat(0, 0.0, BeatClass.NORMAL, 0.05, 1.0, 0.08)], 0
    for interval_s in rr_s:
        at += round(interval_s * S)
        beats.append(SeenBeat(at, interval_s, BeatClass.VENTRICULAR, 0.9, 0.2, 0.18))
    wave = Wave(2, malignant=malignant, dominant_hz=hz)
    moments = deque([Moment(at, wave, quality, quality), Moment(at + S, wave, quality, quality)])
    now = Timeline(now=at + S, beats=deque(beats, maxlen=64), pattern="N" + "V" * len(rr_s), wave=wave, moments=moments)
    held = VentricularTachycardia(MalignantWave(), RunEvidence()).look(now, CINC2015, False)
    assert (held is not None) == called


def test_an_idioventricular_rhythm_after_a_tachycardia_ends_it(play):
    (vt,) = play(SINUS + "V..." * 20 + "V.........." * 20).of(ConditionCode.VTA)  # 150 bpm, then 55 bpm
    assert vt.ended_sample is not None and vt.ended_sample < 34 * S


def test_lethal_rules_go_on_while_the_signal_is_not_usable(play):
    played = play(SINUS + "." * 80, usable=False)
    assert played.codes == {"ASY"}


def run_beat(rr_s, *, own=False):
    label = BeatClass.NORMAL if own else BeatClass.VENTRICULAR
    return SeenBeat(0, rr_s, label, 0.02 if own else 0.95, 0.98 if own else 0.1, 0.09 if own else 0.16)


def test_couplets_about_a_slow_beat_of_the_patients_own_are_an_interrupted_run():
    couplets = [run_beat(0.45), run_beat(0.5), run_beat(0.8, own=True), run_beat(0.4), run_beat(0.4)]
    assert interrupted(couplets, CINC2015)


def test_a_run_is_not_interrupted_by_a_quick_beat_nor_by_a_slow_ventricular_one():
    capture = [run_beat(0.45), run_beat(0.5), run_beat(0.5, own=True), run_beat(0.4), run_beat(0.4)]
    slow = [run_beat(0.45), run_beat(0.5), run_beat(0.8), run_beat(0.4), run_beat(0.4)]
    after_a_pause = [run_beat(0.8, own=True), run_beat(0.45), run_beat(0.5), run_beat(0.4), run_beat(0.4)]
    for run in (capture, slow, after_a_pause):
        assert not interrupted(run, CINC2015)
