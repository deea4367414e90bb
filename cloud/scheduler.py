"""The scheduler: a bounded queue by priority and deadline, worker threads, and the memory of what was answered.

Owns who is interpreted next and what a repeated escalation_id gets. CPU work runs in its threads, never on the event loop.
Must not import grpc.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator

import structlog

from cloud.backends.base import Backend
from cloud.checking import checked_interpretation
from cloud.jobs import Job
from cloud.metrics import Metrics
from ecg.errors import DeadlineExceeded, InvalidSignal, Unavailable
from ecg.interpretation import Escalation, Failed, InterpretEvent

_log = structlog.get_logger(__name__)


class IdReused(Exception):
    """An escalation_id came again with another content."""


class Scheduler:
    """Runs a backend in worker threads, most urgent first."""

    def __init__(self, backend: Backend, metrics: Metrics, workers: int, queue_size: int, replay_size: int) -> None:
        self._backend = backend
        self._metrics = metrics
        self._queue_size, self._replay_size = queue_size, replay_size
        self._heap: list[Job] = []
        self._ready = threading.Condition()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._arrivals = itertools.count()
        self._stopping = False
        self._threads = [threading.Thread(target=self._work, name=f"reasoner-{i}", daemon=True) for i in range(workers)]
        for thread in self._threads:
            thread.start()

    @property
    def healthy(self) -> bool:
        """True while it takes work and every worker lives."""
        return not self._stopping and all(thread.is_alive() for thread in self._threads)

    def submit(self, escalation: Escalation, digest: bytes, remaining_s: float) -> tuple[Job, int]:
        """Queues an escalation, or finds the job of the same id.

        Args:
            escalation: What to interpret.
            digest: Of the request's content.
            remaining_s: Seconds the caller still waits.

        Returns:
            The job, and how many stand before it.

        Raises:
            IdReused: The id is known with another content.
            Unavailable: The queue is full of more urgent work, or the service is stopping.
        """
        known = self._jobs.get(escalation.escalation_id)
        if known is not None and not known.cancelled.is_set() and (not known.ended or known.replayable):
            if known.digest != digest:
                raise IdReused(f"escalation_id {escalation.escalation_id!r} was used for another window")
            self._jobs.move_to_end(escalation.escalation_id)
            known.deadline_s = max(known.deadline_s, time.monotonic() + remaining_s)
            return known, 0
        job = Job(
            escalation,
            digest,
            time.monotonic() + remaining_s,
            next(self._arrivals),
            asyncio.get_running_loop(),
        )
        position = self._enqueue(job)
        self._jobs[escalation.escalation_id] = job
        self._jobs.move_to_end(escalation.escalation_id)
        self._forget()
        return job, position

    def stop(self) -> None:
        """Takes no more work and ends the threads when they are done with what they hold."""
        with self._ready:
            self._stopping = True
            waiting, self._heap = self._heap, []
            self._ready.notify_all()
        for job in waiting:
            job.end(Unavailable("the reasoner is stopping"))

    def refuse(self) -> None:
        """Takes no more work, but finishes what waits."""
        self._stopping = True

    def join(self, timeout_s: float) -> bool:
        """Waits for the threads; True when all have ended."""
        until_s = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _enqueue(self, job: Job) -> int:
        with self._ready:
            if self._stopping:
                raise Unavailable("the reasoner is stopping")
            self._heap = [waiting for waiting in self._heap if not waiting.cancelled.is_set()]
            heapq.heapify(self._heap)
            if len(self._heap) >= self._queue_size:
                last = max(self._heap)
                if not job < last:
                    raise Unavailable(f"{len(self._heap)} escalations of higher urgency are waiting")
                self._heap.remove(last)
                heapq.heapify(self._heap)
                last.end(Unavailable("gave its place in a full queue to a more urgent escalation"))
            position = sum(waiting < job for waiting in self._heap)
            heapq.heappush(self._heap, job)
            self._metrics.waiting.set(len(self._heap))
            self._ready.notify()
            return position

    def _forget(self) -> None:
        """Drops the oldest finished jobs beyond the replay size; running ones stay."""
        for escalation_id, job in list(self._jobs.items()):
            if len(self._jobs) <= self._replay_size:
                break
            if job.ended or job.cancelled.is_set():
                del self._jobs[escalation_id]

    def _take(self) -> Job | None:
        with self._ready:
            while not self._heap:
                if self._stopping:
                    return None
                self._ready.wait(timeout=0.5)
            job = heapq.heappop(self._heap)
            self._metrics.waiting.set(len(self._heap))
            return job

    def _work(self) -> None:
        while (job := self._take()) is not None:
            try:
                self._run(job)
            except RuntimeError:
                # The loop is gone: the service has stopped and nobody listens.
                if job.loop.is_closed():
                    return
                raise

    def _run(self, job: Job) -> None:
        if job.cancelled.is_set():
            job.end(DeadlineExceeded("nobody waits for it any more"))
            return
        if time.monotonic() > job.deadline_s:
            job.end(DeadlineExceeded("the deadline passed while it waited"))
            return
        events = checked_interpretation(self._backend, job.escalation)
        try:
            job.end(self._drain(job, events))
        except (InvalidSignal, Unavailable) as error:
            job.end(error)
        except Exception as error:
            # A fault of the backend: the flag stays raised and the page says why there is no text.
            _log.exception("interpretation failed", escalation_id=job.escalation.escalation_id)
            job.publish(Failed(f"the interpreter failed on this window: {type(error).__name__}"))
            job.end()

    def _drain(self, job: Job, events: Iterator[InterpretEvent]) -> Exception | None:
        for event in events:
            if job.cancelled.is_set() or time.monotonic() > job.deadline_s:
                close = getattr(events, "close", None)
                if close:
                    close()
                return DeadlineExceeded("nobody waits for it any more")
            self._metrics.count_claims(event)
            job.publish(event)
        return None
