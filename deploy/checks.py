"""`python -m deploy.checks`: what the linters do not see. Each check says what to do.

1. the checked-in stubs are what the .proto files give   2. messages stay compatible with the last committed ones (buf)
3. no registry host and no recording is committed        4. the README's tree is the tree on disk
"""

from __future__ import annotations

import filecmp
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# In two parts, so that this file does not find itself.
_HOSTS = re.compile(r"registry\.npm" + r"js|files\.python" + r"hosted|pypi\.o" + r"rg|repo1?\.maven")
_RECORDINGS = re.compile(r"\.(dat|atr|mat|edf|hea)$")
_SHIPPED = "deploy/demo/"


def _git(*arguments: str, root: Path = ROOT) -> str:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout


def stubs() -> list[str]:
    """Stubs that differ from what their .proto gives."""
    protos = sorted((ROOT / "proto").glob("vigil/v1/*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        names = [str(path.relative_to(ROOT / "proto")) for path in protos]
        base = [sys.executable, "-m", "grpc_tools.protoc", "-I."]
        outs = [
            [f"--python_out={folder}", f"--pyi_out={folder}", *names],
            [f"--grpc_python_out={folder}", "vigil/v1/reasoner.proto"],
        ]
        for out in outs:
            subprocess.run([*base, *out], cwd=ROOT / "proto", check=True)
        made = sorted(Path(folder).rglob("*_pb2*.py*"))
        return [
            f"{path.relative_to(folder)} differs from its .proto: run `make proto`"
            for path in made
            if not filecmp.cmp(path, ROOT / "proto" / path.relative_to(folder), shallow=False)
        ]


def baseline(root: Path = ROOT) -> str:
    """The commit whose messages the working tree's must stay compatible with; "" where there is none to compare.

    HEAD while a .proto differs from it, else the commit before the last one that changed a .proto.
    """
    protos = ("--", "proto/vigil/*.proto", "proto/vigil/**/*.proto")
    if _git("status", "--porcelain", *protos, root=root).strip():
        return _git("rev-parse", "HEAD", root=root).strip()
    changed = _git("log", "-1", "--format=%H", *protos, root=root).strip()
    return _git("log", "-1", "--format=%P", changed, root=root).partition(" ")[0].strip() if changed else ""


def breaking(root: Path = ROOT) -> list[str]:
    """Changes that older messages on a topic would not survive, against the baseline."""
    buf = shutil.which("buf", path=str(Path(sys.executable).parent))
    if buf is None:
        return ["buf is not installed beside Python, so messages were not compared: `make check` installs it"]
    commit = baseline(root)
    if not commit or not _git("ls-tree", commit, "proto/vigil", root=root):
        print("messages: no earlier version to compare with")
        return []
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", commit, "proto"], cwd=root, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        done = subprocess.run(
            [buf, "breaking", "--against", f"{folder}/proto"], cwd=root / "proto", capture_output=True, text=True
        )
    said = [f"breaking change since {commit[:9]}: {line}" for line in (done.stdout + done.stderr).splitlines()]
    return said if done.returncode else []


def committed_files() -> list[str]:
    """Registry hosts and recordings in tracked files."""
    found = []
    for name in _git("ls-files", "-z").split("\0"):
        path = ROOT / name
        if _RECORDINGS.search(name) and not name.startswith(_SHIPPED):
            found.append(f"{name}: recordings are not committed")
        if name and path.is_file() and path.stat().st_size < 2_000_000:
            text = path.read_bytes().decode(errors="ignore")
            if _HOSTS.search(text):
                found.append(f"{name}: names a registry host")
    return found


def readme_tree() -> list[str]:
    """Folders of the README's table that are not on disk, and top-level folders it does not name."""
    text = (ROOT / "README.md").read_text()
    named = set(re.findall(r"^\| `([a-z]+)/`", text, re.M))
    present = {name.split("/")[0] for name in _git("ls-files").split("\n") if "/" in name and not name.startswith(".")}
    return [f"README: folder {name}/ is not there" for name in sorted(named - present)] + [
        f"README: folder {name}/ is not in its table" for name in sorted(present - named)
    ]


def main() -> None:
    """Runs every check; exit status 1 where one found something."""
    checks: list[Callable[[], list[str]]] = [stubs, breaking, committed_files, readme_tree]
    found = [line for check in checks for line in check()]
    for line in found:
        print(line, file=sys.stderr)
    print(f"{len(checks)} checks, {len(found)} findings")
    raise SystemExit(bool(found))


if __name__ == "__main__":
    main()
