"""`vigil edge`: the edge agent as a process. The composition root of edge/; nothing imports it but the command line."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import structlog

from ecg.errors import VigilError
from ecg.monitor import Monitor, Rules
from ecg.segments import Segment
from edge.agent import Agent, Parts
from edge.beds import GRAMMAR, BedSpec, Play, build_sources, parse_beds, record_beds, stream_ids, usable
from edge.clock import SystemClock
from edge.device import Device, TickTime
from edge.local_alarm import LocalAlarm
from edge.metrics import EdgeMetrics
from edge.outbox import Outbox
from edge.publisher import Publisher
from edge.settings import Settings
from edge.spool import Spool
from edge.tls import context

_log = structlog.get_logger("vigil.edge")


def _set_up_logging(verbose: bool) -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # kafka-python logs an error per failed attempt; the publisher says it once, with what follows from it.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


def _beds(settings: Settings, play: Play) -> list[BedSpec]:
    """What --wfdb or --beds names, without the records that cannot be used: each of those is logged with its reason."""
    if settings.wfdb is not None:
        specs = record_beds(settings.wfdb, tuple(filter(None, settings.records.split(","))))
    else:
        specs = parse_beds(settings.beds)
    return usable(specs, lambda why: _log.error("bed_left_out", reason=why), play, settings.count)


def _ready_monitor() -> Monitor:
    """The lethal rules, after a rehearsal: what must be compiled is, and a model that does not fit stops here.

    Raises:
        ModelMismatch: An artefact does not fit the code.
    """
    rehearsal = Monitor(rules=Rules.LETHAL)
    bed = build_sources(parse_beds("vf:8:6"), 0, Play(), 0)[0]
    device = Device("rehearsal", bed, 0, lambda _: 0)
    for second in range(1, 15):
        segments: list[Segment] = []
        device.tick(TickTime(float(second), 0), segments, [])
        rehearsal.step(segments)
    return Monitor(rules=Rules.LETHAL)


@contextlib.contextmanager
def open_agent(settings: Settings) -> Iterator[Agent]:
    """An agent with its disk and network, closed in the right order.

    Raises:
        VigilError: Something it needs is not there; the text says what.
        ValueError: The beds are not in the grammar.
    """
    play = Play(settings.once, tuple(filter(None, settings.leads.split(","))))
    specs = _beds(settings, play)
    sources = build_sources(specs, settings.count, play, settings.seed)
    streams = stream_ids(settings.first_bed, len(sources))
    for i, stream in enumerate(streams):
        _log.debug("bed", stream_id=stream, plays=specs[i % len(specs)].text)
    metrics = EdgeMetrics()
    metrics.serve(settings.metrics_port)
    with contextlib.ExitStack() as stack:
        spool = Spool(settings.spool_path, round(settings.max_spool_mb * 1e6), settings.max_spool_h * 3600)
        stack.callback(spool.close)
        alarm = LocalAlarm(settings.alarm_file)
        stack.callback(alarm.close)
        tls = settings.tls
        publisher = Publisher(settings.brokers, settings.agent_id, settings.idempotent, context(tls) if tls else None)
        outbox = Outbox(spool, publisher, metrics, settings.backfill_kb_s * 1000)
        monitor = _ready_monitor() if settings.monitor else None
        parts = Parts(SystemClock(), spool, outbox, alarm, metrics, monitor)
        stack.callback(outbox.close)
        publisher.start()
        yield Agent(settings.agent_id, dict(zip(streams, sources, strict=True)), parts, settings.speed)


@click.command(epilog=GRAMMAR)
@click.option("--agent-id", help="This agent; key of all it sends (default edge-1).")
@click.option("--brokers", help="Kafka, host:port[,host:port].")
@click.option("--beds", help="Beds to run, see below (default: seven of the simulator).")
@click.option(
    "--wfdb", type=click.Path(path_type=Path), help="Replay the WFDB records below this folder, one bed each."
)
@click.option("--records", help="Records of --wfdb to take, comma-separated (default all).")
@click.option("--leads", help="Channels of records to take, comma-separated (default every ECG channel).")
@click.option("--count", type=int, help="Beds in all: the list is taken again and again (default one each).")
@click.option("--first-bed", type=int, help="Number of the first stream id, bed-01 and on (default 1).")
@click.option("--speed", type=float, help="Seconds of signal per second (default 1).")
@click.option("--once/--loop", default=None, help="Play records once, or over and over (default).")
@click.option("--seed", type=int, help="Of the simulation (default 1).")
@click.option("--spool", type=click.Path(path_type=Path), help="Spool file (default .vigil/AGENT_ID.spool).")
@click.option("--max-spool-mb", type=float, help="Most that waits on disk; then the oldest is dropped (default 1024).")
@click.option("--max-spool-h", type=float, help="Longest that anything waits on disk (default 72).")
@click.option("--backfill-kb-s", type=int, help="Most that is sent per second from the spool (default 1000).")
@click.option("--alarm-file", type=click.Path(path_type=Path), help="Local alarms as JSON lines.")
@click.option("--monitor/--no-monitor", default=None, help="Run the lethal rules here (default), or not (benchmarks).")
@click.option("--idempotent/--no-idempotent", default=None, help="Ask the broker for idempotent production (default).")
@click.option(
    "--tls-ca",
    type=click.Path(exists=True, dir_okay=False),
    help="PEM file of the authority to believe (mutual TLS).",
)
@click.option("--tls-certificate", type=click.Path(exists=True, dir_okay=False), help="PEM file of our certificate.")
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False), help="PEM file of its key.")
@click.option("--metrics-port", type=int, help="Prometheus metrics on loopback; 0 is off (default).")
@click.option("--verbose/--quiet", default=None, help="Log at debug level.")
def main(**options: object) -> None:
    """Run the devices of one place: samples to local alarms, to disk and to Kafka.

    The topics must be there; the broker need not be: what it does not take waits in the spool. Every option can also be
    set as VIGIL_EDGE_<OPTION>.
    """
    settings = Settings(**{name: value for name, value in options.items() if value is not None})  # type: ignore[arg-type]
    _set_up_logging(settings.verbose)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with open_agent(settings) as agent:
            _log.info("agent_started", agent_id=settings.agent_id, devices=len(agent.devices), speed=settings.speed)
            agent.run(stop)
        _log.info("agent_stopped", agent_id=settings.agent_id)
    except (VigilError, ValueError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
