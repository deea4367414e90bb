"""Labels of the screening encoder and what each data set can say of them. Unknown is NaN: it teaches nothing."""

from __future__ import annotations

import numpy as np

from ecg.segments import FloatArray

#: Rhythm first, then the morphology super-classes of PTB-XL (Wagner et al. 2020).
LABELS = ("AF", "VT", "VF", "PVC", "NORM", "MI", "STTC", "CD", "HYP")
#: Labels that flag a window for the cloud; NORM never does.
FLAGGING = tuple(label for label in LABELS if label != "NORM")


def targets(**known: float) -> FloatArray:
    """float32 (n_labels,), NaN where nothing is known.

    Raises:
        KeyError: A name that is no label.
    """
    row = np.full(len(LABELS), np.nan, np.float32)
    for name, value in known.items():
        if name not in LABELS:
            raise KeyError(name)
        row[LABELS.index(name)] = value
    return row
