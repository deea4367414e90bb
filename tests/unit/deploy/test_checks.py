"""The message check: what older readers would not survive is found, committed or not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.checks import ROOT, baseline, breaking

_FIRST = 'syntax = "proto3";\npackage vigil.v1;\nmessage Beat {\n  string label = 1;\n  int64 sample = 2;\n}\n'
_REMOVED = _FIRST.replace("  int64 sample = 2;\n", "")
_ADDED = _FIRST.replace("}", "  double rate_bpm = 3;\n}")


class Checkout:
    """A git checkout of its own with one message."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.proto = folder / "proto/vigil/v1/beat.proto"
        self.proto.parent.mkdir(parents=True)
        shutil.copy(ROOT / "proto/buf.yaml", folder / "proto")
        self.git("init", "-q")
        self.first = self.commit(_FIRST)

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *who, *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, text: str, other: str = "") -> str:
        self.proto.write_text(text)
        (self.root / "other.txt").write_text(other)
        self.git("add", ".")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    if not shutil.which("buf", path=str(Path(sys.executable).parent)):
        pytest.skip("buf is not installed beside Python")
    return Checkout(tmp_path)


def test_the_first_version_breaks_nothing(checkout: Checkout) -> None:
    assert baseline(checkout.root) == "" and breaking(checkout.root) == []


def test_a_removed_field_is_found_before_it_is_committed(checkout: Checkout) -> None:
    checkout.proto.write_text(_REMOVED)
    assert baseline(checkout.root) == checkout.first
    found = breaking(checkout.root)
    assert found and all('"2"' in line and '"sample"' in line and checkout.first[:9] in line for line in found)


def test_a_removed_field_is_found_after_it_was_committed_and_others_came(checkout: Checkout) -> None:
    checkout.commit(_REMOVED)
    checkout.commit(_REMOVED, other="no message changed")
    assert baseline(checkout.root) == checkout.first
    assert any("sample" in line for line in breaking(checkout.root))


def test_a_new_field_breaks_nothing(checkout: Checkout) -> None:
    checkout.commit(_ADDED)
    assert baseline(checkout.root) == checkout.first and breaking(checkout.root) == []


def test_a_file_that_goes_is_found(checkout: Checkout) -> None:
    checkout.proto.with_name("vitals.proto").write_text(_FIRST.replace("Beat", "Vitals"))
    checkout.commit(_FIRST)
    checkout.proto.unlink()
    assert any("beat.proto" in line or "Beat" in line for line in breaking(checkout.root))
