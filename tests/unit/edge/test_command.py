"""`vigil edge`: its options, its help and its errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.__main__ import main
from edge.settings import Settings


def test_every_setting_is_an_option_and_every_option_a_setting() -> None:
    options = {parameter.name for parameter in main.params}
    assert options == set(Settings.model_fields)


def test_the_help_tells_how_to_say_which_beds() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output
    for word in ("vt+vf+asystole:60:20", "vf>asystole:45:15", "12lead", "record:PATH", "normal*20"):
        assert word in shown


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--beds", "normal,polka"], "polka"),
        (["--beds", "record:/nowhere/7"], "/nowhere/7.hea is missing"),
        (["--wfdb", "/nowhere"], "no WFDB header (*.hea) below /nowhere"),
    ],
)
def test_what_cannot_be_run_is_said(tmp_path: Path, options: list[str], named: str) -> None:
    result = CliRunner().invoke(main, ["--spool", str(tmp_path / "s.spool"), *options])
    assert result.exit_code == 1
    assert named in result.output


def test_each_agent_has_a_spool_of_its_own() -> None:
    assert Settings(agent_id="ward-b").spool_path == Path(".vigil/ward-b.spool")
    assert Settings(spool=Path("x.spool")).spool_path == Path("x.spool")
