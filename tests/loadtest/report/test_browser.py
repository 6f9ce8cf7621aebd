"""The page in a real browser: what is seen at both ends of the usual widths, and the read-out."""

from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from loadtest.report.page import page
from tests.loadtest.report import examples

NARROW, WIDE = 400, 1400
NAMES = ["full", "single", "gallery", "hostile"]
LEAST_TEXT = 11.0  # CSS pixels
PATIENCE = 10.0  # seconds

# Everything that is drawn: its place, and the size and place of each text in it.
DRAWN = """
return [...document.querySelectorAll("figure.plot svg")]
  .filter((svg) => getComputedStyle(svg).display !== "none")
  .map((svg) => {
    const box = svg.getBoundingClientRect();
    const scale = box.width / svg.viewBox.baseVal.width;
    return {
      plot: svg.closest("figure").id,
      size: [box.width, box.height],
      texts: [...svg.querySelectorAll("text")].map((text) => {
        const place = text.getBoundingClientRect();
        return {
          text: text.textContent,
          size: parseFloat(getComputedStyle(text).fontSize) * scale,
          box: [place.left, place.top, place.right, place.bottom],
          inside: place.left >= box.left - 8 && place.right <= box.right + 8,
        };
      }),
    };
  });
"""

Open = Callable[..., Chrome]


def logged(browser: Chrome) -> list[str]:
    """What the browser complained of since it was asked last."""
    return [entry["message"] for entry in browser.get_log("browser")]  # type: ignore[no-untyped-call]


@pytest.fixture
def opened(browser: Chrome, tmp_path: Path) -> Iterator[Open]:
    """Opens a made-up report at a width; afterwards nothing may have gone wrong in the browser."""

    def show(name: str, width: int, scripts: bool = True) -> Chrome:
        path = tmp_path / f"{name}.html"
        path.write_text(page(getattr(examples, name)()), encoding="utf-8")
        device = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        browser.get(path.as_uri())
        return browser

    logged(browser)
    yield show
    assert logged(browser) == []
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def overlapping(texts: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of texts that cover each other by more than a rounding error."""
    found = []
    for one, other in combinations(texts, 2):
        a, b = one["box"], other["box"]
        across = min(a[2], b[2]) - max(a[0], b[0])
        down = min(a[3], b[3]) - max(a[1], b[1])
        # A text's box is taller than its letters: 14 px for 12.
        if across > 0.5 and down > 2:
            found.append((one["text"], other["text"]))
    return found


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("name", NAMES)
def test_every_plot_is_drawn_and_can_be_read(opened: Open, name: str, width: int) -> None:
    """Each once, with a size; no text too small, over another, or cut off."""
    browser = opened(name, width)
    assert browser.execute_script("return window.innerWidth") == width
    drawn = browser.execute_script(DRAWN)
    figures = browser.execute_script(
        "return [...document.querySelectorAll('figure')].map(f => f.id)"
    )
    assert [each["plot"] for each in drawn] == figures
    assert figures
    for each in drawn:
        assert min(each["size"]) > 60, each["plot"]
        assert overlapping(each["texts"]) == [], each["plot"]
        assert [text["text"] for text in each["texts"] if not text["inside"]] == [], each["plot"]
        assert min(text["size"] for text in each["texts"]) >= LEAST_TEXT, each["plot"]


@pytest.mark.parametrize("width", [320, NARROW, 768, WIDE])
@pytest.mark.parametrize("name", [*NAMES, "all_void"])
def test_the_page_is_never_wider_than_the_window(opened: Open, name: str, width: int) -> None:
    """Tables scroll in boxes of their own."""
    browser = opened(name, width)
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide <= browser.execute_script("return window.innerWidth") == width


def test_colours_follow_the_scheme(opened: Open) -> None:
    """Light and dark have a paper and colours of their own."""
    browser = opened("single", WIDE)
    found = []
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        found.append(
            browser.execute_script(
                "const seen = (at, key) => getComputedStyle(document.querySelector(at))[key];"
                "return [seen('body', 'backgroundColor'), seen('.s0 .mark', 'fill')]"
            )
        )
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert not set(found[0]) & set(found[1])


def said(browser: Chrome, plot: str) -> str:
    """What is read out below a plot."""
    return browser.find_element(By.CSS_SELECTOR, f"#{plot} .say").text


@pytest.mark.parametrize(
    ("plot", "expected"),
    [
        ("spectrum-keepalive-100", "fastapi: slowest"),
        ("cpu-keepalive-100", "floor (null): "),
        ("time-keepalive-100", "floor (null): at most "),
        ("rounds-keepalive-100", "floor (null), round 5: "),
    ],
)
def test_the_nearest_point_is_read_out_by_pointer(opened: Open, plot: str, expected: str) -> None:
    """Beside the point is near enough; it is gone when the pointer leaves."""
    browser = opened("full", WIDE)
    marks = browser.find_elements(By.CSS_SELECTOR, f"#{plot} svg.wide [data-say]")
    mark = [each for each in marks if str(each.get_attribute("data-say")).startswith(expected)][-1]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", mark)
    ActionChains(browser, duration=0).move_to_element(mark).move_by_offset(1, 2).perform()
    WebDriverWait(browser, PATIENCE).until(lambda _: said(browser, plot).startswith(expected))
    assert "on" in str(mark.get_attribute("class")).split()
    named = browser.find_elements(By.CSS_SELECTOR, f"#{plot} svg.wide .who.on")
    assert [each.text for each in named] in ([], [expected.partition(":")[0]])
    assert bool(named) == plot.startswith("spectrum")
    heading = browser.find_element(By.CSS_SELECTOR, f"#{plot} h3")
    ActionChains(browser, duration=0).move_to_element(heading).perform()
    WebDriverWait(browser, PATIENCE).until(lambda _: expected not in said(browser, plot))


def test_points_are_read_out_by_keyboard(opened: Open) -> None:
    """Along a curve, to the next one at the same place, and away."""
    browser = opened("full", WIDE)
    plot = "spectrum-keepalive-100"
    svg = browser.find_element(By.CSS_SELECTOR, f"#{plot} svg.wide")
    browser.execute_script("arguments[0].focus()", svg)
    seen = []
    for key in (Keys.RIGHT, Keys.RIGHT, Keys.DOWN, Keys.LEFT, Keys.UP, Keys.ESCAPE):
        svg.send_keys(key)
        seen.append(said(browser, plot).rsplit(" ", 2)[0])
    assert seen == [
        "protocol: fastest",
        "protocol: 10 % within",
        "aiohttp: 10 % within",
        "aiohttp: fastest",
        "protocol: fastest",
        "",
    ]


def test_plots_are_there_without_scripts(opened: Open) -> None:
    """The same drawings, and no empty place for what only a script says."""
    browser = opened("full", WIDE, scripts=False)
    shown = browser.find_elements(By.CSS_SELECTOR, "figure.plot svg.wide")
    assert len(shown) == 16
    assert all(min(each.size["width"], each.size["height"]) > 60 for each in shown)
    outputs = browser.find_elements(By.CSS_SELECTOR, ".say")
    assert not any(each.is_displayed() for each in outputs)


def test_the_policy_forbids_what_comes_later(opened: Open) -> None:
    """A script or a picture that was put in would not be run nor fetched."""
    browser = opened("single", WIDE)
    browser.execute_script(
        "const script = document.createElement('script'); script.textContent = 'window.ran = 1';"
        "document.body.append(script);"
        "const picture = new Image(); picture.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw=';"
        "document.body.append(picture)"
    )
    assert browser.execute_script("return window.ran") is None
    seen: list[str] = []

    def both(_: Chrome) -> bool:
        seen.extend(logged(browser))
        return len(seen) >= 2

    WebDriverWait(browser, PATIENCE).until(both)
    assert all("Content Security Policy" in message for message in seen)
