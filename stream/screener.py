"""The screener: windows of all beds through the encoder, in batches, in a thread of its own.

Owns the batching and what scores mean. The session is `stream.encoder`; what the encoder is fed is `ecg.encoder_input`;
what advice may do to an alarm is `ecg.alarm_cycle`. A window that cannot be screened says so and stays flagged.
Must not import faust.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from ecg.alarm_cycle import Advice
from ecg.conditions import ConditionCode
from ecg.encoder_input import EncoderInput, prepare
from ecg.manifest import Manifest
from ecg.screening import LabelScore, Screening, ScreeningStatus
from ecg.segments import FloatArray
from ecg.windows import Window
from stream import metrics
from stream.encoder import Encoder

log = structlog.get_logger()

UNSCREENED = "unscreened"


@dataclass(frozen=True, slots=True, eq=False)
class Screened:
    """A window's screening with what only the worker needs.

    Attributes:
        embedding: (embedding_size,) for the cloud; empty where unscreened.
        advice: What the model says against the rules; None where nothing.
    """

    window: Window
    screening: Screening
    embedding: tuple[float, ...] = ()
    advice: Advice | None = None


def unscreened(window: Window, reason: str, model_id: str = "", provider: str = "") -> Screened:
    """A window that was not screened: flagged, and saying why."""
    screening = Screening(
        window.stream_id,
        window.epoch,
        window.first_sample,
        window.end_sample,
        window.fs_hz,
        window.start_time_ns,
        ScreeningStatus.UNSCREENED,
        model_id,
        provider,
        flags=(UNSCREENED,),
        detail=reason,
    )
    return Screened(window, screening)


def screen(encoder: Encoder, windows: Sequence[Window]) -> list[Screened]:
    """Screens windows of any shapes: one run per number of leads. In the order given."""
    results: dict[int, Screened] = {}
    shapes: dict[tuple[int, int, float], list[int]] = {}
    usable = [_leads_for(encoder.manifest, window) for window in windows]
    for position, (window, rows) in enumerate(zip(windows, usable, strict=True)):
        if not rows:
            results[position] = _lacking(encoder, window, f"the model wants leads {encoder.manifest.leads}")
        else:
            shapes.setdefault((len(rows), window.signal_mv.shape[1], window.fs_hz), []).append(position)
    by_leads: dict[int, list[tuple[list[int], EncoderInput]]] = {}
    for (n_leads, _, fs_hz), positions in shapes.items():
        signal = np.stack([_rows_of(windows[p], usable[p]) for p in positions])  # (B, n_leads, n_samples)
        names = [[windows[p].lead_names[row] for row in usable[p]] for p in positions]
        by_leads.setdefault(n_leads, []).append((positions, prepare(signal, fs_hz, names)))
    for parts in by_leads.values():
        positions = [p for part, _ in parts for p in part]
        batch = EncoderInput(
            np.concatenate([x.signal for _, x in parts]),
            np.concatenate([x.lead_index for _, x in parts]),
            np.concatenate([x.lead_mask for _, x in parts]),
        )
        metrics.SCREEN_BATCH.observe(len(positions))
        scores = encoder.run(batch)
        seen = np.any(batch.lead_mask, axis=1).tolist()
        finite = np.all(np.isfinite(scores.probabilities), axis=1).tolist()
        said = zip(positions, scores.probabilities.tolist(), scores.embedding.tolist(), strict=True)
        for (position, probabilities, embedding), some, known in zip(said, seen, finite, strict=True):
            if not some:
                results[position] = _lacking(encoder, windows[position], "no lead has a signal")
            elif not known:
                results[position] = _lacking(encoder, windows[position], "the encoder gave NaN")
            else:
                results[position] = _said(encoder, windows[position], probabilities, tuple(embedding))
    return [results[position] for position in range(len(windows))]


def _leads_for(manifest: Manifest, window: Window) -> list[int]:
    """Rows of the window that the model is given; none where it lacks one that it must have."""
    if manifest.leads == "any":
        return list(range(min(manifest.max_leads, len(window.lead_names))))
    rows = [window.lead_names.index(name) for name in manifest.leads if name in window.lead_names]
    return rows if len(rows) == len(manifest.leads) else []


def _rows_of(window: Window, rows: list[int]) -> FloatArray:
    """Its signal, or those rows of it where they are not all."""
    return window.signal_mv if len(rows) == len(window.lead_names) else window.signal_mv[rows]


def _lacking(encoder: Encoder, window: Window, reason: str) -> Screened:
    return unscreened(window, reason, encoder.manifest.model_id, encoder.provider)


def _said(encoder: Encoder, window: Window, probabilities: Sequence[float], embedding: tuple[float, ...]) -> Screened:
    manifest = encoder.manifest
    by_label = dict(zip(manifest.labels, probabilities, strict=True))
    flags = tuple(label for label, least in manifest.thresholds.items() if by_label[label] >= least)
    denied = {
        ConditionCode(code): denial.labels
        for code, denial in manifest.denials.items()
        if all(by_label[label] < denial.below for label in denial.labels)
    }
    advice = None
    end_ns = window.start_time_ns + round(window.duration_s * 1e9)
    if denied:
        labels = sorted({label for labels in denied.values() for label in labels})
        reason = "screening sees no " + ", ".join(f"{label} ({by_label[label]:.2f})" for label in labels)
        advice = Advice(window.stream_id, window.start_time_ns, end_ns, frozenset(denied), reason, manifest.model_id)
    screening = Screening(
        window.stream_id,
        window.epoch,
        window.first_sample,
        window.end_sample,
        window.fs_hz,
        window.start_time_ns,
        ScreeningStatus.SCREENED,
        manifest.model_id,
        encoder.provider,
        tuple(LabelScore(label, score) for label, score in by_label.items()),
        flags,
    )
    return Screened(window, screening, embedding, advice)


@dataclass(frozen=True, slots=True, eq=False)
class _Ask:
    windows: Sequence[Window]
    answer: asyncio.Future[list[Screened]]
    at_s: float


class Screener:
    """Batches windows across beds, by size or age, and screens them in a thread.

    Args:
        encoder: None where there is no model: every window is then unscreened, and says so.
        batch_windows: A batch is closed when it has so many windows ...
        batch_age_s: ... or when its oldest has waited so long.
        max_waiting: Windows that may wait; more are unscreened at once ("encoder overloaded").
    """

    def __init__(
        self, encoder: Encoder | None, batch_windows: int = 256, batch_age_s: float = 0.005, max_waiting: int = 8192
    ) -> None:
        self.encoder = encoder
        self._batch_windows, self._batch_age_s, self._max_waiting = batch_windows, batch_age_s, max_waiting
        self._asks: queue.SimpleQueue[_Ask | None] = queue.SimpleQueue()
        self._waiting = 0
        self._thread = threading.Thread(target=self._work, name="screener", daemon=True)
        if encoder is not None:
            metrics.ENCODER.labels(encoder.manifest.model_id, encoder.provider).set(1)
            self._thread.start()

    async def screen(self, windows: Sequence[Window]) -> list[Screened]:
        """Screens windows together with whatever else is waiting; never raises for the windows' sake."""
        if not windows:
            return []
        if self.encoder is None:
            return self._counted([unscreened(window, "no screening model is loaded") for window in windows])
        if self._waiting + len(windows) > self._max_waiting:
            text = f"encoder overloaded: {self._waiting} windows wait"
            return self._counted([_lacking(self.encoder, window, text) for window in windows])
        self._waiting += len(windows)
        answer: asyncio.Future[list[Screened]] = asyncio.get_running_loop().create_future()
        asked_s = time.monotonic()
        self._asks.put(_Ask(windows, answer, asked_s))
        try:
            screened = await answer
        finally:
            self._waiting -= len(windows)
        metrics.SCREEN_S.observe(time.monotonic() - asked_s)
        return self._counted(screened)

    def close(self) -> None:
        """Ends the thread after what it is at; a second call does nothing."""
        if self._thread.is_alive():
            self._asks.put(None)
            self._thread.join(timeout=5)

    @staticmethod
    def _counted(screened: list[Screened]) -> list[Screened]:
        for status, n in Counter(one.screening.status for one in screened).items():
            metrics.WINDOWS.labels(status.value).inc(n)
        return screened

    def _work(self) -> None:
        last = False
        while not last:
            asks = [self._asks.get()]
            while asks[-1] is not None and sum(len(ask.windows) for ask in asks if ask) < self._batch_windows:
                left_s = (asks[0].at_s if asks[0] else 0) + self._batch_age_s - time.monotonic()
                try:
                    asks.append(self._asks.get(timeout=left_s) if left_s > 0 else self._asks.get_nowait())
                except queue.Empty:
                    break
            last = asks[-1] is None
            self._answer([ask for ask in asks if ask is not None])

    def _answer(self, asks: list[_Ask]) -> None:
        assert self.encoder is not None
        windows = [window for ask in asks for window in ask.windows]
        try:
            screened = screen(self.encoder, windows)
        except Exception as error:  # whatever it is, the windows stay flagged and the stream goes on
            log.error("screening failed", error=repr(error), windows=len(windows))
            screened = [_lacking(self.encoder, window, f"the encoder failed: {error!r}"[:200]) for window in windows]
        first = 0
        for ask in asks:
            part = screened[first : first + len(ask.windows)]
            first += len(ask.windows)
            ask.answer.get_loop().call_soon_threadsafe(_deliver, ask.answer, part)


def _deliver(answer: asyncio.Future[list[Screened]], part: list[Screened]) -> None:
    if not answer.done():
        answer.set_result(part)
