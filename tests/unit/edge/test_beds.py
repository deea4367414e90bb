"""The words of --beds."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecg.errors import InvalidSignal
from edge.beds import DEMO_BEDS, BedSpec, Play, build_sources, parse_beds, record_beds, stream_ids, usable
from edge.sources.rhythms import Rhythm
from edge.sources.simulator import Phase, Simulator
from edge.sources.wfdb_replay import WfdbReplay

DEMO = Path(__file__).resolve().parents[3] / "deploy" / "demo" / "mitdb208"


def phases(text: str) -> list[tuple[str, float]]:
    """Script of a single bed."""
    (spec,) = parse_beds(text)
    return [(phase.rhythm.value, phase.duration_s) for phase in spec.script]


def test_sustained_rhythms_and_episodes() -> None:
    assert phases("af") == [("af", 100.0)]
    assert phases("vt") == [("normal", 60.0), ("vt", 20.0)]
    assert phases("vf:30") == [("normal", 30.0), ("vf", 20.0)]
    assert phases("af:120:45") == [("normal", 120.0), ("af", 45.0)]
    assert phases("vt+vf:60:15") == [("normal", 60.0), ("vt", 15.0), ("normal", 60.0), ("vf", 15.0)]
    assert phases("vf>asystole:45:15") == [("normal", 45.0), ("vf", 15.0), ("asystole", 15.0)]


def test_leads_copies_and_records() -> None:
    specs = parse_beds("normal/12, vf:30/3*2 ,12lead,record:a/b/100")
    assert [spec.n_leads for spec in specs] == [12, 3, 3, 12, 2]
    assert specs[-1] == BedSpec("record:a/b/100", record="a/b/100")


@pytest.mark.parametrize("text", ["", "sinus", "vt:0", "vf:30/5", "normal normal", "vt:60:99999", "vf:abc"])
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=text.split(":")[0] if text else "no beds"):
        parse_beds(text)


def test_the_demo_has_what_a_newcomer_is_to_see() -> None:
    specs = parse_beds(DEMO_BEDS)
    seen = {phase.rhythm for spec in specs for phase in spec.script}
    assert len(specs) == 7  # the eighth replays the recording in the repository
    assert seen >= {Rhythm.NORMAL, Rhythm.AF, Rhythm.TACHY, Rhythm.ECTOPY, Rhythm.VT, Rhythm.VF, Rhythm.ASYSTOLE}
    assert seen >= {Rhythm.LEADOFF, Rhythm.ARTEFACT}
    assert specs[-1].n_leads == 12


def test_clones_have_ids_of_their_own_and_begin_elsewhere() -> None:
    sources = build_sources(parse_beds("normal,vf:30"), 6, Play(), 1)
    assert stream_ids(3, 3) == ["bed-03", "bed-04", "bed-05"]
    assert len(sources) == 6
    first, third = sources[0].read(2.0), sources[2].read(2.0)
    assert first is not None and third is not None
    assert not (first.samples == third.samples).all()


def test_a_schedule_begins_at_its_beginning() -> None:
    sources = build_sources(parse_beds("normal,normal,normal,vf:30"), 0, Play(), 1)
    bed = sources[3]
    assert isinstance(bed, Simulator)
    truth = bed.truth(40 * 250)
    assert [n for n, note in zip(truth.sample, truth.aux_note, strict=True) if note == "(VF"] == [30 * 250]


def test_ids_never_show_what_a_bed_plays() -> None:
    specs = record_beds(DEMO, ())
    assert isinstance(build_sources(specs, 0, Play(once=True), 1)[0], WfdbReplay)
    assert all("208" not in stream for stream in stream_ids(1, len(specs)))


def test_records_that_cannot_be_used_are_left_out_and_said() -> None:
    said: list[str] = []
    good = usable([BedSpec("x", record="/nowhere/1"), *record_beds(DEMO, ())], said.append, Play())
    assert len(good) == 1
    assert said == ["record 1: header /nowhere/1.hea is missing"]
    assert len(usable([*good, BedSpec("x", record="/nowhere/2")], said.append, Play(), most=1)) == 1
    assert len(said) == 1, "what is not wanted is not read"
    with pytest.raises(InvalidSignal, match=r"/nowhere/1\.hea"):
        usable([BedSpec("x", record="/nowhere/1")], said.append, Play())


def test_a_script_is_a_tuple_of_phases() -> None:
    (spec,) = parse_beds("asystole:10:5")
    assert spec.script == (Phase(Rhythm.NORMAL, 10.0), Phase(Rhythm.ASYSTOLE, 5.0))
