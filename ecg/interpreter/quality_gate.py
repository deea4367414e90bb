"""The gate: whether a window can be interpreted at all.

Owns the reasons for abstaining. Lethal rhythms pass the gate: a window without QRS is a reading, not a failure.
"""

from __future__ import annotations

import numpy as np

from ecg.interpreter.listening import Heard
from ecg.interpreter.rhythm_reading import RhythmReading
from ecg.measurements.measurement import MeasurementTable
from ecg.windows import Window

#: Shorter than this nothing of the protocol can be said: three beats at 40 bpm.
MIN_WINDOW_S = 4.0
#: Less of a lead than this and it counts as missing.
MIN_PRESENT = 0.5
#: Below this mean quality index a lead is not read (the monitor's own limit for "useless" seconds is lower).
MIN_INDEX = 0.2


def usable_leads(window: Window, heard: Heard) -> tuple[str, ...]:
    """Leads with enough signal of enough quality."""
    present = np.isfinite(window.signal_mv).mean(axis=1)
    return tuple(
        name
        for row, name in enumerate(window.lead_names)
        if present[row] >= MIN_PRESENT and heard.leads[row].index >= MIN_INDEX
    )


def not_interpretable(window: Window, heard: Heard, table: MeasurementTable, reading: RhythmReading) -> str:
    """Why the window cannot be interpreted; "" where it can."""
    if window.duration_s < MIN_WINDOW_S:
        return f"only {window.duration_s:.1f} s of signal; {MIN_WINDOW_S:.0f} s are needed"
    present = np.isfinite(window.signal_mv).mean(axis=1)
    if present.max() < MIN_PRESENT:
        return "no signal: every lead is off or missing for most of the window"
    if reading.lethal:
        return ""
    if not usable_leads(window, heard):
        worst = {p.name.lower().replace("_", " ") for lead in heard.leads for p in lead.problems if p.name}
        return "signal quality is too poor in every lead" + (f" ({', '.join(sorted(worst))})" if worst else "")
    if table.get("heart_rate").value is None and reading.row is None:
        return f"no heart rate could be measured: {table.get('heart_rate').reason}"
    return ""
