"""`vigil` on recordings: whatever is wrong with the input is one line that names it, never a traceback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploy.cli import COMMANDS, main
from deploy.cli.up import MOST_BEDS, check_beds, left_out
from deploy.stack.plan import DEMO_RECORD

GOOD = str(DEMO_RECORD)


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A folder with records that are broken in one way each."""
    for name in ("lost", "cut"):
        text = DEMO_RECORD.with_suffix(".hea").read_text()
        (tmp_path / f"{name}.hea").write_text(text.replace("208", name))
    (tmp_path / "cut.dat").write_bytes(DEMO_RECORD.with_suffix(".dat").read_bytes()[:5000])
    (tmp_path / "garbage.hea").write_text("garbage\n")
    (tmp_path / "blank.hea").write_text("")
    (tmp_path / "absurd.hea").write_text("absurd 1 1000000 100\nabsurd.dat 16 200 16 0 0 0 0 II\n")
    (tmp_path / "absurd.dat").write_bytes(bytes(200))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), prog_name="vigil")


def told(result: Result) -> str:
    """What was said, where it was said as an error of the user's and not as a fault of ours."""
    assert result.exit_code in (1, 2) and isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.output


@pytest.mark.parametrize("command", ["analyze", "alarms", "annotate"])
@pytest.mark.parametrize(
    ("record", "says"),
    [
        ("absent", ["absent.hea"]),
        ("lost", ["lost.dat is missing"]),
        ("cut", ["cut.dat: 5000 bytes", "truncated"]),
        ("garbage", ["garbage.hea"]),
        ("blank", ["blank.hea"]),
        ("absurd", ["absurd", "fs 1000000.0 Hz"]),
    ],
)
def test_a_broken_record_is_named(command: str, record: str, says: list[str], records: Path) -> None:
    out = ("--out", str(records / "out")) if command == "annotate" else ()
    output = told(run(command, str(records / record), *out))
    assert all(part in output for part in says), output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("analyze", GOOD, "--from", "400"), "has 300.0 s"),
        (("analyze", GOOD, "--from", "-5"), "-5 s"),
        (("analyze", GOOD, "--from", "nan"), "nan s"),
        (("analyze", GOOD, "--from", "3", "--to", "2"), "3 s to 2 s"),
        (("analyze", GOOD, "--leads", "7"), "1 ECG leads"),
        (("analyze", GOOD, "--leads", "V9"), "no lead V9; it has MLII"),
        (("analyze", GOOD, "--from", "20", "--to", "22", "--png", "/nowhere/a.png"), "/nowhere/a.png"),
        (("annotate", GOOD, "-a", ""), "-a ''"),
        (("annotate", GOOD, "-a", "a/b"), "-a 'a/b'"),
        (("evaluate", "beats", "--data", "{empty}"), "no record there"),
        (("evaluate", "beats", "--data", "{empty}", "--split", "DS9"), "DS9"),
        (("score", "bxb", "-r", "nosuch", "-a", "atr", "qrs"), "nosuch.atr"),
        (("up", "--wfdb", "{empty}/nosuch"), "nosuch"),
        (("up", "--beds", "normal", "--wfdb", "{empty}"), "choose one"),
        (("up", "--records", "100"), "--records needs --wfdb"),
        (("up", "--wfdb", "{empty}"), "no WFDB header (*.hea) below"),
        (("up", "--beds", "normal,nosuch:1"), "no rhythm 'nosuch'"),
        (("up", "--brokers", "127.0.0.1:1", "--state", "{empty}/s"), "Kafka at 127.0.0.1:1 does not answer"),
        (("up", "--brokers", "kafka", "--state", "{empty}/s"), "host:port"),
        (
            ("up", "--dsn", "postgresql://127.0.0.1:1/x", "--state", "{empty}/s"),
            "the database of --dsn does not answer: is its address right",
        ),
        (("up", "--speed", "0"), "0.0 is not in the range"),
        (("edge", "--speed", "0"), "--speed: Input should be greater than 0, not 0.0"),
        (("edge", "--count", "-1", "--max-spool-mb", "-1"), "--max-spool-mb: Input should be greater than 0, not -1.0"),
        (("stream", "--hop-s", "11"), "--hop-s: Input should be less than or equal to 10, not 11.0"),
        (("stream", "--brokers", "127.0.0.1:1"), "Kafka at 127.0.0.1:1 does not answer"),
        (("recorder", "--metrics-port", "99999"), "--metrics-port: "),
        (("cloud", "--metrics-port", "-1"), "--metrics-port: "),
        (("console", "--port", "99999"), "--port: "),
        (("console", "--tls-ca", "ca.pem"), "tls_certificate, tls_key not given"),
    ],
)
def test_a_wrong_option_is_named(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    if arguments[0] == "evaluate" and "--split" in arguments:
        (tmp_path / "mitdb").mkdir()
        for suffix in (".hea", ".dat"):
            shutil.copy(DEMO_RECORD.with_suffix(suffix), tmp_path / "mitdb")
        (tmp_path / "mitdb" / "208.atr").write_bytes(bytes(2))
    assert says in told(run(*(part.replace("{empty}", str(tmp_path)) for part in arguments)))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0 and len(result.output.splitlines()) > 5


def test_a_folder_without_a_usable_record_is_refused_before_anything_starts(records: Path) -> None:
    output = told(run("up", "--wfdb", str(records), "--state", str(records / "state")))
    assert "left out: " in output and "cut.dat" in output and not (records / "state").exists()


def test_a_large_folder_is_played_in_part_unless_a_number_is_given(tmp_path: Path) -> None:
    text = DEMO_RECORD.with_suffix(".hea").read_text()
    for number in range(MOST_BEDS + 2):
        (tmp_path / f"r{number:02d}.hea").write_text(text.replace("208", f"r{number:02d}"))
        (tmp_path / f"r{number:02d}.dat").symlink_to(DEMO_RECORD.with_suffix(".dat"))
    said: list[str] = []
    assert check_beds(None, tmp_path, None, None, said.append) == MOST_BEDS
    assert said == [
        f"{MOST_BEDS + 2} records in {tmp_path}: the first {MOST_BEDS} are played. --count or --records choose others."
    ]
    assert check_beds(None, tmp_path, None, 60, said.append) == 60
    assert check_beds(None, tmp_path, "r01,r02", None, said.append) is None and len(said) == 1


def test_what_the_agent_left_out_is_told_once_each(tmp_path: Path) -> None:
    log = tmp_path / "edge.log"
    entry = '{"reason": "record cut: truncated?", "event": "bed_left_out", "level": "error"}\n'
    log.write_text("Traceback of something else\n" + entry + '{"event": "agent_started"}\n' + entry)
    assert left_out(log) == ["record cut: truncated?"]
