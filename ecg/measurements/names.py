"""Every measurement by name: unit, per lead or of the window, what it is, and whose definition it follows.

The one list the measuring code, the protocol, the verifier and the page share. Must not import the measuring code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Sources, cited by key.
AHA2 = "AHA/ACCF/HRS 2009 part II, electrocardiography statement list and terms"
AHA3 = "AHA/ACCF/HRS 2009 part III, intraventricular conduction (Surawicz), J Am Coll Cardiol 53:976"
AHA4 = "AHA/ACCF/HRS 2009 part IV, ST segment, T and U waves, QT interval (Rautaharju), J Am Coll Cardiol 53:982"
AHA5 = "AHA/ACCF/HRS 2009 part V, chamber hypertrophy (Hancock), J Am Coll Cardiol 53:992"
CSE = "CSE working party, recommendations for measurement standards, Eur Heart J 1985;6:815"
HRV = "Task Force of ESC/NASPE, heart rate variability, Circulation 1996;93:1043"
VIGIL = "defined here"


@dataclass(frozen=True, slots=True)
class MeasurementName:
    """One entry of the list.

    Attributes:
        key: The name in a MeasurementTable.
        unit: bpm, ms, mV, deg, mV/s, mV·ms, or "" for a ratio, count or code.
        per_lead: True where there is a row for each lead; False for one row of the window.
        description: In plain English, sign conventions and codes included.
        source: Whose definition.
    """

    key: str
    unit: str
    per_lead: bool
    description: str
    source: str


def _window(key: str, unit: str, description: str, source: str) -> MeasurementName:
    return MeasurementName(key, unit, False, description, source)


def _lead(key: str, unit: str, description: str, source: str) -> MeasurementName:
    return MeasurementName(key, unit, True, description, source)


_NAMES = (
    # rate and rhythm
    _window("heart_rate", "bpm", "60,000 over the mean RR interval of the window", AHA2),
    _window("rr_interval", "ms", "mean RR interval", AHA2),
    _window("rr_sd", "ms", "standard deviation of the RR intervals (of one window: not the 24-hour SDNN)", HRV),
    _window("rmssd", "ms", "root mean square of successive RR differences", HRV),
    _window("rr_irregularity", "", "mean absolute successive RR difference over the mean RR", VIGIL),
    _window("longest_rr_ratio", "", "longest RR interval over the median RR interval", VIGIL),
    _window("premature_beats", "", "beats that come 15 % or more before the steady rhythm's time; a count", VIGIL),
    _window("premature_wide", "", "1 where most premature beats have a QRS 20 ms or more wider than the others", VIGIL),
    _window(
        "p_present",
        "",
        "fraction of the beats of the measured shape with a P wave at a steady distance before the QRS",
        VIGIL,
    ),
    _window("av_conduction", "", "fraction of P waves that a QRS follows at the steady PR interval", VIGIL),
    _window("blocked_p", "", "P waves that no QRS follows; a count", VIGIL),
    _window("av_dissociation", "", "1 where regular P waves stand in no steady relation to the QRS complexes", VIGIL),
    # P and PR
    _window("p_duration", "ms", "earliest P onset to latest P end over the leads", CSE),
    _window("p_axis", "deg", "frontal axis of the P wave's net area, -180 to 180", AHA2),
    _window("pr_interval", "ms", "earliest P onset to earliest QRS onset over the leads", CSE),
    _lead("p_amplitude", "mV", "largest deflection of P from the level before it, signed", CSE),
    _lead(
        "p_terminal_amplitude", "mV", "lowest point of the second half of P, negative or 0 (left atrium, in V1)", AHA5
    ),
    _lead("p_notched", "", "1 where P has two peaks 40 ms or more apart", AHA5),
    _lead("pr_segment", "mV", "level just before the QRS from the level before P; negative is PR depression", AHA4),
    # QRS
    _window("qrs_duration", "ms", "earliest QRS onset to latest QRS end over the leads", CSE),
    _window("qrs_axis", "deg", "frontal axis of the QRS complex's net area, -180 to 180", AHA3),
    _lead("q_amplitude", "mV", "Q wave: negative or, where there is none, 0; in a QS complex its depth", CSE),
    _lead("q_duration", "ms", "width of the Q (or QS) wave at the baseline; 0 where there is none", CSE),
    _lead(
        "r_amplitude", "mV", "highest positive deflection of the QRS from its onset level; 0 where there is none", CSE
    ),
    _lead("r_duration", "ms", "width of the tallest positive deflection at the baseline", CSE),
    _lead("s_amplitude", "mV", "deepest deflection after the first R, negative or 0; in a QS complex its depth", CSE),
    _lead("s_duration", "ms", "width of the deepest deflection after the first R at the baseline", CSE),
    _lead("r_prime_amplitude", "mV", "second positive deflection, after an S; 0 where there is none", CSE),
    _lead("r_peak_time", "ms", "QRS onset to the (last) R peak; not measurable without an R", AHA3),
    _lead("qrs_peak_to_peak", "mV", "highest less lowest point of the QRS", AHA2),
    _lead("qrs_notched", "", "1 where the tallest R has a notch of 5 % of its height and 0.03 mV or more", AHA3),
    _lead("qs", "", "1 where the QRS has no positive deflection (a QS complex)", CSE),
    _lead("rsr_prime", "", "1 where a second positive deflection follows an S (rSr', rSR', RSr')", AHA3),
    _lead(
        "delta_slur", "", "1 where the first 30 ms of the QRS rise slowly, below a quarter of its later slope", VIGIL
    ),
    # ST, T, QT
    _lead("st_j", "mV", "level at J, the end of the QRS, from the level at QRS onset", AHA4),
    _lead("st_j60", "mV", "level 60 ms after J", AHA4),
    _lead("st_j80", "mV", "level 80 ms after J", AHA4),
    _lead("st_slope", "mV/s", "slope of the ST segment from J to 80 ms after it", VIGIL),
    _lead("t_amplitude", "mV", "largest deflection of T from the level at QRS onset, signed", AHA4),
    _lead("t_symmetry", "", "area of T after its peak over the area before it; 1 is symmetrical", VIGIL),
    _window("t_duration", "ms", "onset to end of T over the leads", CSE),
    _window("t_axis", "deg", "frontal axis of the T wave's net area, -180 to 180", AHA2),
    _window("qt_interval", "ms", "earliest QRS onset to the end of T over the leads", AHA4),
    _window("qtc_bazett", "ms", "QT / sqrt(RR / 1 s)", "Bazett, Heart 1920;7:353"),
    _window("qtc_fridericia", "ms", "QT / cbrt(RR / 1 s)", "Fridericia, Acta Med Scand 1920;53:469"),
    _window("qtc_framingham", "ms", "QT + 154 ms * (1 - RR / 1 s)", "Sagie, Am J Cardiol 1992;70:797"),
    _window("qtc_hodges", "ms", "QT + 1.75 ms * (heart rate - 60)", "Hodges, J Am Coll Cardiol 1983;1:694"),
    # voltage
    _window("sokolow_lyon", "mV", "depth of S in V1 plus the taller R of V5 and V6", AHA5),
    _window("cornell_voltage", "mV", "R in aVL plus the depth of S in V3", AHA5),
    _window("limb_voltage", "mV", "largest peak-to-peak QRS of the limb leads", AHA2),
    _window("precordial_voltage", "mV", "largest peak-to-peak QRS of V1 to V6", AHA2),
    _window(
        "r_progression",
        "",
        "0 normal; 1 poor, R of 0.3 mV or less in V3; 2 reversed, R falls by a fifth or more between V1 and V4; "
        "3 dominant R in V1",
        AHA2,
    ),
)

#: Key to entry, in the order of a report.
NAMES: Mapping[str, MeasurementName] = {name.key: name for name in _NAMES}
