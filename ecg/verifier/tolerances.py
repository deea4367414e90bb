"""How far a stated number may stand from the measured one.

Owns the tolerances with their sources. Each is joined with half a unit of the last digit written, so that "2 mm" may stand
for 1.7 mm but "2.0 mm" may not.
"""

from __future__ import annotations

# [E] IEC 60601-2-25:2011, 201.12.4.101: mean differences of global intervals P, PQ and QRS within 10 ms, QT within 25 ms;
#     amplitudes within 25 µV up to 0.5 mV and within 5 % above. [M] EC13 family: heart rate within 10 % or 5 bpm, the
#     larger. [V] CLINICAL.md section 2: ST deviation within 0.02 mV or 10 %, the larger. The axis has no published limit:
#     10 degrees is what two readers of one tracing agree to.
_INTERVAL_MS = {"qt_interval": 25.0, "qtc": 25.0}
_DEFAULT_INTERVAL_MS = 10.0
_ST = ("st_j", "st_j60", "st_j80", "st_level")


def tolerance(name: str, unit: str, measured: float) -> float:
    """Largest accepted difference between a stated and a measured value.

    Args:
        name: Quantity.
        unit: Its base unit: ms, mV, bpm, deg, mV·s or "".
        measured: The measured value, in unit.

    Returns:
        In unit.
    """
    size = abs(measured)
    match unit:
        case "bpm":
            return max(5.0, 0.10 * size)
        case "ms":
            return next((ms for key, ms in _INTERVAL_MS.items() if name.startswith(key)), _DEFAULT_INTERVAL_MS)
        case "mV":
            return max(0.02, 0.10 * size) if name in _ST else max(0.025, 0.05 * size)
        case "deg":
            return 10.0
        case "mV·s":
            return 0.10 * size
        case _:
            return 0.05
