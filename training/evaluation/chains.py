"""`vigil evaluate chains`: how far measurement and protocol complete grounded reasoning chains.

Owns the run over chains and the figures. A chain is whole when every question from the first criterion to the last
decision is answered right; evaluation of a chain "with the initial question" asks that one too. The answers of the file are
read by Question.score alone. Source: ECG-Reasoning-Benchmark (Jwoo5/ecg-reasoning-benchmark), metric Completion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecg.errors import InvalidSignal
from ecg.interpreter import describe
from ecg.windows import Window
from edge.recordings import whole_window
from training.evaluation.chain_answers import ChainReader
from training.evaluation.chain_beats import BeatReader
from training.evaluation.chain_questions import Chain, Question, Stage, read_chains
from training.evaluation.figures import Figure, fraction

_CHAINS = "criteria/ecg_reasoning_benchmark_ptbxl.jsonl*"
_RECORDS = "ptb-xl/records500"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, what was chosen, and whether that is right."""

    stage: Stage
    question: Question
    chosen: tuple[str, ...]
    right: bool


def evaluate(data_dir: Path, split: str | None = None, progress: Callable[[str], None] | None = None) -> list[Figure]:
    """Answers every chain whose record stands in data_dir.

    Args:
        data_dir: Folder laid out as the data page says: criteria/ and ptb-xl/.
        split: Not used: the chains have none.
        progress: Called with a line a chain.

    Returns:
        Share right per stage and of whole chains, with 95 % intervals.

    Raises:
        InvalidSignal: There are no chains, or no record of any.
    """
    del split
    found = sorted(Path(data_dir).glob(_CHAINS))
    if not found:
        raise InvalidSignal(f"no chains in {data_dir}: {_CHAINS} is missing")
    chains = [chain for path in found for chain in read_chains(path)]
    here = [chain for chain in chains if record_path(data_dir, chain).with_suffix(".hea").is_file()]
    if not here:
        raise InvalidSignal(f"none of the {len(chains)} chains' records stands in {Path(data_dir) / _RECORDS}")
    asked, own = [], []
    for done, chain in enumerate(here):
        window = whole_window(record_path(data_dir, chain))
        asked.append(answer_chain(chain, window))
        own.append(answer_chain(chain, window, trust_segments=False))
        if progress:
            progress(f"chain {done + 1} of {len(here)}")
    whole = fraction("chains.whole_own_durations", _whole(own), len(own))
    return [*figures(asked), whole]


def record_path(data_dir: Path, chain: Chain) -> Path:
    """The record of a chain, without extension."""
    return Path(data_dir) / _RECORDS / f"{chain.record_id:05d}_hr"


def answer_chain(chain: Chain, window: Window, *, trust_segments: bool = True) -> list[Asked]:
    """Every question of a chain, answered in order; earlier answers are our own, right or wrong."""
    reader = ChainReader(chain, describe(window).measurements, BeatReader(window), trust_segments)
    asked = [_ask(reader.initial, chain.initial)]
    for step in chain.steps:
        asked.append(_ask(reader.criterion, step.criterion))
        asked.append(_ask(reader.finding, step.finding))
        by_stage = {Stage.LEAD: reader.lead, Stage.WAVE: reader.wave, Stage.MEASUREMENT: reader.measurement}
        asked += [_ask(by_stage[question.stage], question) for question in step.grounding]
        asked.append(_ask(reader.decision, step.decision))
    return asked


def _ask(answer: Callable[[Question], Sequence[str]], question: Question) -> Asked:
    chosen = tuple(answer(question))
    return Asked(question.stage, question, chosen, question.score(chosen))


def figures(chains: Sequence[Sequence[Asked]]) -> list[Figure]:
    """Share right by stage, whole chains, and how deep chains go before the first mistake."""
    stages: dict[Stage, list[bool]] = defaultdict(list)
    for chain in chains:
        for one in chain:
            stages[one.stage].append(one.right)
    out = [fraction(f"chains.{stage.value}", sum(rights), len(rights)) for stage, rights in stages.items()]
    whole = _whole(chains)
    initial = sum(all(one.right for one in chain) for chain in chains)
    depth = [_depth([one.right for one in chain[1:]]) for chain in chains]
    low, high = np.percentile(_bootstrap(np.array(depth)), [2.5, 97.5])
    return [
        *out,
        fraction("chains.whole", whole, len(chains)),
        fraction("chains.whole_with_initial", initial, len(chains)),
        Figure("chains.depth", float(np.mean(depth)), float(low), float(high), len(chains), "fraction"),
    ]


def _whole(chains: Sequence[Sequence[Asked]]) -> int:
    return sum(all(one.right for one in chain[1:]) for chain in chains)


def _depth(rights: Sequence[bool]) -> float:
    """Share of a chain's questions before the first mistake."""
    return (rights.index(False) if False in rights else len(rights)) / len(rights)


def _bootstrap(values: np.ndarray, rounds: int = 2000) -> np.ndarray:
    rng = np.random.default_rng(0)
    means: np.ndarray = values[rng.integers(0, values.size, (rounds, values.size))].mean(axis=1)
    return means
