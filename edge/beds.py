"""Beds: the words in which a user says which beds to run, and the sources they become.

Owns the grammar of --beds. Must not import the agent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecg.errors import InvalidSignal
from edge.sources.rhythms import Rhythm
from edge.sources.simulator import Phase, Script, Simulator, render
from edge.sources.source import Source
from edge.sources.wfdb_replay import WfdbReplay, find_records, read_recording

GRAMMAR = """
A bed is one of (several are separated by commas):

\b
  normal af tachy brady ectopy    that rhythm all the time
  vt vf asystole leadoff artefact sinus rhythm with an episode every 60 s for 20 s
  EPISODE:EVERY[:FOR]             an episode every EVERY s of sinus rhythm, for FOR s (20): vf:30, af:120:60
  A+B:EVERY[:FOR]                 episodes in turn, sinus rhythm between them: vt+vf+asystole:60:20
  A>B:EVERY[:FOR]                 B follows A at once: vf>asystole:45:15
  12lead                          sinus rhythm, 12 leads at 500 Hz
  record:PATH                     a WFDB record, path without extension

Behind a simulated bed, /LEADS takes 1, 2, 3 or 12 leads (vf:30/12; 2 if left out) and *N makes N such beds (normal*20).
"""

#: The simulated beds of the demo; a bed that replays a real recording goes with them.
DEMO_BEDS = "normal,af,tachy,ectopy,vt+vf+asystole:60:20,leadoff+artefact:40:20,12lead"

_LOOP_S = 100.0  # a sustained rhythm repeats after this
_EVERY_S, _FOR_S = 60.0, 20.0
_EPISODIC = frozenset({Rhythm.VT, Rhythm.VF, Rhythm.ASYSTOLE, Rhythm.LEADOFF, Rhythm.ARTEFACT})
_LEADS = {
    1: ("II",),
    2: ("II", "V1"),
    3: ("II", "V1", "V5"),
    12: ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"),
}
_MONITOR_FS_HZ, _CART_FS_HZ = 250.0, 500.0
#: Renderings of one script that differ; clones beyond share them, begun elsewhere.
_VARIANTS = 8
_BED = re.compile(
    r"(?P<what>[a-z0-9+>]+)(?::(?P<every>[\d.]+))?(?::(?P<for>[\d.]+))?(?:/(?P<leads>\d+))?(?:\*(?P<n>\d+))?"
)


@dataclass(frozen=True, slots=True)
class BedSpec:
    """One entry of --beds: a script, or a record."""

    text: str
    script: Script = ()
    n_leads: int = 2
    record: str = ""


@dataclass(frozen=True, slots=True)
class Play:
    """How recordings are played."""

    once: bool = False
    leads: tuple[str, ...] = ()


def parse_beds(text: str) -> list[BedSpec]:
    """Reads --beds.

    Raises:
        ValueError: An entry is not in the grammar; the text names it.
    """
    beds: list[BedSpec] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        if entry.startswith("record:"):
            beds.append(BedSpec(entry, record=entry.removeprefix("record:")))
            continue
        match = _BED.fullmatch(entry)
        if match is None:
            raise ValueError(f"bed {entry!r} is not one of: normal, af, vt:60, vf:30/12, record:PATH ... (see --help)")
        what, n_leads = match["what"], int(match["leads"] or 2)
        if what == "12lead":
            what, n_leads = "normal", 12
        if n_leads not in _LEADS:
            raise ValueError(f"bed {entry!r}: {n_leads} leads, one of {sorted(_LEADS)} wanted")
        script = _script(entry, what, match["every"], match["for"])
        beds += [BedSpec(entry, script, n_leads)] * int(match["n"] or 1)
    if not beds:
        raise ValueError("no beds given")
    return beds


def _script(entry: str, what: str, every: str | None, duration: str | None) -> Script:
    groups = [[_rhythm(entry, word) for word in part.split(">")] for part in what.split("+")]
    if len(groups) == 1 and len(groups[0]) == 1 and every is None and groups[0][0] not in _EPISODIC:
        return (Phase(groups[0][0], _LOOP_S),)
    every_s, for_s = float(every or _EVERY_S), float(duration or _FOR_S)
    if not (2 <= every_s <= 3600 and 2 <= for_s <= 3600):
        raise ValueError(f"bed {entry!r}: EVERY and FOR must be 2 to 3600 s")
    phases: list[Phase] = []
    for group in groups:
        phases.append(Phase(Rhythm.NORMAL, every_s))
        phases += [Phase(rhythm, for_s) for rhythm in group]
    return tuple(phases)


def _rhythm(entry: str, word: str) -> Rhythm:
    try:
        return Rhythm(word)
    except ValueError:
        known = ", ".join(rhythm.value for rhythm in Rhythm)
        raise ValueError(f"bed {entry!r}: no rhythm {word!r}; known: {known}, 12lead") from None


def record_beds(folder: Path, records: Sequence[str]) -> list[BedSpec]:
    """A bed for each record below a folder.

    Raises:
        InvalidSignal: There is none, or not the ones named.
    """
    return [BedSpec(f"record:{path}", record=path) for path in find_records(folder, records)]


def stream_ids(first_bed: int, n: int) -> list[str]:
    """Pseudonymous stream ids: "bed-01" and on; what a bed plays does not show in them."""
    return [f"bed-{number:02d}" for number in range(first_bed, first_bed + n)]


def build_sources(specs: Sequence[BedSpec], count: int, play: Play, seed: int) -> list[Source]:
    """Sources of the beds; where count is above their number, they are taken again, begun elsewhere.

    Args:
        specs: Beds, at least one.
        count: Beds in all; 0 is one each.
        play: How recordings are played.
        seed: Of the simulation.

    Raises:
        InvalidSignal: A record cannot be used.
    """
    return [_source(specs[i % len(specs)], i, i // len(specs), play, seed) for i in range(count or len(specs))]


def _source(spec: BedSpec, position: int, clone: int, play: Play, seed: int) -> Source:
    if spec.record:
        recording = read_recording(spec.record, play.leads)
        length_s = recording.samples.shape[1] / recording.fs_hz
        return WfdbReplay(recording, play.once, 0.0 if play.once else (clone * 7.3) % length_s)
    fs_hz = _CART_FS_HZ if spec.n_leads == 12 else _MONITOR_FS_HZ
    sustained = len(spec.script) == 1
    # A schedule starts at its beginning, so that its first episode comes when the user said; clones are spread.
    start_s = clone * 11.7 if not sustained else position * 3.1 + clone * 11.7
    return Simulator(render(spec.script, _LEADS[spec.n_leads], fs_hz, seed + (position % _VARIANTS)), start_s)


def usable(specs: Sequence[BedSpec], say: Callable[[str], None], play: Play, most: int = 0) -> list[BedSpec]:
    """The beds whose records can be used; says of each other one why not.

    Args:
        specs: Beds asked for.
        say: Takes the reason, naming the file.
        play: How recordings are played.
        most: No more than this many are wanted, the others are not even read; 0 is all.

    Raises:
        InvalidSignal: None of them can.
    """
    good: list[BedSpec] = []
    last: InvalidSignal | None = None
    for spec in specs:
        if most and len(good) == most:
            break
        try:
            if spec.record:
                read_recording(spec.record, play.leads)
            good.append(spec)
        except InvalidSignal as error:
            last = error
            say(str(error))
    if not good:
        raise last or InvalidSignal("no beds given")
    return good
