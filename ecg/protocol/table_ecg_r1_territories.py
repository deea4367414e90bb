"""Profile "ecg-r1", phase 4: ST, T and Q by territory, one row per territory and kind.

Owns the territories and their thresholds with citations. Must not import the evaluator.
"""

from __future__ import annotations

from itertools import pairwise

from ecg.protocol.citations import E1, U4
from ecg.protocol.rules import AllOf, AnyOf, Criterion, Op, PerLead, Profile, Rule, Test

#: Territories in anatomical order, so that neighbours in the tuple are contiguous leads [E1, U4].
INFERIOR = ("II", "aVF", "III")
LATERAL = ("I", "aVL", "V5", "V6")
ANTERIOR = ("V1", "V2", "V3", "V4")
TERRITORIES = {"inferior": INFERIOR, "lateral": LATERAL, "anterior": ANTERIOR}


def _test(quantity: str, op: Op, threshold: float, unit: str, lead: str | None = None) -> Test:
    return Test(quantity, op, threshold, unit, lead)


def _row(id: str, phase: int, statement: str, rule: Rule, citation: str, label: str = "") -> Criterion:
    return Criterion(id, phase, statement, rule, Profile.ECG_R1, citation, label)


def _st_limit(op: Op, limb: float, chest: float, quantity: str, leads: tuple[str, ...]) -> Rule:
    """Two neighbouring leads beyond the limit of their kind."""
    rules: list[Rule] = [
        PerLead((a, b), _lead_limit(op, limb, chest, quantity), at_least=2) for a, b in pairwise(leads)
    ]
    return AnyOf(tuple(rules))


def _lead_limit(op: Op, limb: float, chest: float, quantity: str) -> Rule:
    """A test whose threshold depends on the lead looked at: limb or precordial."""
    return AnyOf(
        (
            AllOf((_test("is_precordial", Op.BELOW, 0.5, ""), _test(quantity, op, limb, "mV"))),
            AllOf((_test("is_precordial", Op.ABOVE, 0.5, ""), _test(quantity, op, chest, "mV"))),
        )
    )


def _territory_rows() -> tuple[Criterion, ...]:
    rows = []
    for name, leads in TERRITORIES.items():
        rows += [
            _row(
                f"{name}_st_elevation",
                4,
                f"ST elevation of 1 mm (limb) or 2 mm (precordial) in neighbouring {name} leads",
                _st_limit(Op.AT_LEAST, 0.1, 0.2, "st_j", leads),
                E1,
                f"{name} ST elevation",
            ),
            _row(
                f"{name}_st_depression",
                4,
                f"ST depression of 0.5 mm in neighbouring {name} leads",
                # At J and 60 ms later, so that an up-sloping junctional depression does not count.
                AnyOf(
                    tuple(
                        PerLead(
                            (a, b),
                            AllOf((_test("st_j", Op.AT_MOST, -0.05, "mV"), _test("st_j60", Op.AT_MOST, -0.05, "mV"))),
                            at_least=2,
                        )
                        for a, b in pairwise(leads)
                    )
                ),
                U4,
                f"{name} ST depression",
            ),
            _row(
                f"{name}_t_inversion",
                4,
                f"T inversion of 1 mm in neighbouring {name} leads with an R above S",
                AnyOf(
                    tuple(
                        PerLead(
                            (a, b),
                            AllOf(
                                (_test("t_amplitude", Op.AT_MOST, -0.1, "mV"), _test("qrs_net", Op.ABOVE, 0.0, "mV"))
                            ),
                            at_least=2,
                        )
                        for a, b in pairwise(leads)
                    )
                ),
                U4,
                f"{name} T wave inversion",
            ),
            _row(
                f"{name}_q_waves",
                4,
                f"Q of 30 ms and 1 mm, or QS, in neighbouring {name} leads",
                # ECG-R1 joins width and depth by "or", which a normal septal Q meets; the definition asks both.
                AnyOf(
                    tuple(
                        PerLead(
                            (a, b),
                            AnyOf(
                                (
                                    AllOf(
                                        (
                                            _test("q_duration", Op.AT_LEAST, 30, "ms"),
                                            _test("q_depth", Op.AT_LEAST, 0.1, "mV"),
                                        )
                                    ),
                                    _test("qs", Op.ABOVE, 0.5, ""),
                                )
                            ),
                            at_least=2,
                        )
                        for a, b in pairwise(leads)
                    )
                ),
                U4,
                f"{name} Q waves",
            ),
        ]
    return tuple(rows)


TERRITORY_ROWS: tuple[Criterion, ...] = _territory_rows()
