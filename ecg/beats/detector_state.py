"""What the QRS detector remembers between segments, and its few constants.

Owns the record types of detector state; arrays of them have shape (n_streams, n_leads) and (n_streams,).
Must not import the monitor or the rules.
"""

from __future__ import annotations

import numpy as np

from ecg.filters import quadrature_pair
from ecg.resample import KERNEL_FS_HZ

#: Kernel samples of history kept before the newest one: what features look back on (0.7 s) and the decision delay.
HISTORY = 320
#: Envelope of the QRS band: even and odd kernels, 12 Hz, 25 ms. Kernel samples on either side.
ENVELOPE_HALF = 15
ENVELOPE_PAIR = quadrature_pair(12.0, 0.025, ENVELOPE_HALF, KERNEL_FS_HZ)
#: A candidate is the largest envelope within this many kernel samples on either side (88 ms).
PEAK_HALF = 22
#: A candidate is judged once this much signal behind it is known (kernel samples): 0.34 s, plus 0.05 s of filter
#: look-ahead before it, keeps the delay under 0.5 s with 0.1 s to spare for the segment it arrives in.
LOOKAHEAD = 86
#: No two beats closer than this (kernel samples): 180 ms, below the refractory period of any ventricle.
REFRACTORY = 45
#: All leads invalid for longer than this (kernel samples) makes the time since the last beat unknown.
UNKNOWN_AFTER = 25
#: Accepted beats whose shape and size are remembered.
N_TEMPLATES = 8
#: Kernel samples on either side of a remembered shape (80 ms).
TEMPLATE_HALF = 20
TEMPLATE_LEN = 2 * TEMPLATE_HALF + 1
#: RR intervals remembered.
N_RR = 8
#: Candidates remembered, accepted or not.
N_CANDIDATES = 12
#: "Never" for kernel sample indices.
NEVER = -(1 << 40)

LEAD_STATE = np.dtype(
    [
        ("x", "f4", (HISTORY,)),  # conditioned signal, mV, oldest first
        ("envelope", "f4", (HISTORY,)),  # lags x by ENVELOPE_HALF
        ("sizes", "f4", (N_TEMPLATES,)),  # envelope at the last accepted beats, ring
        ("templates", "f4", (TEMPLATE_LEN, N_TEMPLATES)),  # their shapes, zero mean, unit norm, a ring of columns
        ("candidate_sizes", "f4", (N_CANDIDATES,)),  # envelope at the last candidates, ring
        ("size", "f4"),  # typical envelope of a QRS, mV; 0 before any
        ("residue", "f4"),  # running mean of |signal above the band|, mV
        ("floor", "f4"),  # running mean of the envelope, mV
        ("slow", "f4"),  # running mean of |x|, mV
        ("trust", "f4"),  # quality index of the lead, 0 to 1
        ("weight", "f4"),  # of the lead's envelope in the fused one
        ("clarity", "f4"),  # running mean of how sure the lead's verdicts are, 0 to 1
    ],
    align=True,
)

STREAM_STATE = np.dtype(
    [
        ("next_input", "i8"),  # input sample expected next
        ("next_k", "i8"),  # kernel sample made next
        ("start_k", "i8"),  # kernel sample at which the stream (re)started
        ("fused", "f4", (HISTORY,)),  # fused envelope, lags x by ENVELOPE_HALF
        ("invalid_run", "i8"),  # kernel samples since any lead was valid
        ("last_beat_k", "i8"),
        ("last_beats_k", "i8", (4,)),
        ("rr", "f4", (N_RR,)),  # kernel samples, ring
        ("candidate_k", "i8", (N_CANDIDATES,)),
        ("candidate_logit", "f4", (N_CANDIDATES,)),
        ("n_candidates", "i8"),
        ("n_rr", "i8"),
        ("n_beats", "i8"),
        ("rr_typical", "f4"),  # median of rr, kernel samples; 0 before any
    ],
    align=True,
)
