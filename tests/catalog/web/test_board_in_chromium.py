"""The board as a reader's browser shows it, wide and narrow, light and dark."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from catalog.web.app import Dashboard, create_app
from tests.catalog.web.conftest import served
from tests.catalog.written import Ledger

pytestmark = pytest.mark.browser
Scheme = Literal["light", "dark"]

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A real Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def address(dashboard: Dashboard, lived: Ledger) -> Iterator[str]:
    """Where the dashboard of a demo is served, over a store in which something happened."""
    assert lived.store is dashboard.store
    with served(create_app(replace(dashboard, demo=True))) as root:
        yield f"{root}/"


def opened(browser: Browser, address: str, width: int, scheme: Scheme = "light") -> tuple[Page, list[str]]:
    """The board at this width, and all that the browser complained of."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
    page.goto(address, wait_until="networkidle")
    return page, complaints


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


@pytest.mark.parametrize("width", [360, 1440])
def test_board_when_opened_fits_its_window_without_complaints(browser: Browser, address: str, width: int) -> None:
    page, complaints = opened(browser, address, width)

    assert page.locator("tbody tr").count() == 14
    assert overflow(page) <= 0
    for summary in page.locator("td summary").all():
        summary.click()
    assert overflow(page) <= 0
    assert complaints == []
    page.context.close()


def test_board_when_used_by_keyboard_skips_to_the_content_and_opens_a_city(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, 1440)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("td details[open]").count() == 1
    page.context.close()


CONTRASTS = """
() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return Array.from(canvas.getImageData(0, 0, 1, 1).data);
  };
  const light = ([r, g, b]) => {
    const part = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || node.closest('svg')) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), walk.currentNode.textContent.trim().slice(0, 30)]);
  }
  return found;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_board_when_shown_in_either_scheme_has_enough_contrast(browser: Browser, address: str, scheme: Scheme) -> None:
    page, _ = opened(browser, address, 1440, scheme)

    found = page.evaluate(CONTRASTS)

    assert len(found) > 100
    assert [pair for pair in found if pair[0] < 4.5] == []
    page.context.close()
