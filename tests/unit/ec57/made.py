"""Small annotators drawn as time lines, for the scorer's tests."""

from __future__ import annotations

from ecg.annotations import Annotations

FS_HZ = 100.0  # a character of a line is 50 ms, five samples
SAMPLES_PER_CHARACTER = 5


def line(drawing: str, notes: dict[int, str] | None = None, subtypes: dict[int, int] | None = None) -> Annotations:
    """Annotations where the drawing has a character other than "." or a space; `notes`, `subtypes` by column.

    The first column is sample 5, for bxb takes a beat at sample 0 for none.
    """
    columns = [i for i, character in enumerate(drawing) if character not in ". "]
    return Annotations.of(
        [SAMPLES_PER_CHARACTER * (i + 1) for i in columns],
        [drawing[i] for i in columns],
        FS_HZ,
        aux_note=[(notes or {}).get(i, "") for i in columns],
        subtype=[(subtypes or {}).get(i, 0) for i in columns],
        n_samples=SAMPLES_PER_CHARACTER * (len(drawing) + 1),
    )
