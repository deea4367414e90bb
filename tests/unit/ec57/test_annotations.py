"""The Annotations type, and WFDB annotation files there and back."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.annotations import SYMBOL_OF_CODE, Annotations
from ecg.errors import InvalidSignal
from edge.wfdb_files import read_annotations, record_length, write_annotations

SYMBOLS = SYMBOL_OF_CODE.replace(" ", "")


def test_symbols_are_those_of_wfdb_python() -> None:
    theirs = {label.label_store: label.symbol for label in wfdb.io.annotation.ann_labels}
    assert {code: SYMBOL_OF_CODE[code] for code in theirs} == theirs


def test_annotations_are_sorted_and_read_only() -> None:
    made = Annotations.of([300, 100, 200], ["V", "N", "+"], 360, aux_note=["", "", "(AFIB"])
    assert made.sample.tolist() == [100, 200, 300]
    assert made.aux_note == ("", "(AFIB", "")
    assert made.beats().symbol.tolist() == ["N", "V"]
    assert made.rhythms().aux_note == ("(AFIB",)
    with pytest.raises(ValueError, match="read-only"):
        made.sample[0] = 1


@pytest.mark.parametrize(
    ("sample", "symbol", "fs"),
    [([1, 2], ["N"], 360.0), ([1], ["NN"], 360.0), ([1], ["ü"], 360.0), ([1], ["N"], 0.0), ([1], ["N"], float("nan"))],
)
def test_impossible_annotations_are_refused(sample: list[int], symbol: list[str], fs: float) -> None:
    with pytest.raises(InvalidSignal):
        Annotations.of(sample, symbol, fs)


def test_another_rate_rounds_half_up() -> None:
    assert Annotations.of([1, 2, 3], "N", 2, n_samples=5).at_rate(3).sample.tolist() == [2, 3, 5]


annotations = st.lists(
    st.tuples(
        st.integers(0, 2**31 - 1),
        st.sampled_from(SYMBOLS),
        st.integers(-128, 127),
        st.integers(0, 255),
        st.integers(-128, 127),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
    ),
    max_size=20,
)


@settings(max_examples=60, deadline=None)
@given(annotations)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple]) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    columns = list(zip(*rows, strict=True)) or [()] * 6
    made = Annotations.of(
        columns[0], list(columns[1]), 257.5, subtype=columns[2], chan=columns[3], num=columns[4], aux_note=columns[5]
    )
    record = tmp_path_factory.mktemp("there") / "r"
    write_annotations(record, "tst", made)
    back = read_annotations(record, "tst")
    assert back.fs == 257.5
    for name in ("sample", "symbol", "subtype", "chan", "num"):
        np.testing.assert_array_equal(getattr(back, name), getattr(made, name), err_msg=name)
    assert back.aux_note == made.aux_note


def test_wfdb_python_reads_what_we_write(tmp_path: Path) -> None:
    made = Annotations.of([18, 5000, 70_000], ["+", "V", "~"], 360, aux_note=["(AFIB", "", ""], subtype=[0, 0, 0x30])
    write_annotations(tmp_path / "r", "tst", made)
    theirs = wfdb.rdann(str(tmp_path / "r"), "tst")
    assert (theirs.fs, theirs.sample.tolist(), theirs.symbol) == (360, [18, 5000, 70_000], ["+", "V", "~"])
    assert theirs.aux_note == ["(AFIB", "", ""]
    assert theirs.subtype.tolist() == [0, 0, 0x30]


def test_annotations_are_moved_to_the_record_of_their_header(tmp_path: Path) -> None:
    (tmp_path / "r.hea").write_text("# a comment first\nr/2 2 500/250(0) 10000 12:00:00\n")
    write_annotations(tmp_path / "r", "tst", Annotations.of([100], "N", 250))
    back = read_annotations(tmp_path / "r", "tst")
    assert (back.fs, back.sample.tolist(), back.n_samples) == (500.0, [200], 10_000)


def test_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSignal, match=r"cannot read annotations .*none\.atr"):
        read_annotations(tmp_path / "none", "atr")
    (tmp_path / "r.atr").write_bytes(b"\x00\xec\x01")  # a long step without its length
    with pytest.raises(InvalidSignal, match="cut short"):
        read_annotations(tmp_path / "r", "atr")
    with pytest.raises(InvalidSignal, match="cannot read header"):
        record_length(tmp_path / "r")
    (tmp_path / "r.hea").write_text("r two leads\n")
    with pytest.raises(InvalidSignal, match="no valid record line"):
        record_length(tmp_path / "r")


def test_unwritable_annotations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSignal, match="300 bytes"):
        write_annotations(tmp_path / "r", "tst", Annotations.of([1], '"', 360, aux_note=["x" * 300]))


@pytest.mark.parametrize("kept", [0, 1, 5, -1, -2, -3])
def test_a_file_that_does_not_end_is_refused(kept: int, tmp_path: Path) -> None:
    whole = write_annotations(tmp_path / "r", "atr", Annotations.of([400, 800], "N", 360.0)).read_bytes()
    (tmp_path / "r.cut").write_bytes(whole[:kept])
    with pytest.raises(InvalidSignal, match=r"r\.cut are cut short"):
        read_annotations(tmp_path / "r", "cut")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_annotations_or_refused(octets: bytes) -> None:
    with TemporaryDirectory() as folder:
        Path(folder, "r.any").write_bytes(octets)
        try:
            made = read_annotations(Path(folder, "r"), "any")
        except InvalidSignal as refused:
            assert "r.any" in str(refused)
            return
        assert made.code.size == made.sample.size == len(made.aux_note) and (made.code > 0).all()
