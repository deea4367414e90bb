"""What the beat classifier remembers of a stream, and where in a beat's waveform it looks.

Owns the record types and the regions; samples are at the kernel rate, relative to the fiducial. Must not import the
classifier.
"""

from __future__ import annotations

import numpy as np

#: Waveform given with a beat: samples, and the column of the fiducial.
WAVE_LEN, FIDUCIAL = 160, 90
#: QRS, -112 to +128 ms: holds the widest ventricular beat.
QRS_FROM, QRS_LEN = -28, 60
#: Atrial activity, -280 to -72 ms: P waves at any usual PR.
ATRIAL_FROM, ATRIAL_LEN = -70, 52
#: The P wave within the atrial region.
P_AT, P_LEN = 8, 40
#: ST and the start of T, 112 to 248 ms.
ST_FROM, ST_LEN = 28, 34
#: Beats are aligned within this many samples (32 ms): detectors place the fiducial of one shape on other waves.
ALIGN = 8
#: Shapes told apart, and the likeness below which a beat begins a new one.
N_SHAPES, NEW_SHAPE = 8, 0.82
#: RR intervals and earlier beats remembered.
N_RR, N_EARLIER = 32, 8
#: Running opinion of a beat: normal, supraventricular, ventricular, fusion.
N_CLASSES = 4
#: Bins of the long distribution of RR.
N_BINS = 64

LEAD_CONTEXT = np.dtype(
    [
        ("shape", "f4", (N_SHAPES, WAVE_LEN)),  # running mean waveform of each shape, mV
        ("previous", "f4", (WAVE_LEN,)),  # the beat before
        ("scale", "f4"),  # norm of the usual QRS, mV
        ("quality", "f4"),  # running correlation of normal beats with their shape, 0 to 1
        ("atrial", "f4", (ATRIAL_LEN,)),  # running mean of the atrial region of normal beats, detrended, mV
        ("atrial_n", "f4"),
        ("atrial_energy", "f4"),  # of single beats
        ("atrial_residual", "f4"),  # energy of single beats' difference to the mean
    ],
    align=True,
)

STREAM_CONTEXT = np.dtype(
    [
        ("last_k", "i8"),  # fiducial of the beat before; -1 where unknown
        ("n", "i8"),  # beats seen
        ("n_rr", "i8"),
        ("rr", "f4", (N_RR,)),  # s, ring
        ("rr_now", "f4"),  # s; 0 where unknown
        ("slow_rr", "f4"),  # mean of some 300, s
        ("slow_n", "f4"),
        ("normal_rr", "f4"),  # mean of the last 16 between normal beats, s
        ("normal_n", "f4"),
        ("earlier", "f4", (N_EARLIER, N_CLASSES)),  # opinions of the last beats, ring
        ("count", "f4", (N_SHAPES,)),  # beats of each shape, fading
        ("mass", "f4", (N_SHAPES, N_CLASSES)),  # their opinions, fading
        ("prematurity", "f4", (N_SHAPES,)),  # mean log RR to the normal RR
        ("own", "i8"),  # of the beat under judgement: its shape,
        ("is_new", "i8"),  # whether the shape begins with it,
        ("reference", "i8"),  # the shape that counts as normal,
        ("shift", "i8"),  # and its alignment with that, samples
    ],
    align=True,
)

#: The minutes behind: RR of conducted beats, P wave and QRS of the late ones (see classifier_history).
PAST = np.dtype(
    [
        ("n", "i8"),
        ("rr", "f4", (N_BINS,)),  # fading distribution of RR
        ("before", "f4"),  # RR of the beat before, s
        ("late_n", "f4"),
        ("late_rr", "f4"),  # running mean, s
        ("late_share", "f4"),
        ("early_n", "f4"),
        ("late_p", "f4"),  # how alike the P waves of the last late beats were: 1 sinus, 0 none to see
        ("was_broad", "i8"),  # the beat before was ventricular by the plain opinion
        ("p_steady", "f4"),  # running mean of the likeness of narrow beats' P waves with that of late beats
        ("kept_n", "f4"),  # beats that made the kept P wave
        ("kept_age", "f4"),  # beats since it was begun
        ("kept_usual", "f4"),  # share of beats that have it
        ("kept_recent", "f4"),  # running mean likeness of the last beats
        ("shape_before", "i8"),  # of the beat before; -1 where unknown
        ("seen", "f4", (N_SHAPES,)),  # beats of each shape
        ("rr_spread", "f4", (N_SHAPES,)),  # mean distance of log RR to that shape's mean
        ("together", "f4", (N_SHAPES,)),  # share whose predecessor had the same shape
    ],
    align=True,
)

PAST_LEAD = np.dtype(
    [
        ("late", "f4", (ATRIAL_LEN,)),  # mean atrial region of late beats, detrended, mV
        ("late_energy", "f4"),
        ("late_qrs", "f4", (QRS_LEN,)),
        ("early", "f4", (ATRIAL_LEN,)),
        ("kept", "f4", (P_LEN,)),  # mean P wave of the beats that have it, detrended, mV
    ],
    align=True,
)
