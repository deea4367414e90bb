# ruff: noqa: E501  one row a term: a table of patterns is read across, not down
"""The vocabulary of findings: which words claim which finding, and the rule that decides it in the protocol's own terms.

Owns patterns and rules. Must not know verdicts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ecg.protocol.rules import AllOf, AnyOf, Given, Not, Op, PerLead, Rule, Test

_FLAGS = re.IGNORECASE


@dataclass(frozen=True, slots=True)
class FindingTerm:
    """Words that claim a finding.

    Attributes:
        rule: Decides it for the window; None where no measurement can.
        lead_rule: Decides it in one lead, for claims that name leads; None where leads do not matter.
    """

    name: str
    pattern: re.Pattern[str]
    rule: Rule | None
    lead_rule: Rule | None = None


def _finding(name: str, pattern: str, rule: Rule | None, lead_rule: Rule | None = None) -> FindingTerm:
    return FindingTerm(name, re.compile(rf"(?<![\w-])(?:{pattern})(?![\w])", _FLAGS), rule, lead_rule)


def _is(quantity: str) -> Test:
    return Test(quantity, Op.ABOVE, 0.5, "")


def _lead(quantity: str, op: Op, threshold: float, unit: str) -> Test:
    return Test(quantity, op, threshold, unit)


def _anywhere(kind: str) -> AnyOf:
    return AnyOf(tuple(Given(f"{territory}_{kind}") for territory in ("inferior", "lateral", "anterior")))


_ST_UP_LEAD = AnyOf(
    (
        AllOf((Test("is_precordial", Op.BELOW, 0.5, ""), _lead("st_j", Op.AT_LEAST, 0.1, "mV"))),
        AllOf((Test("is_precordial", Op.ABOVE, 0.5, ""), _lead("st_j", Op.AT_LEAST, 0.2, "mV"))),
    )
)
_ST_DOWN_LEAD = _lead("st_j", Op.AT_MOST, -0.05, "mV")
_T_DOWN_LEAD = _lead("t_amplitude", Op.AT_MOST, -0.1, "mV")
_Q_LEAD = AnyOf(
    (
        AllOf((_lead("q_duration", Op.AT_LEAST, 30, "ms"), _lead("q_depth", Op.AT_LEAST, 0.1, "mV"))),
        _is("qs"),
    )
)
_ISCHAEMIC = {
    territory: AnyOf((Given(f"{territory}_st_depression"), Given(f"{territory}_t_inversion")))
    for territory in ("inferior", "lateral", "anterior")
}
_INFARCT = {
    territory: AnyOf((Given(f"{territory}_st_elevation"), Given(f"{territory}_q_waves")))
    for territory in ("inferior", "lateral", "anterior")
}
_SINUS = _is("rhythm_sinus")
_VENTRICULAR_T = AnyOf((_is("rhythm_ventricular_tachycardia"), _is("rhythm_wide_complex_tachycardia")))
_NORMAL_QRS = Test("qrs_duration", Op.BELOW, 120, "ms")
_LVH = Given("lvh_voltage")
_ABNORMAL: tuple[Rule, ...] = (*_INFARCT.values(), *_ISCHAEMIC.values(), _LVH)
_NORMAL_ECG = AllOf(
    (
        *(Given(name) for name in ("normal_rate", "normal_axis", "normal_pr", "narrow_qrs", "normal_qtc")),
        _SINUS,
        *(Not(rule) for rule in _ABNORMAL),
    )
)
_INCOMPLETE = Given("incomplete_block")
_RBBB_FORM, _LBBB_FORM = Given("rsr_v1"), Given("dominant_s_v1")
_BBB = r"(?:bundle[- ]branch[- ]block|BBB)s?"
_T_WAVE = r"T(?:[- ]?waves?)?"

#: Longest phrases first within a family: the leftmost, then longest match takes the words.
FINDINGS: tuple[FindingTerm, ...] = (
    # Rhythm.
    _finding("sinus bradycardia", r"sinus bradycardia", AllOf((_SINUS, Given("bradycardia")))),
    _finding("sinus tachycardia", r"sinus tachycardia", AllOf((_SINUS, Given("tachycardia")))),
    _finding("normal sinus rhythm", r"normal sinus rhythm|NSR", AllOf((_SINUS, Given("normal_rate")))),
    _finding("sinus arrhythmia", r"sinus arr?hythmia", AllOf((_SINUS, Given("irregular_rr")))),
    _finding("sinus rhythm", r"sinus(?:\s+(?:mechanism|rhythm|node))?|SR", _SINUS),
    _finding("atrial fibrillation", r"atrial fibrillation|A-?fib|AF", _is("rhythm_atrial_fibrillation")),
    _finding("atrial flutter", r"atrial flutter", _is("rhythm_atrial_flutter")),
    _finding("ventricular fibrillation", r"ventricular (?:fibrillation(?: or flutter)?|flutter)|V-?fib|VF", _is("rhythm_ventricular_fibrillation")),
    _finding("asystole", r"asystole|ventricular standstill", _is("rhythm_asystole")),
    _finding("wide-complex tachycardia", r"(?:wide|broad)[- ]complex tachycardia", AnyOf((_is("rhythm_wide_complex_tachycardia"), _is("rhythm_ventricular_tachycardia")))),
    _finding("supraventricular tachycardia", r"supraventricular tachycardia|PSVT|SVT|AVN?RT", _is("rhythm_supraventricular_tachycardia")),
    _finding("ventricular tachycardia", r"ventricular tachycardia|V-?tach|VT", _VENTRICULAR_T),
    _finding("monomorphic run", r"monomorphic", Test("run_alikeness", Op.AT_LEAST, 0.9, "")),
    _finding("polymorphic run", r"polymorphic", Test("run_alikeness", Op.BELOW, 0.7, "")),
    _finding("idioventricular rhythm", r"(?:accelerated )?idioventricular rhythm|AIVR", _is("rhythm_idioventricular")),
    _finding("paced rhythm", r"(?:ventricular |atrial |electronic )?pac(?:ed|emaker)(?:\s+(?:rhythm|beats?|complexes))?", _is("rhythm_paced")),
    _finding("ectopic atrial rhythm", r"ectopic atrial rhythm|(?:low )?atrial rhythm", _is("rhythm_ectopic_atrial")),
    _finding("junctional rhythm", r"junctional (?:escape )?rhythm|(?:regular )?rhythm without visible P waves", _is("rhythm_no_p_waves")),
    _finding("ventricular ectopy", r"(?:premature ventricular (?:complexes|contractions?|beats?|complex)|ventricular (?:ectop(?:y|ics?)|ectopic beats?|extrasystoles?|premature beats?)|PVCs?|VPBs?)(?:\(s\))?", Test("ventricular_ectopics", Op.AT_LEAST, 1, "")),
    _finding("atrial ectopy", r"(?:premature atrial (?:complexes|contractions?|beats?|complex)|(?:supraventricular|atrial) (?:ectop(?:y|ics?)|ectopic beats?|extrasystoles?|premature beats?)|PACs?)(?:\(s\))?", Test("supraventricular_ectopics", Op.AT_LEAST, 1, "")),
    _finding("irregular RR intervals", r"irregular(?:ly irregular)?(?:\s+(?:ventricular )?(?:rhythm|RR intervals?|R-R intervals?))?|(?:RR|R-R) intervals? (?:is |are )?(?:not )?(?:irregularly )?irregular|rhythm (?:is )?irregular(?:ly irregular)?", Given("irregular_rr")),
    _finding("regular RR intervals", r"regular (?:ventricular )?(?:rhythm|RR intervals?|R-R intervals?|rate)|(?:RR|R-R) intervals? (?:is |are )?(?:not )?regular|rhythm (?:is )?(?:not )?regular", Not(Given("irregular_rr"))),
    _finding("P waves", r"(?:visible |upright |distinct |discernible |clear |consistent |normal )?P[- ]?waves?(?: (?:are |is )?(?:present|visible|seen|upright))?(?: before (?:each|every|the) QRS(?: complex(?:es)?)?)?", Given("p_waves"), _lead("p_amplitude", Op.ABOVE, 0.0, "mV")),
    _finding("bradycardia", r"bradycardi[ac]", Given("bradycardia")),
    _finding("tachycardia", r"tachycardi[ac]", Given("tachycardia")),
    _finding("normal rate", r"normal (?:heart |ventricular )?rate|rate (?:is )?(?:not )?(?:within normal limits|normal)", Given("normal_rate")),
    _finding("arm-lead reversal", r"(?:possible )?(?:(?:arm|limb)[- ])?lead reversal|dextrocardia", Given("lead_reversal")),
    _finding("right atrial enlargement", r"right atrial (?:enlargement|abnormality|hypertrophy)|P pulmonale", Given("right_atrial_enlargement")),
    _finding("left atrial enlargement", r"left atrial (?:enlargement|abnormality|hypertrophy)|P mitrale", Given("left_atrial_enlargement")),
    # Axis, conduction.
    _finding("left axis deviation", r"left(?:ward)?[- ]axis(?:[- ]deviation)?|LAD", Given("left_axis_deviation")),
    _finding("right axis deviation", r"right(?:ward)?[- ]axis(?:[- ]deviation)?|RAD", Given("right_axis_deviation")),
    _finding("extreme axis deviation", r"extreme (?:right )?axis(?: deviation)?|north-?west axis", Given("extreme_axis_deviation")),
    _finding("normal axis", r"normal (?:QRS |frontal |electrical )*(?:plane )?axis|axis (?:is )?(?:not )?(?:within normal limits|normal)", Given("normal_axis")),
    _finding("axis deviation", r"axis deviation", Not(Given("normal_axis"))),
    _finding("prolonged PR", r"first[- ]degree (?:AV|atrioventricular|heart)[- ]block|(?:prolonged|long) P[RQ](?: interval)?|P[RQ](?: interval)? (?:is )?(?:not )?(?:prolonged|prolongation|long)|(?:prolongation of|prolonged) the P[RQ](?: interval)?", Given("long_pr")),
    _finding("short PR", r"short(?:ened)? P[RQ](?: interval)?|P[RQ](?: interval)? (?:is )?(?:not )?short(?:ened)?", Given("short_pr")),
    _finding("normal PR", r"normal P[RQ](?: interval)?|P[RQ](?: interval)? (?:is )?(?:not )?(?:within normal limits|normal)", Given("normal_pr")),
    _finding("incomplete right bundle branch block", rf"incomplete right {_BBB}|IRBBB|incomplete RBBB", AllOf((_INCOMPLETE, _RBBB_FORM))),
    _finding("incomplete left bundle branch block", rf"incomplete left {_BBB}|ILBBB|incomplete LBBB", AllOf((_INCOMPLETE, _LBBB_FORM))),
    _finding("right bundle branch block", rf"(?:complete )?right {_BBB}|C?RBBB", Given("rbbb")),
    _finding("left bundle branch block", rf"(?:complete )?left {_BBB}|C?LBBB", Given("lbbb")),
    _finding("bundle branch block", _BBB, AnyOf((Given("rbbb"), Given("lbbb")))),
    _finding("intraventricular conduction delay", r"(?:non-?specific )?intraventricular conduction (?:delay|disturbance|defect)|IVCD", Given("ivcd")),
    _finding("wide QRS", r"(?:wide|broad|prolonged|widened)[- ](?:QRS|complex(?:es)?(?! (?:waveform|tachycardia)))(?: complex(?:es)?| duration)?|QRS(?: complex(?:es)?| duration)? (?:is |are )?(?:not )?(?:wide|broad|prolonged|widened)|QRS prolongation", Given("wide_qrs")),
    _finding("narrow QRS", r"narrow[- ](?:QRS|complex(?:es)?)(?: complex(?:es)?)?|normal QRS(?: duration| width)?|QRS(?: complex(?:es)?| duration)? (?:is |are )?(?:not )?(?:narrow|normal|within normal limits)", _NORMAL_QRS),
    _finding("rSR′", r"(?:rSR['′]|RSR['′]|rsr['′]|rSr['′])(?: (?:pattern|complex))?", Given("rsr_v1"), _is("rsr_prime")),
    # Voltage.
    _finding("left ventricular hypertrophy", r"left ventricular hypertrophy(?: by voltage)?|LVH", _LVH),
    _finding("dominant R in V1", r"right ventricular hypertrophy|RVH|dominant R(?:[- ]wave)?(?: in V1)?", Given("dominant_r_v1")),
    _finding("low voltage", r"low (?:limb |precordial |QRS )*(?:lead )?voltages?", AnyOf((Given("low_voltage_limb"), Given("low_voltage_precordial")))),
    _finding("poor R progression", r"poor R(?:[- ]wave)? progression", Given("poor_r_progression")),
    _finding("normal R progression", r"normal R(?:[- ]wave)? progression|R(?:[- ]wave)? progression (?:is )?(?:not )?normal", Not(Given("poor_r_progression"))),
    # Ischaemia.
    *(
        _finding(f"{territory} infarction", rf"{territory}(?: wall)? (?:ST[- ]?(?:segment )?elevation )?(?:myocardial infarction|infarct(?:ion)?|MI|STEMI)", rule)
        for territory, rule in _INFARCT.items()
    ),
    *(
        _finding(f"{territory} ischaemia", rf"{territory}(?: wall)? (?:myocardial )?isch(?:a)?emia", rule)
        for territory, rule in _ISCHAEMIC.items()
    ),
    *(
        _finding(f"{territory} {words}", rf"{territory} {pattern}", Given(f"{territory}_{kind}"))
        for territory in ("inferior", "lateral", "anterior")
        for words, pattern, kind in (
            ("ST elevation", r"ST(?:[- ]segment)? elevations?", "st_elevation"),
            ("ST depression", r"ST(?:[- ]segment)? depressions?", "st_depression"),
            ("T wave inversion", r"T(?:[- ]?wave)? inversions?", "t_inversion"),
            ("Q waves", r"(?:pathological |abnormal )?Q[- ]?waves?", "q_waves"),
        )
    ),
    _finding("ST elevation", r"ST(?:[- ]segment)?s?[- ]*(?:is |are )?(?:not )?elevat(?:ions?|ed)|elevated ST(?: segments?)?|J[- ]?point elevations?|STEMI", _anywhere("st_elevation"), _ST_UP_LEAD),
    _finding("ST depression", r"ST(?:[- ]segment)?s?[- ]*(?:is |are )?(?:not )?depress(?:ions?|ed)|depressed ST(?: segments?)?", _anywhere("st_depression"), _ST_DOWN_LEAD),
    _finding("ST deviation", r"ST(?:[- ]segment)? (?:deviations?|changes?|abnormalit(?:y|ies)|shifts?)", AnyOf((_anywhere("st_elevation"), _anywhere("st_depression"))), AnyOf((_ST_UP_LEAD, _ST_DOWN_LEAD))),
    _finding("T inversion", rf"(?:symmetrical(?:ly)? )?(?:inverted|negative) {_T_WAVE}|{_T_WAVE} (?:is |are )?(?:not )?(?:inver(?:sions?|ted)|negative)", _anywhere("t_inversion"), _T_DOWN_LEAD),
    _finding("pathological Q", r"(?:pathological|pathologic|significant|abnormal|deep|wide)?\s*Q(?:[- ]?waves?|S complex(?:es)?)", _anywhere("q_waves"), _Q_LEAD),
    # "ischaemia" and "infarction" alone: any territory.
    _finding("infarction", r"(?:acute |old |prior |myocardial )*infarct(?:ion)?|\bMI", AnyOf(tuple(_INFARCT.values()))),
    _finding("ischaemia", r"(?:acute |myocardial )*isch(?:a)?emia", AnyOf(tuple(_ISCHAEMIC.values()))),
    # Repolarisation.
    _finding("prolonged QTc", r"(?:prolonged|long) (?:corrected )?QT(?:c)?(?: interval)?|QTc?(?: interval)? (?:is )?(?:not )?(?:prolonged|prolongation)|long[- ]QT(?: syndrome)?|prolongation of the QTc?", Given("long_qtc")),
    _finding("short QTc", r"short QTc?(?: interval)?|QTc?(?: interval)? (?:is )?(?:not )?short(?:ened)?", Given("short_qtc")),
    _finding("normal QTc", r"normal (?:corrected )?QTc?(?: interval)?|QTc?(?: interval)? (?:is )?(?:not )?(?:within normal limits|normal)", Given("normal_qtc")),
    _finding("tall T", rf"(?:tall|peaked|tented|hyperacute)(?:,? (?:tall|peaked|tented))* {_T_WAVE}", Given("tall_t"), _lead("t_amplitude", Op.ABOVE, 0.5, "mV")),
    _finding("flat T", rf"(?:flat(?:tened)?|low-amplitude) {_T_WAVE}|{_T_WAVE} flattening", Given("flat_t"), AllOf((_lead("t_amplitude", Op.BELOW, 0.1, "mV"), _lead("t_amplitude", Op.ABOVE, -0.1, "mV")))),
    _finding("normal ECG", r"(?:otherwise )?normal (?:ECG|electrocardiogram|tracing)|no abnormality", _NORMAL_ECG),
    # Named, but not decidable from these measurements.
    *(
        _finding(name, pattern, None)
        for name, pattern in (
            ("higher-degree AV block", r"(?:second|third|complete|high)[- ](?:degree )?(?:AV|atrioventricular|heart)[- ]block|Mobitz(?: I{1,2})?|Wenckebach|AV dissociation"),
            ("pre-excitation", r"(?:ventricular )?pre-?excitation|delta waves?|WPW|Wolff[- ]Parkinson[- ]White"),
            ("pericarditis", r"pericarditis|PR(?:[- ]segment)? depression"),
            ("hyperkalaemia", r"hyperkal(?:a)?emia"),
            ("hypokalaemia", r"hypokal(?:a)?emia|U waves?"),
            ("calcium disorder", r"hyp(?:er|o)calc(?:a)?emia"),
            ("electrolyte disorder", r"electrolyte (?:disorder|disturbance|abnormalit(?:y|ies)|imbalance)"),
            ("pulmonary embolism", r"pulmonary embolism|S1Q3T3"),
            ("Brugada pattern", r"Brugada(?: (?:pattern|syndrome))?"),
            ("fascicular block", r"(?:left )?(?:anterior|posterior) (?:fascicular|hemi)-?\s?block|LAFB|LPFB"),
            ("digitalis effect", r"digitalis effect|digoxin"),
            ("early repolarisation", r"early repolari[sz]ation"),
        )
    ),
)  # fmt: skip

#: "Any lead": where a per-lead finding is claimed without leads and the window's rule cannot tell.
ANY_LEAD = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def in_leads(rule: Rule, leads: tuple[str, ...], at_least: int) -> PerLead:
    """A lead rule over named leads."""
    return PerLead(leads, rule, at_least=at_least)
