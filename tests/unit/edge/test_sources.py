"""Sources: the simulator's truth, the replay of WFDB records, and the integers they give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecg.annotations import Annotations
from ecg.errors import InvalidSignal
from ecg.segments import INVALID_SAMPLE, Int16Array, LeadState
from edge.sources.loop import Loop
from edge.sources.rhythms import Rhythm
from edge.sources.simulator import Phase, Simulator, render
from edge.sources.source import Chunk, Source, to_adu
from edge.sources.wfdb_replay import WfdbReplay, find_records, read_recording

DEMO = Path(__file__).resolve().parents[3] / "deploy" / "demo" / "mitdb208" / "208"
FS = 250.0


def played(source: Source, *until_s: float) -> Int16Array:
    """All samples up to the last time, read in these steps."""
    chunks: list[Chunk | None] = [source.read(t) for t in until_s]
    return np.concatenate([c.samples for c in chunks if c is not None], axis=1)


def simulator(*phases: Phase, start_s: float = 0.0, leads: tuple[str, ...] = ("II", "V1")) -> Simulator:
    """A bed of these phases, seed 3."""
    return Simulator(render(phases, leads, FS, 3), start_s)


# Integers


def test_floats_become_integers_held_at_the_rails_and_nan_is_no_sample() -> None:
    adu = to_adu([0.0, 1.0, 1e9, -1e9, float("nan"), float("inf")], 200.0, 1024)
    assert adu.dtype == np.int16
    assert adu.tolist() == [1024, 1224, 32767, -32767, INVALID_SAMPLE, INVALID_SAMPLE]


# Loops


@given(
    length=st.integers(1, 50),
    start=st.integers(0, 100),
    steps=st.lists(st.floats(0.0, 0.3), min_size=1, max_size=12),
    once=st.booleans(),
)
def test_any_pace_plays_the_same_samples(length: int, start: int, steps: list[float], once: bool) -> None:
    stretch = np.arange(length, dtype=np.int16)[None, :]
    loop, t, out = Loop(stretch, FS, start, once), 0.0, []
    for step in steps:
        t += step
        n = loop.due(t)
        if n > 0:
            out += loop.take(n)[0].tolist()
    wanted = [(start + i) % length for i in range(int(t * FS + 1e-6))]
    assert out == (wanted[: length - start % length] if once else wanted)


# Simulator


def test_a_bed_is_the_same_for_the_same_seed_and_any_ticks() -> None:
    phases = (Phase(Rhythm.NORMAL, 20.0), Phase(Rhythm.VF, 10.0))
    ones = played(simulator(*phases), *np.arange(1.0, 46.0))
    render.cache_clear()
    odd = played(simulator(*phases), 0.3, 7.77, 30.0, 45.0)
    assert np.array_equal(ones, odd)
    assert not np.array_equal(ones[:, :2500], render(phases, ("II", "V1"), FS, 4).samples[:, :2500])


def beats(truth: Annotations, symbol: str = "") -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Samples of beats (of one symbol)."""
    return truth.sample[(truth.symbol != "+") & ((truth.symbol == symbol) if symbol else True)]


@pytest.mark.parametrize(
    ("rhythm", "low_bpm", "high_bpm"),
    [(Rhythm.NORMAL, 68, 76), (Rhythm.TACHY, 120, 128), (Rhythm.BRADY, 42, 50), (Rhythm.VT, 165, 180)],
)
def test_rates_are_what_the_name_says(rhythm: Rhythm, low_bpm: float, high_bpm: float) -> None:
    truth = simulator(Phase(rhythm, 100.0)).truth(60 * 250)
    assert low_bpm <= beats(truth).size <= high_bpm
    rr_s = np.diff(beats(truth)) / FS
    assert rr_s.min() > 0.8 * 60 / high_bpm and rr_s.max() < 1.25 * 60 / low_bpm


def test_the_truth_stands_on_the_r_peaks_round_the_loop() -> None:
    bed = simulator(Phase(Rhythm.NORMAL, 20.0), start_s=3.0, leads=("II",))
    truth = bed.truth(60 * 250)
    ii = played(bed, 60.0)[0].astype(float)
    for peak in beats(truth)[1:-1]:
        near = ii[peak - 40 : peak + 40]
        assert abs(int(near.argmax()) - 40) <= 3
    assert np.diff(beats(truth)).max() / FS < 1.2  # no hole where the loop closes


def test_a_schedule_comes_when_it_was_said() -> None:
    bed = simulator(Phase(Rhythm.NORMAL, 30.0), Phase(Rhythm.VF, 12.0), Phase(Rhythm.ASYSTOLE, 8.0), leads=("II",))
    truth = bed.truth(100 * 250)
    changes = [
        (int(s) / FS, note)
        for s, mark, note in zip(truth.sample, truth.symbol, truth.aux_note, strict=True)
        if mark == "+"
    ]
    assert changes == [(0, "(N"), (30, "(VF"), (42, "(ASYS"), (50, "(N"), (80, "(VF"), (92, "(ASYS")]
    ii = played(bed, 50.0)[0] / 400.0
    assert not ((beats(truth) > 30.2 * FS) & (beats(truth) < 50.0 * FS)).any()
    assert np.std(ii[int(31 * FS) : int(41 * FS)]) > 0.15  # fibrillation
    assert np.ptp(ii[int(43 * FS) : int(49.5 * FS)]) < 0.3  # a flat line with noise and wander


def test_ectopy_has_single_beats_pairs_and_runs() -> None:
    truth = simulator(Phase(Rhythm.ECTOPY, 100.0)).truth(100 * 250)
    runs = [len(run) for run in "".join(s for s in truth.symbol if s != "+").split("N") if run]
    assert {1, 2} <= set(runs) and max(runs) in (3, 4)


def test_af_is_irregular_without_p() -> None:
    truth = simulator(Phase(Rhythm.AF, 100.0)).truth(100 * 250)
    rr_s = np.diff(beats(truth)) / FS
    assert np.std(rr_s) / np.mean(rr_s) > 0.12


def test_a_lead_that_falls_off_is_told_and_has_no_samples() -> None:
    bed = simulator(Phase(Rhythm.NORMAL, 5.0), Phase(Rhythm.LEADOFF, 5.0))
    chunks = [bed.read(float(t)) for t in range(1, 12)]
    states = [chunk.leads[0].state for chunk in chunks if chunk is not None]
    assert states == [LeadState.CONNECTED] * 5 + [LeadState.OFF] * 5 + [LeadState.CONNECTED]
    off = chunks[6]
    assert off is not None
    assert (off.samples[0] == INVALID_SAMPLE).all() and (off.samples[1] != INVALID_SAMPLE).all()


def test_twelve_leads_obey_einthoven() -> None:
    leads = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    stretch = render((Phase(Rhythm.NORMAL, 10.0),), leads, 500.0, 1)
    mv = stretch.samples / 400.0
    clean = np.abs(mv[0] + mv[2] - mv[1])
    assert clean.mean() < 0.15  # wander and noise are each lead's own


# Replay


def test_the_recording_in_the_repository_replays_as_it_is() -> None:
    recording = read_recording(str(DEMO))
    assert (recording.fs_hz, recording.leads[0].name) == (360.0, "MLII")
    assert (recording.leads[0].gain_adu_per_mv, recording.leads[0].baseline_adu) == (200.0, 1024)
    bed = WfdbReplay(recording)
    assert np.array_equal(played(bed, *np.arange(1.0, 11.0))[0], recording.samples[0, :3600])


def test_once_ends_and_loop_goes_on() -> None:
    recording = read_recording(str(DEMO))
    once, loop = WfdbReplay(recording, once=True), WfdbReplay(recording)
    assert played(once, 299.0, 305.0).shape[1] == 108_000
    assert once.ended and once.read(400.0) is None
    assert played(loop, 299.0, 305.0).shape[1] == 305 * 360 and not loop.ended


def write_record(folder: Path, name: str, **over: object) -> str:
    """A small record with two ECG leads of one name, as in vfdb, a pleth and a pressure."""
    rng = np.random.default_rng(0)
    options: dict[str, object] = {
        "fs": 250,
        "units": ["mV", "mV", "NU", "mmHg"],
        "sig_name": ["ECG", "ECG_AGAIN", "PLETH", "ABP"],
        "d_signal": rng.integers(-500, 500, (1000, 4)),
        "fmt": ["16"] * 4,
        "adc_gain": [400.0] * 4,
        "baseline": [-20] * 4,
        "write_dir": str(folder),
    } | over
    wfdb.wrsamp(name, **options)
    header = folder / f"{name}.hea"  # wfdb refuses to write a name twice, and reads it
    header.write_text(header.read_text().replace("ECG_AGAIN", "ECG"))
    return str(folder / name)


def test_only_ecg_leads_are_taken_and_names_are_made_distinct(tmp_path: Path) -> None:
    recording = read_recording(write_record(tmp_path, "r1"))
    assert [lead.name for lead in recording.leads] == ["ECG", "ECG 2"]
    assert [(lead.gain_adu_per_mv, lead.baseline_adu) for lead in recording.leads] == [(400.0, -20)] * 2
    asked = read_recording(str(tmp_path / "r1"), ("pleth",))
    assert [lead.name for lead in asked.leads] == ["PLETH"]


@pytest.mark.parametrize(("fmt", "invalid"), [("16", -32768), ("212", -2048), ("24", -(2**23))])
def test_what_a_format_calls_no_sample_stays_none(tmp_path: Path, fmt: str, invalid: int) -> None:
    adu = np.full((1000, 4), 100)
    adu[10:20, 0] = invalid
    recording = read_recording(write_record(tmp_path, "r2", d_signal=adu, fmt=[fmt] * 4))
    assert (recording.samples[0, 10:20] == INVALID_SAMPLE).all()
    assert (recording.samples[0, :10] == 100).all() and (recording.samples[1] == 100).all()


def test_samples_wider_than_16_bit_keep_their_millivolts(tmp_path: Path) -> None:
    mv = np.sin(np.linspace(0, 20, 1000)) * 1.5
    adu = np.zeros((1000, 4), int)
    adu[:, 0] = np.round(mv * 200_000 + 3_000_000)
    record = write_record(
        tmp_path, "r3", d_signal=adu, fmt=["24"] * 4, adc_gain=[200_000.0] * 4, baseline=[3_000_000] * 4
    )
    recording = read_recording(record)
    lead = recording.leads[0]
    again = (recording.samples[0].astype(float) - lead.baseline_adu) / lead.gain_adu_per_mv
    assert np.abs(again - mv).max() < 3 / lead.gain_adu_per_mv


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSignal, match=r"r9.*r9\.hea is missing"):
        read_recording(str(tmp_path / "r9"))
    record = write_record(tmp_path, "r4")
    (tmp_path / "r4.dat").unlink()
    with pytest.raises(InvalidSignal, match=r"r4\.dat is missing"):
        read_recording(record)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    cut = write_record(tmp_path, "r5")
    (tmp_path / "r5.dat").write_bytes((tmp_path / "r5.dat").read_bytes()[:101])
    with pytest.raises(InvalidSignal, match=r"shorter than .*r5\.hea says \(r5\.dat: 101 bytes of 8000\)"):
        read_recording(cut)
    (tmp_path / "r6.hea").write_text("r6 two 250 1000\n")
    with pytest.raises(InvalidSignal, match="r6"):
        read_recording(str(tmp_path / "r6"))


_SIGNALS = "r5.dat 16 200/mV 16 0 0 0 0 I\nr5.dat 16 200/mV 16 0 0 0 0 II\n"


@pytest.mark.parametrize(
    ("header", "says"),
    [
        # wfdb-python reads the first three as 250 Hz, and every rate and interval would be wrong.
        ("bad 2 fast 1000\n" + _SIGNALS, "no valid record line"),
        ("bad 2 nan 1000\n" + _SIGNALS, "no valid record line"),
        ("bad 2 -5 1000\n" + _SIGNALS, "no valid record line"),
        ("bad 2 0 1000\n" + _SIGNALS, "no valid record line"),
        ("bad 2 250 -1000\n" + _SIGNALS, "no valid record line"),
        ("", "no WFDB header: lines are missing"),
        ("bad 9 250 1000\n" + _SIGNALS, "promises 9 signals and describes 2"),
        ("bad 2 250 99999999999999\n" + _SIGNALS, "bytes of 399999999999996"),
        ("bad 1 250 1000\nr5.dat 999 200 16 0 0 0 0 I\n", "signal format 999: not known"),
        ("bad 1 250 1000\nnosuch.dat 16 200 16 0 0 0 0 I\n", "nosuch.dat is missing"),
        ("bad 2 10000 1000\n" + _SIGNALS, "fs 10000.0 Hz is not in"),
        ("bad 2 49 1000\n" + _SIGNALS, "fs 49.0 Hz is not in"),
    ],
)
def test_headers_that_lie_are_refused_in_words(header: str, says: str, tmp_path: Path) -> None:
    write_record(tmp_path, "r5")
    (tmp_path / "bad.hea").write_text(header)
    with pytest.raises(InvalidSignal, match=says):
        read_recording(str(tmp_path / "bad"))


def test_absent_leads_and_records_are_named(tmp_path: Path) -> None:
    record = write_record(tmp_path, "r7")
    with pytest.raises(InvalidSignal, match=r"no lead V5; it has ECG"):
        read_recording(record, ("V5",))
    with pytest.raises(InvalidSignal, match="no ECG lead among"):
        read_recording(write_record(tmp_path, "r8", sig_name=["PLETH", "ABP", "RESP", "CVP"]))
    assert find_records(tmp_path, ("r7",)) == (record,)
    with pytest.raises(InvalidSignal, match="no record r99"):
        find_records(tmp_path, ("r99",))
    with pytest.raises(InvalidSignal, match="no WFDB header"):
        find_records(tmp_path / "nothing")


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "n_leads", "fs_hz"),
    [("mitdb", 2, 360), ("vfdb", 2, 250), ("cudb", 1, 250), ("cinc2015", 2, 250), ("ptb-xl", 12, 500)],
)
def test_real_records_replay(data_dir: Path, folder: str, n_leads: int, fs_hz: float) -> None:
    if not (data_dir / folder).is_dir():
        pytest.skip(f"no {folder} in {data_dir}")
    for record in find_records(data_dir / folder)[:3]:
        recording = read_recording(record)
        assert (len(recording.leads), recording.fs_hz) == (n_leads, fs_hz)
        raw = wfdb.rdrecord(record, physical=True)
        lead = recording.leads[0]
        mv = (recording.samples[0].astype(float) - lead.baseline_adu) / lead.gain_adu_per_mv
        known = recording.samples[0] != INVALID_SAMPLE
        assert np.abs(mv[known] - raw.p_signal[known, 0]).max() < 1e-6
        chunk = WfdbReplay(recording).read(1.0)
        assert chunk is not None and chunk.samples.shape == (n_leads, fs_hz)


@settings(max_examples=20)
@given(st.sampled_from(list(Rhythm)), st.floats(2.0, 30.0), st.integers(0, 5))
def test_every_rhythm_can_be_drawn_for_any_time(rhythm: Rhythm, duration_s: float, seed: int) -> None:
    stretch = render((Phase(rhythm, duration_s),), ("II",), FS, seed)
    assert stretch.samples.shape == (1, round(duration_s * FS))
    assert (np.diff(stretch.beat_sample) > 0).all()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, 200),
    put=st.sampled_from(["", "\n", " ", "-", "0", "9e9", "nan", "/", "(", "é", "\0", "\t16 "]),
    replace=st.booleans(),
)
def test_any_change_of_a_header_is_read_or_refused(at: int, put: str, replace: bool, tmp_path: Path) -> None:
    write_record(tmp_path, "whole")
    text = (tmp_path / "whole.hea").read_text()
    at = min(at, len(text))
    (tmp_path / "whole.hea").write_text(text[:at] + put + text[at + replace :])
    read_recording.cache_clear()
    try:
        recording = read_recording(str(tmp_path / "whole"))
    except InvalidSignal as refused:
        assert "whole" in str(refused) or "lead" in str(refused)
        return
    assert recording.samples.dtype == np.int16 and len(recording.leads) == len(recording.samples)
    assert 50 <= recording.fs_hz <= 4000
