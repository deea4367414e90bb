"""The page of the scorer names every program, option and function it has: a new option without a line fails here."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

import ecg.ec57
from deploy.cli.score import score

PAGE = (Path(__file__).parents[3] / "docs" / "ec57.md").read_text(encoding="utf-8")
#: What the WFDB programs offer, by their manual pages (-h aside).
WFDB_OPTIONS = {
    "bxb": "-a -c -C -f -l -L -o -O -r -s -S -t -v -w",
    "rxr": "-a -c -C -f -l -L -r -s -S -t -v -w",
    "epicmp": "-a -A -f -i -I -l -L -r -S -S0 -S1 -t -V -x",
    "mxm": "-a -f -l -L -m -r -s -t -u",
    "nst": "-a -F -i -o -p -s",
    "sumstats": "",
}


def options(program: str) -> set[str]:
    return {text for param in score.commands[program].params if isinstance(param, click.Option) for text in param.opts}


@pytest.mark.parametrize("program", WFDB_OPTIONS)
def test_every_option_of_the_program_is_there_and_described(program: str) -> None:
    assert set(WFDB_OPTIONS[program].split()) <= options(program)
    rows = [row for row in PAGE.splitlines() if row.startswith("| `-")]
    for option in options(program):
        described = [row for row in rows if re.search(rf"`{re.escape(option)}[ `,]", row.split("|")[1])]
        named = {word for row in described for word in (*re.findall(r"\w+", row.split("|")[2]),)}
        assert program in named or "all" in named, f"{option} of {program} is not in the table of docs/ec57.md"


def test_programs_and_functions_are_named() -> None:
    assert set(score.commands) == set(WFDB_OPTIONS)
    for program in WFDB_OPTIONS:
        assert f"`vigil score {program}`" in PAGE
    for name in ecg.ec57.__all__:
        if name.startswith(("score_", "add_", "summarise")):
            assert name in PAGE, name
