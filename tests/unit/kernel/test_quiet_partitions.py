"""Quiet partitions rest, busy ones never do, and every one of them is asked for again in time."""

from __future__ import annotations

import numpy as np

from ecg.quiet_partitions import PROBE_EVERY_S, PROBE_FOR_S, QUIET_S, QuietPartitions

ALL = range(48)


def test_all_are_asked_for_until_they_were_quiet_for_long_enough() -> None:
    quiet = QuietPartitions(100.0)
    for now_s in np.arange(100.0, 100.0 + QUIET_S, 0.1):
        assert quiet.resting(ALL, now_s) == frozenset()


def test_busy_numbers_never_rest_and_quiet_ones_do() -> None:
    quiet = QuietPartitions(0.0)
    rests = []
    for now_s in np.arange(0.0, 3 * QUIET_S, 0.2):
        quiet.heard([3, 7], now_s)
        resting = quiet.resting(ALL, now_s)
        assert not resting & {3, 7}
        rests.append(len(resting))
    assert rests[-1] in (0, 46) and max(rests) == 46


def test_every_number_is_asked_for_within_the_probe_however_late_it_is() -> None:
    quiet = QuietPartitions(5.0)
    asked = [now_s for now_s in np.arange(5.0, 200.0, 0.05) if 9 not in quiet.resting(ALL, now_s)]
    gaps = np.diff(asked)
    assert gaps.max() <= PROBE_EVERY_S
    probes = np.split(np.array(asked), np.flatnonzero(gaps > 0.06) + 1)[
        1:-1
    ]  # the first is the time before any is quiet
    assert len(probes) > 40 and min(probe[-1] - probe[0] for probe in probes) >= PROBE_FOR_S - 0.1


def test_a_number_heard_again_is_busy_at_once() -> None:
    quiet = QuietPartitions(0.0)
    late_s = QUIET_S + 2.0
    assert 5 in quiet.resting(ALL, late_s)
    quiet.heard([5], late_s)
    assert 5 not in quiet.resting(ALL, late_s + 0.1)
