"""Takes the README's pictures from a running stack: `python -m tests.browser.picture --url http://127.0.0.1:8000`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click
from selenium.webdriver.common.by import By

from tests.browser.chromium import start_chromium


@click.command()
@click.option("--url", default="http://127.0.0.1:8000", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/pictures"), show_default=True)
@click.option("--settle", "settle_s", default=14.0, show_default=True, help="Seconds for the strips to fill.")
def main(url: str, out: Path, settle_s: float) -> None:
    """Writes console.png (the ward) and, where an alarm stands, alarm.png (its sheet with the explanation)."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = start_chromium(Path(profile), "1600,1060")
        try:
            driver.get(url)
            time.sleep(settle_s)
            driver.save_screenshot(str(out / "console.png"))
            items = driver.find_elements(By.CSS_SELECTOR, "#alarms-patient .item-main")
            if items:
                items[0].click()  # the most urgent: the ones that are explained
                time.sleep(4)
                driver.save_screenshot(str(out / "alarm.png"))
        finally:
            driver.quit()
    click.echo(f"pictures in {out}")


if __name__ == "__main__":
    main()
