"""The rhythm rules of one stream: every rule asked at each moment of the clock, conditions begun, changed and ended.

Owns the composition and the life of conditions; each rule is in its own module. Pure and picklable; must not import the
monitor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ecg.beats.beat import Beat
from ecg.conditioning import StreamBlock, kernel_to_stream
from ecg.conditions import LETHAL, Condition, ConditionCode
from ecg.profiles import CINC2015, RuleProfile
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.atrial import AtrialFibrillation, IntervalEvidence
from ecg.rhythm.av_block import SecondDegreeBlock
from ecg.rhythm.ectopy import Couplet, Cycles, Idioventricular, Run
from ecg.rhythm.flutter import AtrialFlutter, FlutterEvidence
from ecg.rhythm.held import Held, Rule
from ecg.rhythm.lethal import Asystole, ExtremeBradycardia, ExtremeTachycardia
from ecg.rhythm.rates import Bradycardia, Pause, PvcRate, Tachycardia
from ecg.rhythm.run_evidence import RunEvidence
from ecg.rhythm.second_look import Witness
from ecg.rhythm.supraventricular import SupraventricularRun, SupraventricularTachycardia
from ecg.rhythm.timeline import Timeline
from ecg.rhythm.ventricular import MalignantWave, VentricularFibrillation, VentricularTachycardia
from ecg.rhythm.wave_model import RhythmModel, default_model

#: A condition that lasts is reported again after so many seconds, where its reason has changed.
UPDATE_S = 10
_VENTRICULAR = (ConditionCode.VTA, ConditionCode.VFB)


@dataclass(slots=True)
class _Open:
    """A condition that lasts, samples at the kernel rate, and when it was last reported."""

    condition: Condition
    reported: int


@dataclass(slots=True)
class RhythmRules:
    """State of one stream's rules.

    Attributes:
        model: Networks to use instead of the shipped ones (cross-validation); None in service.
        witness: Notes what a second look at an alarm needs; None where nobody will look again.
    """

    model: RhythmModel | None = None
    witness: Witness | None = None
    timeline: Timeline = field(default_factory=Timeline)
    wave: MalignantWave = field(default_factory=MalignantWave)
    intervals: IntervalEvidence = field(default_factory=IntervalEvidence)
    run: RunEvidence = field(default_factory=RunEvidence)
    flutter: FlutterEvidence = field(default_factory=FlutterEvidence)
    open: dict[ConditionCode, _Open] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    lethal: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        if not self.rules:
            self.rules = (
                VentricularFibrillation(self.wave),
                VentricularTachycardia(self.wave, self.run),
                Asystole(),
                ExtremeBradycardia(),
                ExtremeTachycardia(),
                AtrialFlutter(self.flutter),
                AtrialFibrillation(self.intervals),
                SupraventricularTachycardia(self.intervals),
                SupraventricularRun(self.intervals),
                SecondDegreeBlock(),
                Pause(),
                Bradycardia(),
                Tachycardia(),
                Idioventricular(),
                Run(),
                Couplet(),
                Cycles(ConditionCode.BIGEMINY, 2),
                Cycles(ConditionCode.TRIGEMINY, 3),
                PvcRate(),
            )
        self.lethal = tuple(rule for rule in self.rules if rule.code in LETHAL)

    def step(
        self, beats: Sequence[Beat], block: StreamBlock, profile: RuleProfile | None = None, lethal_only: bool = False
    ) -> tuple[list[Condition], str]:
        """One block of the stream.

        Args:
            beats: Beats that became final, samples at the kernel rate.
            block: The conditioned samples, continuing the last block (or after a gap).
            profile: Thresholds; None for the CinC 2015 defaults.
            lethal_only: Asks the five lethal rules alone. No rule reads what another one found, save the two ventricular
                ones, which are lethal: the calls are those of all rules. The rhythm word knows no others then.

        Returns:
            Conditions begun, changed or ended, samples at the stream's rate; and the rhythm as a WFDB rhythm word without
            "(", "" where unknown.
        """
        profile = profile or CINC2015
        model = self.model or default_model()
        rules = self.lethal if lethal_only else self.rules
        changed: list[Condition] = []
        end = self.timeline.end
        if end is not None and block.first_sample != end:
            changed += self._lose(end)
        for now in self.timeline.advance(beats, block, model):
            self.wave.move(self.timeline)
            if not lethal_only:
                self.intervals.move(self.timeline, profile, model.af)
                self.flutter.move(self.timeline, self.intervals, ConditionCode.AFLT in self.open)
            self.run.move(self.timeline, profile, self.wave.malignant, model.run)
            if self.witness is not None:
                self.witness.note(self.timeline, self.wave.malignant, self.run)
            beats_came = self.timeline.fresh > 0 or self.timeline.broken
            for rule in rules:
                if beats_came or not rule.on_beats:
                    self._ask(rule, profile, now, changed)
            self.timeline.frozen = self.wave.on or (bool(self.open) and any(code in self.open for code in _VENTRICULAR))
            if self.timeline.frozen:
                self.timeline.frozen_at = now
        return [_at_stream_rate(condition, block.stream_fs_hz) for condition in changed], self.word()

    def word(self) -> str:
        """The rhythm now."""
        beats = self.timeline.beats
        if not beats and not self.wave.on:
            return ""
        if self.open:
            for code, word in _WORDS:
                if code in self.open:
                    return word
        return "P" if self.timeline.is_paced else "N"

    def _ask(self, rule: Rule, profile: RuleProfile, now: int, changed: list[Condition]) -> None:
        """Asks one rule; what began, changed or ended goes to `changed`."""
        code = rule.code
        known = self.open.get(code)
        held = None
        if self.timeline.usable or code in LETHAL:
            held = rule.look(self.timeline, profile, known is not None)
        if held is None:
            if known is not None:
                changed.append(self._end(code, now))
        elif known is None:
            begun = Condition(code, min(held.onset, now), now, held.reason, None, held.evidence)
            self.open[code] = _Open(begun, now)
            changed.append(begun)
        else:
            changed += self._update(known, held, now)

    def _update(self, known: _Open, held: Held, now: int) -> list[Condition]:
        if now - known.reported < UPDATE_S * KERNEL_FS_HZ or held.reason in ("", known.condition.reason):
            return []
        known.condition = replace(known.condition, reason=held.reason, evidence=held.evidence)
        known.reported = now
        return [known.condition]

    def _end(self, code: ConditionCode, sample: int) -> Condition:
        known = self.open.pop(code).condition
        return replace(known, ended_sample=max(sample, known.detected_sample))

    def _lose(self, end: int) -> list[Condition]:
        """A gap: what was so until its start is unknown after it."""
        self.wave.forget()
        if self.witness is not None:
            self.witness.rows.clear()
        return [self._end(code, end) for code in list(self.open)]


#: Rhythm words of the WFDB, the gravest first.
_WORDS = (
    (ConditionCode.VFB, "VF"),
    (ConditionCode.VTA, "VT"),
    (ConditionCode.RUN, "VT"),
    (ConditionCode.AIVR, "IVR"),
    (ConditionCode.BIGEMINY, "B"),
    (ConditionCode.TRIGEMINY, "T"),
    (ConditionCode.AFLT, "AFL"),
    (ConditionCode.AFIB, "AFIB"),
    (ConditionCode.SVT, "SVTA"),
    (ConditionCode.SVE_RUN, "SVTA"),
    (ConditionCode.AVB2, "BII"),
)


def _at_stream_rate(condition: Condition, fs_hz: float) -> Condition:
    ended = condition.ended_sample
    return replace(
        condition,
        onset_sample=kernel_to_stream(condition.onset_sample, fs_hz),
        detected_sample=kernel_to_stream(condition.detected_sample, fs_hz),
        ended_sample=None if ended is None else kernel_to_stream(ended, fs_hz),
    )
