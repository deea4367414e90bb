"""Times as the WFDB programs read and print them. Pure; owns the rounding that the counts depend on."""

from __future__ import annotations

from math import isfinite

from ecg.errors import InvalidSignal

LEARNING_PERIOD_S = 300.0  # EC57:2012 4.2: the first 5 minutes of a record are not scored
MATCH_WINDOW_S = 0.15  # EC57:2012 4.3.2: a beat matches within 150 ms


def samples_of(seconds: float, fs: float) -> int:
    """Samples in `seconds`, rounded half up, as `strtim` of the WFDB library does."""
    if not isfinite(seconds):
        raise InvalidSignal(f"a time of {seconds} s")
    return int(seconds * fs + 0.5)


def parse_time(text: str, fs: float, n_samples: int | None = None) -> int:
    """A WFDB time as a count of samples.

    Args:
        text: "SS[.fff]", "MM:SS", "HH:MM:SS", "sNNN" (samples) or "e" (end of record).
        fs: Sampling frequency in Hz.
        n_samples: Length of the record, for "e".

    Returns:
        Samples from the start of the record; 0 for "e" where the length is unknown (the library does the same).

    Raises:
        InvalidSignal: The text is none of these. (`strtim` reads rubbish as 0, which starts at the wrong place.)
    """
    stripped = text.strip()
    try:
        if stripped == "e":
            return n_samples or 0
        if stripped.startswith("s"):
            return int(stripped[1:])
        parts = [float(part or 0) for part in stripped.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or any(part < 0 for part in parts):
        raise InvalidSignal(f"not a time: {text!r}; write SS, MM:SS, HH:MM:SS, sNNN (samples) or e (end)")
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60.0 + part
    return samples_of(seconds, fs)


def format_time(samples: int, fs: float) -> str:
    """`mstimstr`: 12 characters, "   MM:SS.mmm" or "HH:MM:SS.mmm" (hours and minutes blank-padded to two)."""
    seconds = int(samples / fs)
    milliseconds = int((samples - seconds * fs) * 1000 / fs + 0.5)
    if milliseconds == 1000:
        seconds, milliseconds = seconds + 1, 0
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{hours:2d}:{minutes:02d}:{rest:02d}.{milliseconds:03d}"
    return f"   {minutes:2d}:{rest:02d}.{milliseconds:03d}"


def format_duration(samples: int, fs: float) -> str:
    """As `format_time`, but nothing is "       0.000" (`epicmp` prints it so)."""
    return format_time(samples, fs) if samples else "       0.000"
