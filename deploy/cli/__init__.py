"""The `vigil` command: one group whose subcommands are imported only when they are called.

This is the composition root: it may import every part, nothing imports it.
"""

from __future__ import annotations

import importlib
from typing import Any

import click

from ecg.errors import VigilError

#: name -> (module, attribute, one line for the list). The line stands here so that --help imports nothing.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "up": ("deploy.cli.up", "up", "Start the local stack: broker, database, all services, live beds and the page."),
    "doctor": ("deploy.cli.doctor", "doctor", "Check every part and say what is wrong in plain words."),
    "analyze": (
        "deploy.cli.analyze",
        "analyze",
        "Quality, beats, rhythm, measurements and interpretation of a record.",
    ),
    "annotate": (
        "deploy.cli.annotate",
        "annotate",
        "Write WFDB annotations of a record as the causal kernel finds them.",
    ),
    "alarms": ("deploy.cli.alarms", "alarms", "Every alarm a bed would raise on a record, as JSON lines."),
    "score": (
        "deploy.cli.score",
        "score",
        "Compare annotations by ANSI/AAMI EC57: bxb, rxr, epicmp, mxm, nst, sumstats.",
    ),
    "evaluate": ("deploy.cli.evaluate", "evaluate", "Print the figures of a task on a folder of recordings."),
    "edge": ("edge.__main__", "main", "Edge agent: devices in, segments and local alarms out."),
    "stream": ("stream.__main__", "main", "Stream worker: windows, rules, screening, alarm life cycle, escalation."),
    "recorder": ("stream.recorder.__main__", "main", "Recorder: everything into PostgreSQL or TimescaleDB."),
    "cloud": ("cloud.__main__", "main", "Reasoner: interpretations with checked claims, over gRPC."),
    "console": ("cloud.console.__main__", "main", "The nurses' web page and its API."),
    "db": ("deploy.cli.db", "db", "Migrate the database; print the loss ledger."),
    "topics": ("deploy.cli.topics", "topics", "Create the Kafka topics."),
}


class LazyGroup(click.Group):
    """A group that imports a subcommand's module when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None where there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Runs the subcommand; Vigil's own errors become one clear line and exit status 1."""
        try:
            return super().invoke(ctx)
        except VigilError as error:
            raise click.ClickException(str(error)) from error
        except ValueError as error:
            from pydantic import ValidationError  # settings; --help need not wait for the import

            if not isinstance(error, ValidationError):
                raise
            raise click.ClickException("; ".join(_in_words(one) for one in error.errors())) from error
        except OSError as error:
            if error.filename is None:  # a fault of ours keeps its traceback
                raise
            raise click.ClickException(f"{error.filename}: {error.strerror}") from error


def _in_words(error: Any) -> str:
    """One refused setting: its name as the option has it, what is wrong, and what was given."""
    option = "-".join(str(part) for part in error["loc"]).replace("_", "-")
    return f"--{option}: {error['msg']}, not {error['input']!r}"


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="vigil-ecg", prog_name="vigil")
def main() -> None:
    """Vigil: ECG monitoring from the bedside to the cloud.

    Research software and a secondary display: never the sole source of alarms.

    `vigil up` starts everything on this machine; `vigil COMMAND --help` explains each part.
    """


if __name__ == "__main__":
    main()
