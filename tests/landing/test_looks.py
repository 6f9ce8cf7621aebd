"""Whoever reads the page, on whatever: wide and narrow, light and dark, by eye, ear or keyboard."""

import itertools
import re
from typing import Any

from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By

from app.landing import ROUTES
from tests.contract.serving import Server
from tests.landing.conftest import Open, Page, emulate, resize

LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
LEAST_TARGET = 44  # CSS pixels, WCAG 2.2, 2.5.5; links in headings 24, 2.5.8
WIDTHS = (320, 768, 1400)

# Every element that has text of its own, and the first colour below it that covers.
TEXTS = """
const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
const covers = (colour) => (parts(colour)[3] ?? 1) === 1;
const paper = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (covers(colour)) return colour;
  }
};
return [...document.querySelectorAll("body *")]
  .filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
  .filter((each) => each.tagName !== "NOSCRIPT" && each.getClientRects().length > 0)
  .map((each) => ({
    text: each.textContent.trim().slice(0, 40),
    ink: parts(getComputedStyle(each).color),
    paper: parts(paper(each)),
  }));
"""
WIDE = "return [document.documentElement.scrollWidth, window.innerWidth]"
# Whose content is wider than they are, and cut off.
CUT = """
return [...document.querySelectorAll("body, body *:not(.unseen, input, textarea)")]
  .filter((each) => each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1)
  .map((each) => `${each.tagName} ${each.textContent.slice(0, 40)}`);
"""
TABBABLE = "a[href], button:enabled, input, textarea, pre[tabindex]"


def luminance(colour: list[float]) -> float:
    """WCAG's relative luminance of red, green and blue, 0 to 255."""
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
        for each in (value / 255 for value in colour[:3])
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: list[float], other: list[float]) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_it_is_defined() -> None:
    """Black on white, and a grey that is known for being just enough."""
    assert contrast([0, 0, 0], [255, 255, 255]) == 21
    assert 4.5 < contrast([118, 118, 118], [255, 255, 255]) < 4.55


def try_everything(page: Page) -> None:
    """All that can be shown is on the page: answers, parked requests, a refusal, a long body."""
    page.press("/park")
    page.says("/park", "1 request parked.")
    page.enter("/sleep", "0")
    page.enter("/stream", "1001")
    page.enter("/echo", "x" * 20_000)
    for path in (each.path for each in ROUTES if each.path not in ("/park", "/release")):
        page.press(path)
        page.says(path, "Answered after")
    assert "status of 400" in "".join(page.logged())


def test_never_wider_than_the_window(page: Page) -> None:
    """Nobody has to scroll sideways, whatever is on the page."""
    for act in (lambda _: None, try_everything):
        act(page)
        for width in WIDTHS:
            resize(page.browser, width)
            wide, window = page.browser.execute_script(WIDE)
            assert wide <= window == width
            assert page.browser.execute_script(CUT) == []


def test_contrast(page: Page) -> None:
    """Every text can be read on what it stands on, in both schemes."""
    emulate(page.browser, "light", "reduce")  # no colour is on its way to another
    try_everything(page)
    for scheme in ("light", "dark"):
        emulate(page.browser, scheme, "reduce")
        texts: list[dict[str, Any]] = page.browser.execute_script(TEXTS)
        assert len(texts) > 100
        found = {each["text"]: contrast(each["ink"], each["paper"]) for each in texts}
        assert {text: ratio for text, ratio in found.items() if ratio < LEAST_CONTRAST} == {}
        paper = next(each["paper"] for each in texts if each["text"] == "What next")
        assert (luminance(paper) < 0.5) == (scheme == "dark")


def test_headings(page: Page) -> None:
    """One of the first level, and none skips a level."""
    found = page.browser.find_elements(By.CSS_SELECTOR, "h1, h2, h3, h4, h5, h6")
    levels = [int(each.tag_name[1]) for each in found]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert levels.count(3) == len(ROUTES)


def test_landmarks(page: Page) -> None:
    """A title, a language, and one main part."""
    assert page.browser.title == "Slipway is running"
    assert page.browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"
    assert len(page.browser.find_elements(By.TAG_NAME, "main")) == 1
    assert page.browser.find_element(By.TAG_NAME, "header").aria_role == "banner"


def test_names(page: Page) -> None:
    """Every field and every button has a name, every button another one; answers are read out."""
    fields = page.browser.find_elements(By.CSS_SELECTOR, "input, textarea")
    assert [each.accessible_name for each in fields] == ["Name", "Seconds", "Body", "Lines"]
    buttons = [each.accessible_name for each in page.browser.find_elements(By.TAG_NAME, "button")]
    expected = [f"{each.verb} {each.method} {each.path}" for each in ROUTES]
    assert [each for each in buttons if not each.startswith("Stop ")] == expected
    assert sorted(set(buttons) - set(expected)) == ["Stop GET /sleep", "Stop GET /stream"]
    outputs = page.browser.find_elements(By.TAG_NAME, "output")
    assert {each.aria_role for each in outputs} == {"status"}
    assert len(outputs) == len(ROUTES)


def test_targets(opened: Open, shared: Server) -> None:
    """A finger hits them."""
    page = opened(shared.port, 320)
    for each in page.browser.find_elements(By.CSS_SELECTOR, "button, input, textarea"):
        assert min(each.size["width"], each.size["height"]) >= LEAST_TARGET, each.accessible_name
    for each in page.browser.find_elements(By.CSS_SELECTOR, "h3 a"):
        assert each.size["height"] >= 24, each.text


def test_keyboard(page: Page) -> None:
    """The tab key visits everything once, in the order of the page, and what it is at is seen; the
    enter key presses and stays there."""
    expected = page.browser.find_elements(By.CSS_SELECTOR, TABBABLE)
    for each in expected:
        ActionChains(page.browser).send_keys(Keys.TAB).perform()
        focused = page.browser.switch_to.active_element
        assert focused == each, (focused.accessible_name, each.accessible_name)
        assert focused.value_of_css_property("outline-style") == "solid"
        assert focused.value_of_css_property("outline-width") == "3px"
        if focused.accessible_name == "Try GET /hello/{name}":
            ActionChains(page.browser).send_keys(Keys.ENTER).perform()
            page.says("/hello/{name}", "200 OK")
            assert page.browser.switch_to.active_element == each
    field = page.form("/hello/{name}").find_element(By.TAG_NAME, "input")
    field.send_keys(Keys.HOME, "Dear ", Keys.ENTER)
    page.until(lambda: page.body("/hello/{name}") == "Hello, Dear Ada", "the enter key submits")


def test_long_answer_is_scrolled_by_keyboard(page: Page) -> None:
    """Only what is longer than its box is a stop for the tab key."""
    for path in ("/plaintext", "/static/{path}"):
        page.press(path)
        page.says(path, "200 OK")
    (stop,) = page.browser.find_elements(By.CSS_SELECTOR, "pre[tabindex='0']")
    assert stop.find_element(By.XPATH, "ancestor::form") == page.form("/static/{path}")


def test_motion(page: Page) -> None:
    """None for whoever prefers that."""
    button = page.browser.find_element(By.TAG_NAME, "button")
    assert button.value_of_css_property("transition-duration") != "0s"
    emulate(page.browser, "light", "reduce")
    assert button.value_of_css_property("transition-duration") == "0s"


def test_picture(page: Page) -> None:
    """The icon is there, for the page and for the tab: the browser asks for no other."""
    picture = page.browser.find_element(By.TAG_NAME, "img")
    assert page.browser.execute_script("return arguments[0].naturalWidth", picture) > 0
    icon = page.browser.find_element(By.CSS_SELECTOR, "link[rel=icon]")
    assert icon.get_attribute("href") == picture.get_attribute("src")


def test_the_policy_forbids_what_is_slipped_in(page: Page) -> None:
    """A script, a style, a picture from elsewhere, HTML from a script."""
    page.browser.execute_script(
        "const put = (kind, given) =>"
        "  document.body.append(Object.assign(document.createElement(kind), given));"
        "put('style', {textContent: 'h1 { display: none }'});"
        "put('img', {src: 'data:image/gif;base64,R0lGODlhAQABAAAAACw='});"
        "try { put('script', {textContent: 'window.ran = 1'}) } catch {}"
        "try { document.body.innerHTML = '<p>ran</p>' } catch {}"
    )
    assert page.browser.execute_script("return window.ran") is None
    assert page.browser.find_element(By.TAG_NAME, "h1").is_displayed()
    seen: list[str] = []

    def all_four() -> bool:
        seen.extend(page.logged())
        return len(seen) >= 4

    page.until(all_four, "complaints")
    assert [each for each in seen if not re.search("Content Security Policy|Trusted", each)] == []
