"""The page in a real browser: offline, by mouse, by keyboard, without its script, on a phone, for a screen reader."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.report.page.page import page as written
from tests.report import examples

sync_api = pytest.importorskip("playwright.sync_api", reason="no browser tests: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no browser here: apt-get install chromium, or make browser")

Open = Callable[..., Any]

SCALES = """() => [...document.querySelectorAll('.strips .pixels')].map(image => [
    getComputedStyle(image).imageRendering, image.src.startsWith('data:image/png'), image.naturalWidth % 16])"""
ORDER = "table => [...table.tBodies[0].rows].map(row => row.cells[{}].textContent.trim())"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The example's page, as a file."""
    file: Path = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(written(examples.audit(), examples.gallery(inputs=1)), "utf-8")
    return file.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests; a container's user is often root, for whom its sandbox does not start."""
    with sync_api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Open]:
    """Open the page with the network off; at the end nothing may have been asked for and nothing complained of."""
    contexts, asked, complaints = [], [], []

    def open_page(**settings: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
        contexts.append(context)
        context.set_offline(True)
        context.set_default_timeout(5_000)
        context.route(lambda url: not url.startswith(("file:", "data:")), lambda route: route.abort())
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url[:80]))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith("data:")] == [address] * len(contexts)
    assert complaints == []


def test_tables_are_sorted_by_mouse_and_keyboard(opened: Open) -> None:
    page = opened()
    matrix = page.locator("table.matrix")
    method = matrix.locator("thead th").first
    method.get_by_role("button").click()
    names = sorted(examples.METHODS)
    assert (method.get_attribute("aria-sort"), matrix.evaluate(ORDER.format(0))) == ("ascending", names)
    page.keyboard.press("Enter")
    assert (method.get_attribute("aria-sort"), matrix.evaluate(ORDER.format(0))) == ("descending", names[::-1])
    matrix.locator("thead th").nth(1).get_by_role("button").press("Space")
    assert method.get_attribute("aria-sort") is None
    outcomes = [text.split()[1] for text in matrix.evaluate(ORDER.format(1))]
    assert outcomes == ["Fail", "Error", "Inconclusive", "Inconclusive", "Pass", "Pass"]
    numbers = page.locator("table.detail").first
    for direction in (1, -1):  # a number that is missing comes last, whichever way
        numbers.locator("thead th").nth(3).get_by_role("button").click()
        *found, missing = numbers.evaluate(ORDER.format(3))
        values = [float(text.replace("−", "-")) for text in found]
        assert missing == "–" and values == sorted(values)[::direction] and len(values) == 10


def test_filter_counts_what_it_leaves(opened: Open) -> None:
    page = opened()
    tools = page.locator(".tools", has=page.locator("+ .scroll table.findings"))
    rows = page.locator("table.findings tbody tr")
    whole = rows.count()
    tools.get_by_label("Filter").press_sequentially("grad_CAM error")
    assert [row.is_visible() for row in rows.all()].count(True) == 2
    assert tools.get_by_role("status").inner_text() == f"2 of {whole} rows"
    tools.get_by_label("Filter").fill("")
    assert all(row.is_visible() for row in rows.all()) and tools.get_by_role("status").inner_text() == ""


def test_slider_runs_the_maps_through_the_stages(opened: Open) -> None:
    page = opened()
    slider = page.get_by_role("slider").first
    rows = page.locator(".stages").first.locator("table.strips tbody tr")
    for key, place, label in (("ArrowRight", 1, "logits"), ("End", 5, "conv2d_1"), ("Home", 0, "trained")):
        slider.press(key)
        assert slider.get_attribute("aria-valuetext") == label
        _shows(rows, place)
    slider.click(position={"x": slider.bounding_box()["width"] * 0.61, "y": 5})
    assert slider.input_value() == "3"
    _shows(rows, 3)
    drawn = page.evaluate(SCALES)
    assert drawn and all(found == ["pixelated", True, 0] for found in drawn)


def _shows(rows: Any, place: int) -> None:
    shown = rows.evaluate_all("rows => rows.map(row => row.querySelector('.run img').src)")
    wanted = rows.evaluate_all(
        f"rows => rows.map(row => row.querySelectorAll('td:not(.run)')[{place}].querySelector('img').src)"
    )
    assert shown == wanted and len(shown) == len(examples.METHODS)


def test_lightbox_by_mouse_and_keyboard(opened: Open) -> None:
    page = opened()
    dialog = page.get_by_role("dialog")
    row = page.locator("table.strips tbody tr").first
    alts = row.locator("td:not(.run) img").evaluate_all("images => images.map(image => image.alt)")
    row.locator("td:not(.run) img").nth(1).click()
    assert dialog.get_by_role("img").get_attribute("alt") == alts[1]
    page.keyboard.press("ArrowRight")
    assert dialog.get_by_role("img").get_attribute("alt") == alts[2] and alts[2] in dialog.inner_text()
    dialog.get_by_role("button", name="Previous").click()
    assert dialog.get_by_role("img").get_attribute("alt") == alts[1]
    dialog.get_by_role("button", name="Close").click()
    assert not dialog.is_visible()
    row.get_by_role("button").press("Enter")
    assert dialog.get_by_role("img").get_attribute("alt") == alts[0]
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert row.get_by_role("button").evaluate("button => button === document.activeElement")
    page.locator(".chart img").first.click()
    assert "Cascading randomization" in dialog.get_by_role("img").get_attribute("alt")


def test_theme_follows_the_system_and_the_button(opened: Open) -> None:
    for system in ("light", "dark"):
        page = opened(color_scheme=system)
        button = page.get_by_role("button", name="Dark theme")
        figure = page.locator(".chart img").first
        assert (_dark(page), button.get_attribute("aria-pressed")) == (system == "dark", str(system == "dark").lower())
        before = figure.evaluate("image => image.currentSrc")
        button.click()
        assert _dark(page) == (system == "light") and figure.evaluate("image => image.currentSrc") != before
        page.keyboard.press("Space")
        assert _dark(page) == (system == "dark") and figure.evaluate("image => image.currentSrc") == before
        page.emulate_media(media="print")
        assert not _dark(page) and page.locator("table.matrix thead .sort").first.is_visible()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        light = figure.get_attribute("src")
        assert (
            figure.evaluate("image => image.currentSrc") == light and page.locator("details:not([open])").count() == 0
        )


def _dark(page: Any) -> bool:
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(int, re.findall(r"\d+", colour)[:3])) < 200


def test_addresses_open_what_is_folded_and_the_first_tab_skips(opened: Open) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert page.locator(".skip").evaluate("link => link === document.activeElement && link.offsetLeft >= 0")
    folded = page.locator("#n1")
    assert folded.get_attribute("open") is None
    page.get_by_role("link", name="Every number").nth(1).click()
    sync_api.expect(folded).to_have_attribute("open", "")
    page.locator("#summary a").click()
    assert page.url.endswith("#summary")


def test_without_its_script_the_page_is_whole(opened: Open) -> None:
    with_script, without = opened(), opened(java_script_enabled=False)
    for rows in ("section", "h2, h3", ".matrix tbody tr", ".findings tbody tr", ".points tbody tr", "dl.reasons dd"):
        assert without.locator(rows).count() == with_script.locator(rows).count() > 0
    assert without.locator("button, input, dialog").count() == 0
    assert without.locator(".matrix").inner_text().count("Inconclusive") == 4
    assert without.locator("details > *:first-child:not(summary)").count() == 0


def test_phones_scroll_tables_not_the_page(opened: Open) -> None:
    page = opened(viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    box = page.locator(".scroll", has=page.locator("table.matrix"))
    assert box.get_attribute("tabindex") == "0" and "more" in (box.get_attribute("class") or "")
    name = box.locator("tbody th").first
    left = name.bounding_box()["x"]
    box.press("End")
    box.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    sync_api.expect(box).not_to_contain_class("more")
    assert name.bounding_box()["x"] == left
    strips = page.locator(".block .scroll").first.bounding_box()
    assert strips["height"] > 300 and strips["width"] > 300


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 390)])
def test_axe_finds_nothing(opened: Open, repository: Path, scheme: str, width: int) -> None:
    axe = repository / "build" / "axe" / "package" / "axe.min.js"
    if not axe.is_file():
        pytest.skip("axe-core is not installed here: make browser")
    page = opened(color_scheme=scheme, viewport={"width": width, "height": 900})
    page.evaluate(axe.read_text("utf-8"))
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    found = page.evaluate("async () => (await axe.run({resultTypes: ['violations']})).violations")
    assert [(each["id"], each["impact"], each["nodes"][0]["html"][:200]) for each in found] == []
