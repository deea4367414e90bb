"""Headless Chromium by Debian's own driver, started one way for every test and picture."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
#: Why no browser can be started here; empty where one can.
MISSING = "" if CHROMIUM and DRIVER else "chromium and chromedriver are not installed"
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def start_chromium(profile: Path, size: str = "1600,1000") -> Any:
    """A selenium driver on a fresh profile folder; the caller quits it. size: "width,height" in px."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in (*_FLAGS, f"--window-size={size}", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
