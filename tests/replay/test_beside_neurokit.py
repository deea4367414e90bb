"""Heart rates of real 12-lead records beside those NeuroKit2 finds in lead II."""

from __future__ import annotations

import warnings
from pathlib import Path

import neurokit2
import numpy as np
import pytest

from ecg.measurements.measure import measure
from edge.recordings import whole_window


def test_the_heart_rate_is_neurokits(data_dir: Path) -> None:
    records = sorted((data_dir / "ptb-xl" / "records500").glob("*.hea"))[:40]
    if len(records) < 40:
        pytest.skip("fewer than 40 records of ptb-xl in the data folder")
    apart = []
    for header in records:
        window = whole_window(header.with_suffix(""))
        rate = measure(window).get("heart_rate").value
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clean = neurokit2.ecg_clean(window.signal_mv[1].astype(float), sampling_rate=500)
            peaks = neurokit2.ecg_peaks(clean, sampling_rate=500)[1]["ECG_R_Peaks"]
        theirs = 60 * 500 / float(np.diff(peaks).mean())
        if rate is None or abs(rate - theirs) > 3:
            apart.append((header.stem, rate, theirs))
    # One record may be one that either of us reads wrongly.
    assert len(apart) <= 1, apart
