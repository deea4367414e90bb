"""The manifest of a model artefact: what the model takes, what it gives, what it was made of, and which files it is.

Owns the type, its JSON form and its checks; a misfit is a ModelMismatch at start, never at the first window. Reading
files and verifying signatures is the caller's. Must not import onnxruntime or anything above ecg.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, get_type_hints

from ecg.conditions import LETHAL, ConditionCode
from ecg.encoder_input import ENCODER_FS_HZ, ENCODER_WINDOW_S
from ecg.errors import ModelMismatch
from ecg.leads import STANDARD_LEADS

#: Codes that screening may not advise against (CLINICAL.md §5: not without the rule's agreement, and it has none to give).
_UNTOUCHABLE = frozenset({ConditionCode.ASY, ConditionCode.VFB})
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Denial:
    """When the model speaks against a rule: every one of labels scores below this."""

    labels: tuple[str, ...]
    below: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a screening model is.

    Attributes:
        name: Of the model; with version it identifies the artefact ("screening-tiny", "3").
        fs_hz: Sampling frequency of the input, Hz.
        window_s: Length of the input, s.
        leads: "any", or the standard leads it must be given.
        max_leads: Most leads in one window.
        labels: One per column of the output `probabilities`.
        thresholds: Label to the score from which a window is flagged; a label that is not here never flags.
        denials: Condition code to what speaks against it; never ASY or VFB. Advice only ever lowers a priority by a step.
        embedding_size: Columns of the output `embedding`.
        data_sha256: Of the list of training records.
        records: Where the training records come from, for people ("ptb-xl 21837 records").
        metrics: Name to measured value, on data that was not trained on.
        files: File name to SHA-256, hex; "model.onnx" must be there.
        signature: Ed25519 signature, hex, over `signed_bytes`; empty where unsigned.
    """

    name: str
    version: str
    fs_hz: float
    window_s: float
    leads: tuple[str, ...] | str
    max_leads: int
    labels: tuple[str, ...]
    thresholds: Mapping[str, float]
    embedding_size: int
    data_sha256: str
    records: tuple[str, ...]
    git_revision: str
    metrics: Mapping[str, float]
    files: Mapping[str, str]
    denials: Mapping[str, Denial] = field(default_factory=dict)
    signature: str = ""
    format: int = FORMAT

    def __post_init__(self) -> None:
        where = f"manifest of {self.name or '?'} {self.version}"
        faults = [text for bad, text in self._faults() if bad]
        if faults:
            raise ModelMismatch(f"{where}: {'; '.join(faults)}")

    def _faults(self) -> list[tuple[bool, str]]:
        unknown = sorted(
            (set(self.thresholds) | {x for d in self.denials.values() for x in d.labels}) - set(self.labels)
        )
        codes = {code.value for code in ConditionCode} - {code.value for code in _UNTOUCHABLE}
        leads = () if isinstance(self.leads, str) else self.leads
        return [
            (self.format != FORMAT, f"format {self.format}, this version reads {FORMAT}"),
            (not self.name or not self.version, "no name or version"),
            (self.fs_hz != ENCODER_FS_HZ, f"fs {self.fs_hz:g} Hz, the encoder input has {ENCODER_FS_HZ}"),
            (
                self.window_s != ENCODER_WINDOW_S,
                f"window {self.window_s:g} s, the encoder input has {ENCODER_WINDOW_S:g}",
            ),
            (isinstance(self.leads, str) and self.leads != "any", f"leads {self.leads!r}: a list, or 'any'"),
            (
                not set(leads) <= set(STANDARD_LEADS),
                f"leads {sorted(set(leads) - set(STANDARD_LEADS))} are not standard",
            ),
            (self.max_leads < 1, f"max_leads {self.max_leads}"),
            (not self.labels or len(set(self.labels)) != len(self.labels), "labels are missing or not unique"),
            (bool(unknown), f"thresholds or denials for {unknown}, which are no labels"),
            (not all(0 <= x <= 1 for x in self.thresholds.values()), "a threshold is not in [0, 1]"),
            (
                not set(self.denials) <= codes,
                f"denials for {sorted(set(self.denials) - codes)}, which no model may deny",
            ),
            ("model.onnx" not in self.files, "no checksum of model.onnx"),
        ]

    @property
    def model_id(self) -> str:
        """Name, version and the first 12 digits of the model's checksum: what screenings carry."""
        return f"{self.name}/{self.version}/{self.files['model.onnx'][:12]}"

    @property
    def denies_lethal(self) -> frozenset[ConditionCode]:
        """The lethal codes the model may speak against, for reports."""
        return frozenset(code for code in LETHAL if code.value in self.denials)

    def check_files(self, contents: Mapping[str, bytes]) -> None:
        """Compares files with their checksums.

        Raises:
            ModelMismatch: A file is missing or not the one the manifest was made for.
        """
        for name, wanted in self.files.items():
            if name not in contents:
                raise ModelMismatch(f"{self.name} {self.version}: file {name} is missing")
            found = hashlib.sha256(contents[name]).hexdigest()
            if found != wanted:
                raise ModelMismatch(
                    f"{self.name} {self.version}: {name} has SHA-256 {found}, the manifest says {wanted}"
                )

    def signed_bytes(self) -> bytes:
        """What a signature is over: the manifest without it, as canonical JSON."""
        fields = asdict(self) | {"signature": ""}
        return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()

    def to_json(self) -> str:
        """The manifest as a file's text."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Manifest:
        """The manifest in a file's text.

        Raises:
            ModelMismatch: It is not JSON, has a field too many or too few, or says what cannot be.
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            fields["denials"] = {
                code: Denial(tuple(d["labels"]), float(d["below"])) for code, d in fields.get("denials", {}).items()
            }
            for name in ("labels", "records"):
                fields[name] = tuple(fields[name])
            if not isinstance(fields["leads"], str):
                fields["leads"] = tuple(fields["leads"])
            return cls(**fields)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            wanted = ", ".join(get_type_hints(cls))
            raise ModelMismatch(f"manifest cannot be read: {error!r}; wanted are {wanted}") from error
