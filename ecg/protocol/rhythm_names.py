"""Names under which the rhythm of a window stands among its measurements: one row a rhythm, 1 where it is so, 0 where not.

Owns the closed set and the words for it. A row without value says why the rhythm could not be told. Must not import the
tables.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Row name to the words a report uses.
RHYTHMS: Mapping[str, str] = {
    "rhythm_sinus": "sinus rhythm",
    "rhythm_atrial_fibrillation": "atrial fibrillation",
    "rhythm_atrial_flutter": "atrial flutter",
    "rhythm_supraventricular_tachycardia": "supraventricular tachycardia",
    "rhythm_wide_complex_tachycardia": "wide-complex tachycardia",
    "rhythm_ventricular_tachycardia": "ventricular tachycardia",
    "rhythm_ventricular_fibrillation": "ventricular fibrillation",
    "rhythm_asystole": "asystole",
    "rhythm_idioventricular": "idioventricular rhythm",
    "rhythm_no_p_waves": "regular rhythm without visible P waves",
    "rhythm_ectopic_atrial": "ectopic atrial rhythm",
    "rhythm_irregular": "irregular rhythm of undetermined origin",
    "rhythm_paced": "paced rhythm",
}
#: Rows of ectopy beside the rhythm: how many in the window.
VENTRICULAR_ECTOPICS, ATRIAL_ECTOPICS = "ventricular_ectopics", "supraventricular_ectopics"
