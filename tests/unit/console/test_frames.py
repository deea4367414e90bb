"""Strip frames: what is packed is what is read, here and in the page's own reader."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.console.frames import HISTORY, pack_frame, pack_strip, read_frame, tile_rows
from ecg.errors import InvalidSignal
from ecg.segments import Lead, LeadState, Segment

JS = Path(__file__).parents[3] / "cloud" / "console" / "web" / "js"
NAMES = ("I", "II", "III", "aVR", "V1", "MLII", "Précordial")


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    """Any segment a bed may send."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    n = draw(st.integers(1, 40))
    adu = draw(st.lists(st.integers(-32768, 32767), min_size=n * len(names), max_size=n * len(names)))
    leads = tuple(Lead(name, 200.0, draw(st.integers(-2048, 2048)), draw(st.sampled_from(LeadState))) for name in names)
    first = draw(st.integers(0, 2**50))
    return Segment(
        "bed", draw(st.integers(0, 2**32 - 1)), 3, first, 250.0, 10**18, leads, np.array(adu, np.int16).reshape(-1, n)
    )


@given(st.lists(segments(), max_size=4))
def test_a_frame_reads_back_as_it_was_packed(sent: list[Segment]) -> None:
    frame = pack_frame([pack_strip(s, handle, HISTORY) for handle, s in enumerate(sent)])
    got = list(read_frame(frame))
    assert len(frame) % 8 == 0
    assert [s.handle for s in got] == list(range(len(sent)))
    for segment, strip in zip(sent, got, strict=True):
        assert strip.first_sample == segment.first_sample
        assert strip.epoch == segment.epoch
        assert strip.leads == segment.leads
        assert strip.flags == HISTORY
        np.testing.assert_array_equal(strip.samples, segment.samples)


def test_a_small_tile_gets_lead_ii_first() -> None:
    leads = tuple(Lead(name) for name in ("I", "III", "V1", "II"))
    assert tile_rows(leads, 1) == (3,)
    assert tile_rows(leads, 2) == (3, 2)
    assert tile_rows((Lead("X"), Lead("Y")), 5) == (0, 1)


@pytest.mark.parametrize("cut", [0, 1, 7, 30, 60, 100])
def test_a_frame_cut_short_is_refused(cut: int) -> None:
    segment = Segment("bed", 1, 0, 0, 250.0, 0, (Lead("II"),), np.ones((1, 50), np.int16))
    with pytest.raises(InvalidSignal, match="frame"):
        list(read_frame(pack_frame([pack_strip(segment, 0)])[:cut]))


def test_the_page_reads_the_same_frame(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the page's own reader cannot be run")
    samples = np.array([[1, -2, 3], [-32768, 5, 32767]], np.int16)
    leads = (Lead("II", 200.0, 0), Lead("Précordial", 100.5, -7, LeadState.OFF))
    segment = Segment("bed", 4_000_000_000, 9, 2**40 + 1, 360.0, 1_700_000_000_123_000_000, leads, samples)
    (tmp_path / "frame").write_bytes(pack_frame([pack_strip(segment, 65_000, HISTORY), pack_strip(segment, 1, 0, [1])]))
    script = f"""
        import {{ readFileSync }} from 'node:fs';
        import {{ readFrame }} from {json.dumps((JS / "frames.js").as_uri())};
        const file = readFileSync({json.dumps(str(tmp_path / "frame"))});
        const strips = readFrame(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
        console.log(JSON.stringify(strips.map((s) => ({{ ...s, leads: s.leads.map(
            (l) => ({{ ...l, samples: [...l.samples] }})) }}))));
    """
    (tmp_path / "read.mjs").write_text(script)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    out = subprocess.run([node, str(tmp_path / "read.mjs")], capture_output=True, text=True, check=True).stdout
    first, second = json.loads(out)
    assert first["handle"] == 65_000
    assert first["history"] is True
    assert first["epoch"] == 4_000_000_000
    assert first["firstSample"] == 2**40 + 1
    assert first["fsHz"] == 360.0
    assert first["startTimeMs"] == pytest.approx(1_700_000_000_123.0)
    assert [lead["name"] for lead in first["leads"]] == ["II", "Précordial"]
    assert first["leads"][1] == {
        "name": "Précordial", "gain": 100.5, "baseline": -7, "connected": False, "samples": [-32768, 5, 32767]
    }  # fmt: skip
    assert [lead["samples"] for lead in second["leads"]] == [[-32768, 5, 32767]]
