"""Every public entry point of the kernel under absurd input: InvalidSignal, or an answer without a number; never a crash.

Arrays of any shape and of the values that break code (NaN, infinity, rails, float32's largest, one repeated value) at any
rate. Known traps are pinned below the random search.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecg.annotations import Annotations
from ecg.beats.beat import Beat
from ecg.blocks import decode_block, encode_block
from ecg.delineation.delineate import delineate
from ecg.ec57 import EpisodeType, score_beats, score_episodes, score_runs
from ecg.encoder_input import prepare
from ecg.errors import InvalidSignal
from ecg.interpreter import interpret
from ecg.intervals import Proportion, wilson
from ecg.lead_geometry import project
from ecg.measurements.measure import measure, measure_beats
from ecg.quality.window import acceptable_probability, lead_measures, window_features
from ecg.resample import plan
from ecg.segments import Lead, Segment
from ecg.synthesis import BeatSpec, synthesize
from ecg.windows import Window, Windower

NAN = math.nan
RATES = st.one_of(
    st.sampled_from([0.0, -250.0, NAN, math.inf, 1e-9, 1e9, 49.9, 50.0, 250.0, 360.0, 1000.0, 4000.0, 10_000.0]),
    st.floats(allow_nan=True, allow_infinity=True),
)
VALUES = st.sampled_from([0.0, 1.0, -1.0, NAN, math.inf, -math.inf, 3e38, -3e38, 5.0, -5.0, 163.84, 1e-30, 0.1])
#: Few distinct values in runs, as broken amplifiers give.
SIGNALS = st.one_of(
    arrays.arrays(np.float32, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5), elements=VALUES),
    st.builds(
        lambda few, n, leads: np.repeat(np.array(few, np.float32), -(-n // len(few)))[:n] * np.ones((leads, 1), "f4"),
        st.lists(VALUES, min_size=1, max_size=40),
        st.integers(1, 2600),
        st.integers(0, 3),
    ),
    arrays.arrays(np.int16, st.tuples(st.integers(1, 2), st.integers(1, 2000)), elements=st.integers(-32768, 32767)),
)
SEARCH = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def a_window(signal: Any, fs_hz: float) -> Window:
    rows = signal.shape[0] if signal.ndim else 0
    return Window("s", 0, 0, fs_hz, 0, tuple(f"L{k}" for k in range(rows)), signal)


def _finite(values: Any) -> bool:
    return bool(np.isfinite(np.asarray(values, float)).all())


def _table_is_sound(signal: Any, fs_hz: float) -> bool:
    return all(
        math.isfinite(row.value) if row.value is not None else bool(row.reason)
        for row in measure(a_window(signal, fs_hz))
    )


def _beats_are_sound(signal: Any, fs_hz: float) -> bool:
    beats = measure_beats(a_window(signal, fs_hz))
    return all(row.value is None or math.isfinite(row.value) for beat in beats for row in beat.table)


def _reading_is_sound(signal: Any, fs_hz: float) -> bool:
    reading = interpret(a_window(signal, fs_hz))
    return len(reading.reply.steps) == 6 and all(claim.verdict.value != "contradicted" for claim in reading.claims)


ENTRY_POINTS: dict[str, Callable[[Any, float], bool]] = {
    "lead_measures": lambda x, fs: _finite(lead_measures(x, fs)),
    "window_features": lambda x, fs: _finite(window_features(x, fs)),
    "acceptable_probability": lambda x, fs: 0 <= acceptable_probability(x, fs) <= 1,
    "delineate": lambda x, fs: len(delineate(x, fs)) == len(x),
    "measure": _table_is_sound,
    "measure_beats": _beats_are_sound,
    "prepare": lambda x, fs: _finite(prepare(x[None], fs, [[f"L{k}" for k in range(len(x) if x.ndim else 0)]]).signal),
}


@pytest.mark.parametrize("name", ENTRY_POINTS)
@SEARCH
@given(signal=SIGNALS, fs_hz=RATES)
def test_any_array_is_answered_or_refused(name: str, signal: Any, fs_hz: float) -> None:
    try:
        sound = ENTRY_POINTS[name](signal, fs_hz)
    except InvalidSignal as refused:
        assert str(refused)
        return
    assert sound


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(signal=SIGNALS, fs_hz=RATES)
def test_any_array_is_interpreted_or_refused(signal: Any, fs_hz: float) -> None:
    try:
        assert _reading_is_sound(signal, fs_hz)
    except InvalidSignal as refused:
        assert str(refused)


@settings(max_examples=25, deadline=None)
@given(st.floats(-60, 60, width=32), st.sampled_from([250.0, 500.0]), st.integers(1, 12))
def test_a_constant_is_never_measured(level: float, fs_hz: float, n_leads: int) -> None:
    table = measure(a_window(np.full((n_leads, round(10 * fs_hz)), level, np.float32), fs_hz))
    assert all(row.value is None and row.reason for row in table)


@pytest.mark.parametrize("kind", ["strings", "complex", "objects"])
@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_what_is_no_number_is_refused(name: str, kind: str) -> None:
    signal = {
        "strings": np.full((2, 2500), "a"),
        "complex": np.ones((2, 2500), complex),
        "objects": np.full((2, 2500), None),
    }[kind]
    with pytest.raises(InvalidSignal):
        ENTRY_POINTS[name](signal, 250.0)


ZEROS = np.zeros((2, 2500))
SAMPLES = np.zeros((1, 250), np.int16)


def _segment(**changed: Any) -> Segment:
    plain: dict[str, Any] = {"stream_id": "s", "epoch": 0, "seq": 0, "first_sample": 0, "fs_hz": 250.0}
    plain |= {"start_time_ns": 0, "leads": (Lead("I"),), "samples": SAMPLES}
    return Segment(**(plain | changed))


def _marks(**changed: Any) -> Annotations:
    return Annotations.of(**({"sample": [400, 800], "symbol": "N", "fs": 360.0} | changed))


@pytest.mark.parametrize(
    "absurd",
    [
        lambda: delineate(ZEROS, 250.0, np.array([-1])),
        lambda: delineate(ZEROS, 250.0, np.array([2500])),
        lambda: delineate(ZEROS, 250.0, np.array([NAN])),
        lambda: delineate(ZEROS, 250.0, np.array([[5]])),
        lambda: measure(a_window(ZEROS, 250.0), [Beat(-1)]),
        lambda: measure(Window("s", 0, 0, 250.0, 0, ("I",), ZEROS.astype("f4"))),
        lambda: interpret(Window("s", 0, 0, 250.0, 0, ("I",), ZEROS.astype("f4"))),
        *(lambda value=value: _segment(fs_hz=value) for value in (NAN, math.inf, 0.0, -1.0, 1e9, "250")),
        *(lambda name=name: _segment(**{name: NAN}) for name in ("epoch", "seq", "first_sample", "start_time_ns")),
        *(lambda name=name: _segment(**{name: -1}) for name in ("epoch", "seq", "first_sample")),
        lambda: _segment(samples=[[0] * 250]),
        lambda: _segment(samples=SAMPLES.astype(float)),
        lambda: _segment(samples=SAMPLES[0]),
        lambda: _segment(samples=SAMPLES[:, :0]),
        lambda: _segment(leads=()),
        *(lambda gain=gain: Lead("I", gain) for gain in (0.0, -1.0, NAN, math.inf)),
        *(lambda fs=fs: plan(fs) for fs in (NAN, math.inf, 0.0, -5.0, 1e-300)),
        *(lambda fs=fs: synthesize(BeatSpec(), 0.8, fs) for fs in (NAN, math.inf, 0.0, -1.0)),
        *(lambda rr=rr: synthesize(BeatSpec(), rr) for rr in (0.0, -1.0, NAN, math.inf)),
        lambda: synthesize(BeatSpec(), 0.8, noise_mv=NAN, rng=np.random.default_rng(0)),
        lambda: BeatSpec(qrs_amplitude_mv=NAN),
        lambda: project(np.zeros((3, 5)), ("I",)),
        *(lambda k=k: wilson(k, 5) for k in (-1, 6, NAN)),
        lambda: Proportion(6, 5),
        lambda: _marks(sample=[NAN, 1.0]),
        lambda: _marks(sample=[5.5]),
        lambda: _marks(sample=["5"]),
        lambda: _marks(symbol="NV"),
        lambda: _marks(symbol=["N"]),
        *(lambda fs=fs: _marks(fs=fs) for fs in (0.0, -1.0, NAN)),
        lambda: score_beats(_marks(), _marks(), start_s=NAN),
        lambda: score_runs(_marks(), _marks(), start_s=math.inf),
        lambda: score_episodes(_marks(), _marks(), EpisodeType.AF, start_s=NAN),
        *(lambda length=length: Windower(length, 1.0) for length in (0.0, NAN, math.inf, -1.0)),
        lambda: Windower(10.0, NAN),
        lambda: decode_block(b"", 1, 1),
        lambda: decode_block(encode_block(SAMPLES), 3, 250),
        lambda: decode_block(b"garbage", 1, 250),
    ],
)
def test_known_absurdities_are_refused_by_name(absurd: Callable[[], object]) -> None:
    with pytest.raises(InvalidSignal) as refused:
        absurd()
    assert len(str(refused.value)) > 10
