"""Speed of the kernel's stages on one core, beside other programs doing the same on the same record.

Run: python -m tests.benchmarks.bench_kernel [--data data] [--record 100] [--beds 50]

Every figure is the fastest of a few passes of CPU time (the machine is shared: the rest is other work), after one pass that
loads compiled code. "x real time" is seconds of signal per second of CPU, one lead unless said.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ecg.beats.classifier import ClassifierGroup
from ecg.beats.detector_model import default_model
from ecg.delineation.delineate import delineate
from ecg.measurements.measure import measure
from ecg.monitor import Monitor
from ecg.quality.window import lead_measures
from ecg.rhythm.rules import RhythmRules
from ecg.segments import FloatArray, Int16Array, Segment, millivolts
from ecg.stream_group import StreamGroup
from ecg.windows import Window, Windower
from edge.kernel_blocks import blocks
from edge.sources.wfdb_replay import Recording, read_recording

PASSES = 3


def fastest_s(call: Callable[[], object]) -> float:
    """CPU seconds of the fastest of a few passes."""
    call()
    best = np.inf
    for _ in range(PASSES):
        began = time.process_time()
        call()
        best = min(best, time.process_time() - began)
    return float(best)


def kernel_s(adu: Int16Array, fs_hz: float, copies: int, chunk_s: float) -> float:
    """CPU of conditioning, detection and quality of `copies` streams of the same samples, by chunks."""
    n_leads, step = adu.shape[0], round(chunk_s * fs_hz)
    chunks = [np.repeat(adu[None, :, i : i + step], copies, axis=0) for i in range(0, adu.shape[1], step)]
    off, gain = np.zeros((copies, n_leads), bool), np.full((copies, n_leads), 1 / 200)

    def run() -> None:
        group = StreamGroup(fs_hz, n_leads, default_model())
        slots = np.array([group.add(0) for _ in range(copies)])
        for chunk in chunks:
            group.step(chunk, off, gain, slots)

    return fastest_s(run)


def ticks_of(recording: Recording, beds: int, seconds: int) -> Iterator[list[Segment]]:
    """A segment of each bed for each second; the beds start at different places of the record."""
    n = round(recording.fs_hz)
    longest = recording.samples.shape[1] // n - seconds
    for tick in range(seconds):
        segments = []
        for bed in range(beds):
            at = (tick + bed * longest // beds) * n
            part = np.ascontiguousarray(recording.samples[:, at : at + n])
            segments.append(Segment(f"b{bed}", 0, tick, tick * n, recording.fs_hz, 0, recording.leads, part))
        yield segments


def bed_second_us(recording: Recording, beds: int, make: Callable[[], Callable[[list[Segment]], object]]) -> float:
    """CPU microseconds a bed and second of a step over ticks of 1 s."""
    seconds = 60
    ticks = list(ticks_of(recording, beds, seconds))

    def run() -> None:
        step = make()
        for tick in ticks:
            step(tick)

    return fastest_s(run) / beds / seconds * 1e6


def windower_step() -> Callable[[list[Segment]], object]:
    """A new windower of 10 s every 2 s as a step over ticks."""
    windower = Windower()
    return lambda tick: [windower.step(segment) for segment in tick]


def others(adu: Int16Array, fs_hz: float) -> Iterator[tuple[str, float]]:
    """CPU seconds of other detectors on the same samples, where they are installed."""
    mv = adu[0].astype(np.float64) / 200
    try:
        import sleepecg

        yield "sleepecg detect_heartbeats", fastest_s(lambda: sleepecg.detect_heartbeats(mv, fs_hz))
    except ImportError:
        print("sleepecg is not installed")
    try:
        import neurokit2

        yield (
            "NeuroKit2 pantompkins1985",
            fastest_s(lambda: neurokit2.ecg_findpeaks(mv, round(fs_hz), method="pantompkins1985")),
        )
        yield (
            "NeuroKit2 clean + peaks",
            fastest_s(lambda: neurokit2.ecg_findpeaks(neurokit2.ecg_clean(mv, round(fs_hz)), round(fs_hz))),
        )
    except ImportError:
        print("neurokit2 is not installed")
    from wfdb import processing

    minute, share = mv[: round(60 * fs_hz)], mv.size / (60 * fs_hz)
    yield "wfdb gqrs_detect", fastest_s(lambda: processing.gqrs_detect(minute, fs_hz)) * share
    yield "wfdb xqrs_detect", fastest_s(lambda: processing.xqrs_detect(minute, fs_hz, verbose=False)) * share


def windows_s(windows: list[FloatArray], call: Callable[[FloatArray], object]) -> float:
    """CPU seconds of a call over every window."""
    return fastest_s(lambda: [call(window) for window in windows])


def stages(recording: Recording) -> Iterator[tuple[str, float]]:
    """x real time of what follows detection, one lead in windows of 10 s, each stage before its peers."""
    fs, n = recording.fs_hz, round(10 * recording.fs_hz)
    cuts = [recording.samples[:1, i : i + n].copy() for i in range(0, 12 * n, n)]
    windows = [millivolts(Segment("w", 0, 0, 0, fs, 0, recording.leads[:1], cut)) for cut in cuts]
    real_s = 10.0 * len(windows)

    def speed(call: Callable[[FloatArray], object]) -> float:
        return real_s / windows_s(windows, call)

    yield "quality: kernel", speed(lambda mv: lead_measures(mv, fs))
    peaks = {id(mv): delineate(mv, fs)[0].beats for mv in windows}
    try:
        import neurokit2

        for method in ("averageQRS", "zhao2018"):
            yield (
                f"quality: NeuroKit2 {method}, beats given",
                speed(lambda mv, m=method: neurokit2.ecg_quality(mv[0], peaks[id(mv)], round(fs), method=m)),
            )
    except ImportError:
        print("neurokit2 is not installed")
    yield "delineation: kernel, finds its beats", speed(lambda mv: delineate(mv, fs))
    try:
        import neurokit2

        for method in ("dwt", "peak"):  # its "cwt" raises on windows of 10 s
            yield (
                f"delineation: NeuroKit2 {method}, beats given",
                speed(lambda mv, m=method: neurokit2.ecg_delineate(mv[0], peaks[id(mv)], round(fs), method=m)),
            )
    except ImportError:
        pass
    yield "all measurements: kernel", speed(lambda mv: measure(Window("w", 0, 0, fs, 0, ("II",), mv)))


def calls(recording: Recording) -> Iterator[tuple[str, float]]:
    """x real time of what is said of the beats, one lead second by second, given beats and conditioned signal."""
    one = Recording(recording.fs_hz, recording.leads[:1], recording.samples[:1, : round(300 * recording.fs_hz)])
    seconds, n = one.samples.shape[1] / one.fs_hz, round(one.fs_hz)
    off, gain = np.zeros((1, 1), bool), np.array([[1 / one.leads[0].gain_adu_per_mv]])
    group = StreamGroup(one.fs_hz, 1, default_model())
    slots = np.array([group.add(0)])
    cuts = (np.ascontiguousarray(one.samples[None, :, i : i + n]) for i in range(0, one.samples.shape[1], n))
    found = [group.step(cut, off, gain, slots)[1] for cut in cuts]

    def classify(copies: int) -> float:
        rows = np.arange(copies)
        many = [
            [np.repeat(array, copies, axis=0) for array in (beats.count, beats.kernel_sample, beats.wave_mv)]
            for beats in found
        ]

        def run() -> None:
            classes = ClassifierGroup(1)
            for row in rows:
                classes.begin(int(row))
            for count, kernel_sample, wave_mv in many:
                classes.judge(rows, count, kernel_sample, wave_mv)

        return copies * seconds / fastest_s(run)

    yield "beat classes: kernel, one stream", classify(1)
    yield "beat classes: kernel, 50 streams", classify(50)
    given = list(blocks(one))

    def rules(lethal_only: bool) -> float:
        def run() -> None:
            state = RhythmRules()
            for beats, block in given:
                state.step(beats, block, lethal_only=lethal_only)

        return seconds / fastest_s(run)

    yield "rhythm: kernel, all rules", rules(lethal_only=False)
    yield "rhythm: kernel, the lethal five", rules(lethal_only=True)


def main() -> None:
    """Prints the tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=Path("data"))
    arguments.add_argument("--record", default="100")
    arguments.add_argument("--beds", type=int, default=50)
    options = arguments.parse_args()
    warnings.simplefilter("ignore")
    recording = read_recording(str(options.data / "mitdb" / options.record))
    fs, adu, seconds = recording.fs_hz, recording.samples, recording.samples.shape[1] / recording.fs_hz
    print(f"record mitdb/{options.record}: {seconds:.0f} s at {fs:g} Hz\n")
    print(f"{'detector, one lead':44}{'x real time':>12}")
    five = adu[:1, : round(300 * fs)]
    rows = [
        ("kernel, one stream, 1 s segments", seconds / kernel_s(adu[:1], fs, 1, 1.0)),
        ("kernel, one stream, 10 s segments", seconds / kernel_s(adu[:1], fs, 1, 10.0)),
        (f"kernel, {options.beds} streams, 1 s segments", options.beds * 300 / kernel_s(five, fs, options.beds, 1.0)),
        ("kernel, one stream of two leads, 10 s", seconds / kernel_s(adu[:2], fs, 1, 10.0)),
        *((name, seconds / cost) for name, cost in others(adu[:1], fs)),
    ]  # fmt: skip
    for name, speed in rows:
        print(f"{name:44}{speed:12,.0f}")
    print(f"\n{'after detection, one lead, windows of 10 s':44}{'x real time':>12}")
    for name, speed in stages(recording):
        print(f"{name:44}{speed:12,.0f}")
    print(f"\n{'after detection, one lead, every second':44}{'x real time':>12}")
    for name, speed in calls(recording):
        print(f"{name:44}{speed:12,.0f}")
    print("neither has a peer: none of the three names the class of a beat or calls a rhythm")
    print(f"\n{f'{options.beds} beds, {len(recording.leads)} leads, {fs:g} Hz':44}{'us/bed/s':>12}")
    print(f"{'Monitor.step, everything':44}{bed_second_us(recording, options.beds, lambda: Monitor().step):12.1f}")
    print(f"{'Windower.step, 10 s every 2 s':44}{bed_second_us(recording, options.beds, windower_step):12.1f}")
    ten = Segment("w", 0, 0, 0, fs, 0, recording.leads, adu[:, : round(10 * fs)].copy())
    print(
        f"{'window quality, one 10 s window, us':44}{fastest_s(lambda: lead_measures(millivolts(ten), fs)) * 1e6:12.0f}"
    )


if __name__ == "__main__":
    main()
