"""Makes the demo's real recording: MIT-BIH 208, lead MLII, 19:35 to 24:35, out of a SciPy wheel, as a WFDB record.

Run: `python deploy/demo/make_mitdb208.py [WHEEL] [OUT]`. Without WHEEL it downloads the wheel with pip. PROVENANCE.md
in the record's folder tells where the numbers come from. Must not be imported by services.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import wfdb

SCIPY = "scipy==1.11.4"
MEMBER = "scipy/misc/ecg.dat"
#: SHA-256 of MEMBER, as SciPy itself lists it in scipy/datasets/_registry.py.
MEMBER_SHA256 = "f20ad3365fb9b7f845d0e5c48b6fe67081377ee466c3a220b7f69f35c8958baf"
FS_HZ = 360
GAIN_ADU_PER_MV = 200
BASELINE_ADU = 1024
OUT = Path(__file__).parent / "mitdb208"


def download_wheel(folder: Path) -> Path:
    """The wheel of SCIPY for this platform, fetched by pip into folder."""
    options = ["--no-deps", "--only-binary=:all:", "--python-version=3.11", "--dest", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, SCIPY], check=True)
    return next(folder.glob("scipy-*.whl"))


def excerpt(wheel: Path) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The ADC values in the wheel, (108000,); refused where the file is not the one SciPy lists."""
    octets = zipfile.ZipFile(wheel).read(MEMBER)
    found = hashlib.sha256(octets).hexdigest()
    if found != MEMBER_SHA256:
        raise SystemExit(f"{MEMBER} in {wheel.name} has SHA-256 {found}, {MEMBER_SHA256} wanted")
    # SciPy: ecg.dat is an .npz with one array of ADC values; mV = (ecg - 1024) / 200.
    with np.load(io.BytesIO(octets)) as archive:
        return np.asarray(archive["ecg"], dtype=np.int64)


def write(adu: np.ndarray[tuple[int], np.dtype[np.int64]], out: Path) -> None:
    """Writes the WFDB record 208 in format 212, the format and ADC settings of the original."""
    out.mkdir(parents=True, exist_ok=True)
    wfdb.wrsamp(
        "208",
        fs=FS_HZ,
        units=["mV"],
        sig_name=["MLII"],
        d_signal=adu[:, None],
        fmt=["212"],
        adc_gain=[GAIN_ADU_PER_MV],
        baseline=[BASELINE_ADU],
        comments=["MIT-BIH Arrhythmia Database 208, lead MLII, 19:35 to 24:35. See PROVENANCE.md."],
        write_dir=str(out),
    )


def main() -> None:
    """Makes the record from the wheel given, or from one downloaded now."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(sys.argv[1]) if len(sys.argv) > 1 else download_wheel(Path(folder))
        write(excerpt(wheel), Path(sys.argv[2]) if len(sys.argv) > 2 else OUT)


if __name__ == "__main__":
    main()
