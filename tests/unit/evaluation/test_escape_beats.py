"""Escape beats: SVEB by EC57, normal by the convention of the published figures."""

from __future__ import annotations

from ecg.annotations import Annotations
from ecg.ec57 import score_beats
from training.evaluation.beat_classes import with_escapes_normal


def test_escape_beats_are_sveb_by_ec57_and_normal_by_convention() -> None:
    at = range(360, 360 * 9, 360)
    reference, test = (Annotations.of(at, list(symbols), 360, n_samples=3600) for symbols in ("NjeANVNN", "NNNANVNN"))
    strict, lenient = (score_beats(r, test, start_s=0) for r in (reference, with_escapes_normal(reference)))
    assert (strict.sveb_sensitivity.k, strict.sveb_sensitivity.n) == (1, 3)
    assert (lenient.sveb_sensitivity.k, lenient.sveb_sensitivity.n) == (1, 1)
    assert strict.veb_sensitivity == lenient.veb_sensitivity
