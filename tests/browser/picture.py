"""Takes the README's pictures from a running stack: `python -m tests.browser.picture --url http://127.0.0.1:8000`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click

from tests.browser.chromium import start_chromium

#: Opens the alarm of a name, else the most urgent; in the page itself, for the list may be drawn anew at any time.
_OPEN = """
const items = [...document.querySelectorAll('#alarms-patient .item-main')];
const item = items.find((one) => one.innerText.includes(arguments[0])) ?? items[0];
item?.click();
return item !== undefined;
"""


@click.command()
@click.option("--url", default="http://127.0.0.1:8000", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/pictures"), show_default=True)
@click.option("--settle", "settle_s", default=14.0, show_default=True, help="Seconds for the strips to fill.")
@click.option(
    "--alarm", default="Ventricular fibrillation", show_default=True, help="Alarm to open; else the most urgent."
)
def main(url: str, out: Path, settle_s: float, alarm: str) -> None:
    """Writes console.png (the ward), where an alarm stands alarm.png (its sheet, explained), and burden.png."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = start_chromium(Path(profile), "1600,1060")
        try:
            driver.get(url)
            time.sleep(settle_s)
            driver.save_screenshot(str(out / "console.png"))
            if driver.execute_script(_OPEN, alarm):
                time.sleep(4)
                driver.save_screenshot(str(out / "alarm.png"))
            driver.get(f"{url}/burden")
            time.sleep(2)
            driver.save_screenshot(str(out / "burden.png"))
        finally:
            driver.quit()
    click.echo(f"pictures in {out}")


if __name__ == "__main__":
    main()
