"""`vigil score nst`: reads the ECG and the noise, writes the noisy record. The recipe is `ecg/ec57/noise.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from ecg.ec57.noise import add_noise, mix, protocol_of
from ecg.errors import InvalidSignal
from edge.wfdb_files import read_annotations, write_annotations


@click.command()
@click.option("-i", "inputs", nargs=2, required=True, metavar="ECG NOISE", help="Records to read ECG and noise from.")
@click.option("-o", "output", required=True, metavar="RECORD", help="Record to write.")
@click.option("-s", "snr_db", type=float, metavar="SNR", help="Signal-to-noise ratio of the noisy stretches, in dB.")
@click.option("-p", "protocol", metavar="ANNOTATOR", help="Gains and times from NOISE.ANNOTATOR instead of -s.")
@click.option("-a", "annotator", default="atr", show_default=True, help="Reference annotator of ECG; copied.")
@click.option("-F", "form", default="16", show_default=True, metavar="N", help="WFDB format of the output signals.")
def nst(
    inputs: tuple[str, str], output: str, snr_db: float | None, protocol: str | None, annotator: str, form: str
) -> None:
    """Noise stress test: add recorded noise to an ECG at a chosen signal-to-noise ratio.

    The first 5 minutes stay clean; then 2 minutes with noise and 2 without follow one another to the end.
    """
    if (snr_db is None) == (protocol is None):
        raise click.UsageError("give either -s SNR or -p ANNOTATOR")
    if snr_db is not None and not np.isfinite(snr_db):
        raise click.UsageError(f"-s {snr_db}: a signal-to-noise ratio is a number of dB")
    ecg, noise = (_record(name) for name in inputs)
    if not 0.9 * ecg.fs <= noise.fs <= 1.1 * ecg.fs:
        raise InvalidSignal(f"noise at {noise.fs} Hz does not fit an ECG at {ecg.fs} Hz; resample it first")
    reference = read_annotations(inputs[0], annotator)
    zero = np.array(ecg.adc_zero)
    if snr_db is not None:
        adu = add_noise(ecg.d_signal, noise.d_signal, reference, snr_db, adc_zero=zero).adu
        how = f"(SNR = {snr_db:g} dB)"
    else:
        steps = protocol_of(read_annotations(inputs[1], str(protocol)), ecg.d_signal.shape[1])
        adu = mix(ecg.d_signal, noise.d_signal, steps, adc_zero=zero)
        how = f"using protocol {protocol}"
    path = Path(output)
    _write(path, ecg, adu, form, f"Created by `nst' from records {_name(inputs[0])} and {_name(inputs[1])} {how}")
    click.echo(f"wrote {write_annotations(path, annotator, reference).with_suffix('.dat')}", err=True)


def _name(record: str) -> str:
    return Path(record).name


def _record(name: str) -> Any:
    """Digital signals of a record (`wfdb.Record`)."""
    import wfdb  # here, for it takes a quarter of a second that the other commands need not wait

    try:
        return wfdb.rdrecord(name, physical=False)
    except Exception as error:  # wfdb lets through whatever parsing raises; any of it means the record is unusable
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        raise InvalidSignal(f"cannot read record {name}: {said}") from error


def _write(path: Path, ecg: Any, adu: np.ndarray[Any, np.dtype[np.int32]], form: str, comment: str) -> None:
    import wfdb

    # The ADC zero is off the samples but the baseline stays as it was, so that millivolts read from the header are
    # off by adc_zero / gain. The nstdb headers are so, and detectors that filter out the baseline do not mind.
    try:
        wfdb.wrsamp(
            path.name,
            fs=ecg.fs,
            units=ecg.units,
            sig_name=ecg.sig_name,
            d_signal=adu.astype(np.int64),
            fmt=[form] * adu.shape[1],
            adc_gain=ecg.adc_gain,
            baseline=ecg.baseline,
            comments=[comment],
            write_dir=str(path.parent),
        )
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise InvalidSignal(f"cannot write record {path} in format {form}: {error}") from error
