"""The command's options and the settings are the same list."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from cloud.__main__ import main
from cloud.server import make_backend
from cloud.settings import Settings


def test_every_setting_is_an_option_with_its_help() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output
    for name, field in Settings.model_fields.items():
        assert f"--{name.replace('_', '-')}" in shown
        assert field.description


def test_an_unknown_backend_is_a_clear_error() -> None:
    result = CliRunner().invoke(main, ["--backend", "oracle", "--listen", "127.0.0.1:0"])
    assert result.exit_code == 1
    assert "backend 'oracle' is not known" in result.output


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIL_CLOUD_WORKERS", "3")
    assert Settings().workers == 3
    assert make_backend("protocol").model.backend == "protocol"
