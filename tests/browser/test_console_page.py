"""The nurses' page in a real browser, fed through a real broker: what is seen, and what pressing a button does."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.browser.conftest import CSS, ID, INK, ConsoleProcess, item, tile, until
from tests.browser.ward import Ward

pytestmark = pytest.mark.browser

#: The third begins to fibrillate 24 s into its minute.
BEDS, AGENTS = ("normal", "af", "vf", "lead_off", "twelve", "ectopy"), 2
VF_BED = "bed-03"


def sign_in(page: Any, console: ConsoleProcess) -> None:
    """Signs in as the demo nurse, where nobody is signed in."""
    if page.find_element(ID, "user").text == "Demo nurse":
        return
    page.find_element(ID, "user").click()
    names = until(lambda: page.find_elements(CSS, "#sign-in .names .button"), 5, "names to choose from")
    next(name for name in names if name.text == "Demo nurse").click()
    until(lambda: page.find_element(ID, "user").text == "Demo nurse", 5, "signed in")


def test_an_alarm_is_on_the_page_within_two_seconds_of_being_raised(page: Any, ward: Ward) -> None:
    until(lambda: item(page, VF_BED, "Ventricular fibrillation"), 40, "the VF alarm is listed")
    seen_ns = time.time_ns()
    alarm_id = item(page, VF_BED, "Ventricular fibrillation").get_attribute("data-alarm")
    assert (seen_ns - ward.published_alarm_ns[alarm_id]) / 1e9 < 2.0
    assert tile(page, VF_BED).get_attribute("data-priority") == "high"
    assert "no QRS" in tile(page, VF_BED).text
    assert "high" in page.find_element(ID, "counts").text
    until(lambda: "Ventricular fibrillation" in page.find_element(ID, "spoken").text, 2, "spoken to screen readers")
    assert page.find_element(ID, "spoken").get_attribute("aria-live") == "assertive"
    flash = page.execute_script(
        "const s = getComputedStyle(arguments[0]); return [s.animationName, s.animationDuration];",
        tile(page, VF_BED).find_element(CSS, ".tile-head"),
    )
    assert flash[0] == "flash-high"
    assert 1.4 <= 1 / float(flash[1].removesuffix("s")) <= 2.8


def test_the_strip_is_drawn_and_moves(page: Any) -> None:
    trace = '.tile[data-bed="bed-01"] canvas:nth-of-type(2)'
    until(lambda: page.execute_script(INK, trace) > 300, 10, "a trace is drawn")
    picture = "return document.querySelector(arguments[0]).toDataURL()"
    first = page.execute_script(picture, trace)
    time.sleep(0.6)
    assert page.execute_script(picture, trace) != first


def test_numbers_rhythm_and_leads_are_told(page: Any) -> None:
    until(lambda: tile(page, "bed-01").find_element(CSS, ".tile-rate").text.isdigit(), 5, "a heart rate")
    assert "No arrhythmia found" in tile(page, "bed-01").text
    assert "✕" in tile(page, "bed-04").text
    until(lambda: item(page, "bed-04", "Leads off"), 10, "the technical alarm")
    technical = page.find_element(ID, "alarms-technical")
    assert "Leads off" in technical.text
    assert "Leads off" not in page.find_element(ID, "alarms-patient").text


def test_the_notice_is_always_there(page: Any) -> None:
    assert "never the sole source of alarms" in page.find_element(CSS, ".bar .notice").text
    assert page.find_element(CSS, ".bar .notice").is_displayed()


def test_the_alarm_sheet_has_strip_explanation_and_verdicts(page: Any) -> None:
    item(page, "bed-02", "Atrial fibrillation").find_element(CSS, ".item-main").click()
    until(lambda: page.find_elements(CSS, ".sheet .paper canvas"), 10, "the strip on paper")
    until(lambda: len(page.find_elements(CSS, ".claim")) >= 8, 30, "the explanation is complete")
    verdicts = {claim.get_attribute("data-verdict") for claim in page.find_elements(CSS, ".claim")}
    assert verdicts == {"supported", "contradicted", "not measurable"}
    wrong = page.find_element(CSS, '.claim[data-verdict="contradicted"]')
    assert "✗" in wrong.text
    page.execute_script("arguments[0].focus()", wrong)
    note = wrong.find_element(CSS, ".evidence")
    assert note.is_displayed()
    assert "418 ms" in note.text
    assert "of 98 bpm" in page.find_element(CSS, ".conclusion").text
    assert "onset" in page.find_element(CSS, ".sheet-facts").text.lower()
    page.find_element(ID, "close-sheet").click()
    assert not page.find_element(ID, "sheet").is_displayed()


def test_acknowledging_by_keyboard_asks_for_a_name_and_is_in_force_within_two_seconds(
    page: Any, console: ConsoleProcess
) -> None:
    from selenium.webdriver.common.keys import Keys

    button = item(page, "bed-02", "Atrial fibrillation").find_element(CSS, ".acknowledge")
    button.send_keys(Keys.ENTER)
    names = until(lambda: page.find_elements(CSS, "#sign-in .names .button"), 5, "who acts is asked")
    begun = time.monotonic()
    names[0].send_keys(Keys.ENTER)
    until(lambda: "Acknowledged by Demo nurse" in item(page, "bed-02", "Atrial").text, 5, "acknowledged")
    assert time.monotonic() - begun < 2.5
    (alarm,) = console.get("/api/alarms?bed=bed-02&state=acknowledged")
    assert alarm["acknowledged_by"] == "Demo nurse"
    assert "calls" not in tile(page, "bed-02").get_attribute("class").split()


def test_the_sound_is_off_until_it_is_turned_on_and_a_pause_is_in_sight(page: Any, console: ConsoleProcess) -> None:
    sign_in(page, console)
    sound, pause = page.find_element(ID, "sound"), page.find_element(ID, "pause")
    assert sound.text == "Sound off"
    sound.click()
    until(lambda: sound.text == "Sound on", 5, "sound on")
    pause.click()
    until(lambda: pause.text.startswith("Audio paused"), 5, "paused")
    shown = pause.text.split()[2]
    minutes, seconds = shown.split(":")
    assert int(minutes) * 60 + int(seconds) <= 120
    sound.click()


def test_a_judgement_is_taken(page: Any, console: ConsoleProcess) -> None:
    sign_in(page, console)
    item(page, "bed-06", "ventricular").find_element(CSS, ".item-main").click()
    until(lambda: page.find_elements(CSS, ".sheet .actions .button"), 5, "buttons")
    next(b for b in page.find_elements(CSS, ".sheet .actions .button") if b.text == "False alarm").click()
    until(lambda: console.get("/api/alarms?bed=bed-06")[0]["judged"] == "false", 5, "judged")
    until(lambda: page.find_elements(CSS, '.sheet .button[aria-pressed="true"]'), 5, "shown as judged")
    page.find_element(ID, "close-sheet").click()


def test_twelve_leads_are_drawn_three_by_four(page: Any) -> None:
    tile(page, "bed-05").click()
    canvas = until(lambda: page.find_elements(CSS, ".sheet .paper canvas"), 20, "paper")[0]
    px_per_mm = 96 / 25.4
    assert canvas.size["width"] == pytest.approx((14 + 4 * 62.5 + 5) * px_per_mm, abs=2)
    # Nothing may be called off that has only not come yet.
    assert page.execute_script(
        "const c = arguments[0]; const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "let ink = 0; for (let i = 0; i < d.length; i += 4) if (d[i] < 60) ink += 1; return ink;", canvas
    ) > 6000  # fmt: skip
    until(lambda: page.find_elements(CSS, ".trend canvas"), 15, "the trend")
    assert page.find_element(ID, "sheet-title").text == "Bed 5"
    page.find_element(ID, "close-sheet").click()


def test_a_bed_that_falls_silent_is_greyed_and_wiped(page: Any, ward: Ward) -> None:
    ward.muted.add("bed-01")
    try:
        until(lambda: "stale" in tile(page, "bed-01").get_attribute("class").split(), 8, "greyed")
        assert "No signal" in tile(page, "bed-01").text
        assert tile(page, "bed-01").find_element(CSS, ".tile-rate").text == "--"
        time.sleep(0.2)
        assert page.execute_script(INK, '.tile[data-bed="bed-01"] canvas:nth-of-type(2)') == 0
        assert "stale" not in tile(page, "bed-02").get_attribute("class").split()
    finally:
        ward.muted.clear()
    until(lambda: "stale" not in tile(page, "bed-01").get_attribute("class").split(), 8, "live again")


def test_a_console_that_goes_away_is_said_at_once_and_comes_back_with_every_alarm(
    page: Any, console: ConsoleProcess
) -> None:
    before = {alarm["alarm_id"]: alarm["acknowledged_by"] for alarm in console.get("/api/alarms")}
    assert console.stop() < 5
    until(lambda: page.find_element(ID, "banner").is_displayed(), 6, "the banner")
    assert "Nothing on this page is live" in page.find_element(ID, "banner").text
    assert "lost" in page.find_element("tag name", "body").get_attribute("class")
    console.start()
    until(lambda: not page.find_element(ID, "banner").is_displayed(), 15, "connected again")
    after = {alarm["alarm_id"]: alarm["acknowledged_by"] for alarm in console.get("/api/alarms")}
    assert before.items() <= after.items()
    assert "Demo nurse" in after.values()
    until(lambda: page.execute_script(INK, '.tile[data-bed="bed-01"] canvas:nth-of-type(2)') > 300, 15, "drawn again")


def test_the_api_page_works_without_any_other_server(page: Any, console: ConsoleProcess) -> None:
    page.get(console.url + "/docs")
    until(lambda: "/api/alarms" in page.find_element(ID, "swagger").text, 20, "the API is listed")
    page.get(console.url)


def test_the_browser_had_nothing_to_complain_about(page: Any, console: ConsoleProcess) -> None:
    until(lambda: page.find_elements(CSS, ".tile"), 20, "the page")
    complaints = [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"]
    # The console was stopped once on purpose: its connection was refused then.
    assert [
        c["message"] for c in complaints if "ERR_CONNECTION" not in c["message"] and "/ws" not in c["message"]
    ] == []


def test_the_alarms_of_a_bed_are_listed_latest_first_and_open_from_there(page: Any) -> None:
    tile(page, VF_BED).click()  # a bed with an alarm opens that alarm; its name leads to the bed
    # The head is drawn anew with each event: found and pressed in one go.
    press = "const one = document.querySelector('.sheet-title .link'); one?.click(); return one !== null;"
    until(lambda: page.execute_script(press), 10, "the alarm's sheet")
    rows = until(lambda: page.find_elements(CSS, ".bed-alarms button"), 15, "alarms of the bed")
    assert "Ventricular fibrillation" in rows[0].text
    page.execute_script("document.querySelector('.bed-alarms button').click()")
    until(lambda: "Ventricular fibrillation" in page.find_element(ID, "sheet-title").text, 5, "the alarm's own sheet")
    page.find_element(ID, "close-sheet").click()
