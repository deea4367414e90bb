"""Where the thresholds of the ecg-r1 profile come from; each row names one."""

from __future__ import annotations

E1 = "ECG-R1 protocol (Jin 2026; ECG from Basics to Essentials, ch. 23)"
U4 = "Fourth universal definition of MI (Thygesen 2018)"
A3 = "AHA/ACCF/HRS 2009 part III (Surawicz)"
A4 = "AHA/ACCF/HRS 2009 part IV (Rautaharju)"
A5 = "AHA/ACCF/HRS 2009 part V (Hancock)"
