"""`make bench`: every benchmark in one run, written to docs/benchmarks.md as it was printed."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[2]


def _machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}"


def _run(title: str, command: list[str], env: dict[str, str] | None = None) -> str:
    click.echo(f"== {title}", err=True)
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"COLUMNS": "110"} | (env or {})
    )
    out = done.stdout if done.returncode == 0 else f"failed ({done.returncode})\n{done.stdout}{done.stderr[-2000:]}"
    click.echo(out)
    shown = " ".join(["python", *command[1:]])
    return f"## {title}\n\n`{shown}`\n\n```\n{out.rstrip()}\n```\n"


@click.command()
@click.option("--beds", default="500,1000,2000", show_default=True, help="Loads to try, in beds.")
@click.option("--seconds", default=60.0, show_default=True, help="Measured stretch of each.")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "benchmarks.md", show_default=True)
def main(beds: str, seconds: float, out: Path) -> None:
    """Beds in real time, latency, CPU of every part, and the stages beside their peers. Takes some minutes.

    VIGIL_TORCH_PYTHON may name a Python that has the extra `training`, for PyTorch beside ONNX Runtime.
    """
    python = sys.executable
    torch_python = os.environ.get("VIGIL_TORCH_PYTHON", python)
    load = [python, "-m", "tests.benchmarks.load", "--seconds", str(seconds)]
    for n in beds.split(","):
        load += ["--beds", n]
    parts = [
        _run("Beds in real time, latency and CPU by part", load),
        _run("Kernel stages beside NeuroKit2, wfdb and sleepecg", [python, "-m", "tests.benchmarks.bench_kernel"]),
        _run("Encoder: ONNX Runtime beside PyTorch eager", [torch_python, "-m", "tests.benchmarks.bench_encoder"],
             {"PYTHONPATH": f"{ROOT}:{ROOT / 'proto'}"}),
        _run("EC57 scorer", [python, "-m", "tests.benchmarks.bench_ec57"]),
    ]  # fmt: skip
    head = f"# Benchmarks\n\nPrinted by `make bench` on {_machine()}; every figure is from this one run.\n\n"
    out.write_text(head + "\n".join(parts))
    click.echo(f"written to {out}", err=True)


if __name__ == "__main__":
    main()
