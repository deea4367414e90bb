"""The page for those who use no mouse or see little, and the page when its console is killed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import CSS, ID, INK, ROOT, ConsoleProcess, item, tile, until
from tests.browser.ward import Ward

pytestmark = pytest.mark.browser
#: The third begins to fibrillate 24 s into its minute.
BEDS, AGENTS = ("normal", "af", "vf", "lead_off"), 1
AXE = ROOT / "cloud/console/web/node_modules/axe-core/axe.min.js"
#: Runs axe-core's rules of WCAG 2 A and AA; tells what they find, with the elements. One is left out: it wants every letter
#: of a control in its name, run together, and a tile is a control that holds numbers and lead names; what its name must
#: hold is asserted below.
_AUDIT = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
    rules: {'label-content-name-mismatch': {enabled: false}}})
  .then((r) => done(r.violations.map((v) => `${v.id}: ${v.nodes.length} x ${v.nodes.slice(0, 3).map((n) =>
    `${n.html.slice(0, 120)} ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? ''}`).join(' | ')}`)), (e) => done([String(e)]));
"""
#: A tile's heart rate and its name, of one moment: both change every second.
_RATE_AND_LABEL = """
return [arguments[0].querySelector('.tile-rate').textContent, arguments[0].getAttribute('aria-label')];
"""
#: Gives every control that can be seen and used a number; tells how many there are.
_NUMBERED = """
let n = 0;
for (const one of document.querySelectorAll('button, a[href], input, [role=tab], [tabindex="0"]')) {
  delete one.dataset.stop;
  if (!one.checkVisibility() || one.disabled) continue;
  one.dataset.stop = String(n);
  n += 1;
}
return n;
"""


@pytest.fixture(scope="module")
def page(page: Any) -> Any:
    """The page with every bed on it and an alarm of each kind."""
    until(lambda: item(page, "bed-03", "Ventricular fibrillation"), 40, "the VF alarm is listed")
    until(lambda: item(page, "bed-04", "Leads off"), 20, "the technical alarm")
    return page


def audit(page: Any) -> list[str]:
    """What axe-core finds wrong with the page as it stands."""
    if not AXE.is_file():
        pytest.skip("axe-core is not there: `make web-check` fetches it where Node.js is")
    page.execute_script(AXE.read_text())
    found: list[str] = page.execute_async_script(_AUDIT)
    return found


def test_the_ward_and_its_alarm_list_follow_wcag(page: Any) -> None:
    assert audit(page) == []


def test_a_tile_says_what_it_shows(page: Any) -> None:
    name = until(
        lambda: (n := tile(page, "bed-03").get_attribute("aria-label")) and "Ventricular fibrillation" in n and n,
        30,
        "VF",
    )
    assert name.startswith("Bed 3 ") and "HR bpm" in name and "High alarm" in name and name.endswith("Open")
    rate, label = page.execute_script(_RATE_AND_LABEL, tile(page, "bed-01"))
    assert rate.isdigit() and f"HR bpm {rate}" in label


def test_the_alarm_sheet_follows_wcag(page: Any) -> None:
    item(page, "bed-02", "Atrial fibrillation").find_element(CSS, ".item-main").click()
    until(lambda: len(page.find_elements(CSS, ".claim")) >= 8, 30, "the explanation is complete")
    found = audit(page)
    page.find_element(ID, "close-sheet").click()
    assert found == []


def test_the_bed_sheet_follows_wcag(page: Any) -> None:
    tile(page, "bed-01").click()
    until(lambda: page.find_elements(CSS, ".sheet .paper canvas"), 20, "paper")
    found = audit(page)
    page.find_element(ID, "close-sheet").click()
    assert found == []


def test_the_sign_in_follows_wcag_and_gives_the_focus_back(page: Any) -> None:
    button = page.find_element(ID, "user")
    button.send_keys(Keys.ENTER)
    until(lambda: page.find_elements(CSS, "#sign-in .names .button"), 20, "names to choose from")
    assert audit(page) == []
    ActionChains(page).send_keys(Keys.ESCAPE).perform()
    until(lambda: not page.find_element(ID, "sign-in").is_displayed(), 20, "closed")
    assert page.execute_script("return document.activeElement.id") == "user"


def test_every_control_is_reached_by_tab_and_shows_that_it_is(page: Any) -> None:
    n = page.execute_script(_NUMBERED)
    assert n >= 15
    page.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")
    reached: dict[str, str] = {}
    for _ in range(n + 10):
        ActionChains(page).send_keys(Keys.TAB).perform()
        stop, outline, name = page.execute_script(
            "const a = document.activeElement; return [a.dataset.stop ?? '', getComputedStyle(a).outlineStyle,"
            " (a.getAttribute('aria-label') || a.innerText || a.title || '').trim()];"
        )
        if stop:
            reached[stop] = outline
            assert name, "a control without a name"
    # Items come and go as alarms do: whatever still has its number must have been reached.
    still = page.execute_script("return [...document.querySelectorAll('[data-stop]')].map((one) => one.dataset.stop)")
    assert set(still) <= set(reached), set(still) - set(reached)
    assert all(outline not in ("none", "") for outline in reached.values())


def test_a_tile_opens_by_key_and_escape_goes_back_to_it(page: Any) -> None:
    page.execute_script("document.querySelector('.tile[data-bed=\"bed-01\"]').focus()")
    ActionChains(page).send_keys(Keys.ENTER).perform()
    until(lambda: page.find_element(ID, "sheet-title").text == "Bed 1", 20, "the bed's sheet")
    assert page.execute_script("return document.activeElement.id") == "sheet-title"
    ActionChains(page).send_keys(Keys.ESCAPE).perform()
    until(lambda: not page.find_element(ID, "sheet").is_displayed(), 20, "closed")
    assert page.execute_script("return document.activeElement.dataset.bed") == "bed-01"


def test_the_burden_page_follows_wcag_and_says_when_nothing_can_be_counted(page: Any, console: ConsoleProcess) -> None:
    page.get(console.url + "/burden")
    until(lambda: "history is off" in page.find_element(ID, "burden").text, 20, "said")
    assert audit(page) == []
    page.get(console.url)
    until(lambda: len(page.find_elements(CSS, ".tile")) == len(BEDS), 20, "the ward again")


def test_a_console_that_is_killed_comes_back_to_the_same_page_with_the_state_as_it_is_now(
    page: Any, console: ConsoleProcess, ward: Ward
) -> None:
    page.execute_script("window.sameDocument = true")
    before = {a["alarm_id"]: a["state"] for a in console.get("/api/alarms")}
    console.kill()
    until(lambda: page.find_element(ID, "banner").is_displayed(), 20, "the banner")
    assert "Look at the bedside monitors" in page.find_element(ID, "banner").text
    ward.muted.add("bed-04")  # what changes meanwhile must show afterwards
    time.sleep(4)
    begun = time.monotonic()
    console.start()
    up_s = time.monotonic() - begun
    until(lambda: not page.find_element(ID, "banner").is_displayed(), 30, "connected again")
    print(f"console back after {up_s:.1f} s, page live {time.monotonic() - begun - up_s:.1f} s later")
    assert page.execute_script("return window.sameDocument") is True, "nobody has to reload"
    until(lambda: page.execute_script(INK, '.tile[data-bed="bed-01"] canvas:nth-of-type(2)') > 300, 30, "drawn again")
    until(lambda: "stale" in tile(page, "bed-04").get_attribute("class").split(), 30, "the silent bed is there, grey")
    listed = {a["alarm_id"]: a["state"] for a in console.get("/api/alarms")}
    assert before.keys() <= listed.keys()
    standing = {alarm_id for alarm_id, state in listed.items() if state != "cleared"}
    shown = {one.get_attribute("data-alarm") for one in page.find_elements(CSS, "#panel-now .item")}
    assert shown == standing, "the list is what the console says"
    ward.muted.clear()
