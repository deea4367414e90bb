"""Hand-made measurement tables: a healthy 12-lead window, with any value changed or taken away."""

from __future__ import annotations

from ecg.measurements.measurement import Measurement, MeasurementTable
from ecg.protocol.rhythm_names import ATRIAL_ECTOPICS, RHYTHMS, VENTRICULAR_ECTOPICS

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
_WINDOW = {
    "heart_rate": (72, "bpm"),
    "rr_irregularity": (0.03, ""),
    "p_present": (1, ""),
    "p_duration": (100, "ms"),
    "pr_interval": (160, "ms"),
    "qrs_duration": (92, "ms"),
    "qt_interval": (380, "ms"),
    "qtc_bazett": (416, "ms"),
    "qrs_axis": (45, "deg"),
}
_LEAD = {
    "p_amplitude": (0.12, "mV"),
    "q_amplitude": (-0.04, "mV"),
    "q_duration": (15, "ms"),
    "r_amplitude": (0.9, "mV"),
    "s_amplitude": (-0.3, "mV"),
    "s_duration": (20, "ms"),
    "st_j": (0.02, "mV"),
    "st_j60": (0.02, "mV"),
    "t_amplitude": (0.3, "mV"),
    "qs": (0, ""),
    "rsr_prime": (0, ""),
}
_REVERSED = {"p_amplitude", "t_amplitude"}


def healthy(
    changed: dict[str | tuple[str, str], float | None] | None = None,
    leads: tuple[str, ...] = LEADS,
    rhythm: str | None = "rhythm_sinus",
) -> MeasurementTable:
    """A normal window with changes: by name (window or every lead), or by (name, lead); None takes the value away."""
    rows = [Measurement(name, value, unit) for name, (value, unit) in _WINDOW.items()]
    for lead in leads:
        for name, (value, unit) in _LEAD.items():
            signed = -value if lead == "aVR" and name in _REVERSED else value
            if lead == "V1" and name in ("r_amplitude", "s_amplitude"):
                signed = 0.2 if name == "r_amplitude" else -0.9
            rows.append(Measurement(name, signed, unit, lead))
    rows += [Measurement(name, None if rhythm is None else float(name == rhythm), "") for name in RHYTHMS]
    rows += [Measurement(name, 0.0, "") for name in (VENTRICULAR_ECTOPICS, ATRIAL_ECTOPICS)]
    return MeasurementTable(tuple(_changed(row, changed or {}) for row in rows))


def _changed(row: Measurement, changed: dict[str | tuple[str, str], float | None]) -> Measurement:
    key: str | tuple[str, str] = row.name if row.name in changed else (row.name, row.lead or "")
    if key not in changed:
        return row
    value = changed[key]
    return Measurement(row.name, value, row.unit, row.lead, "" if value is not None else "taken away")
