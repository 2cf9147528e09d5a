"""The report in headless Chromium: nothing is asked of a network, all can be read and used, in both themes and on a
phone.

Skipped where Debian's chromium and chromium-driver, Selenium or axe-core (inside axe-playwright-python) are not
installed.
"""

import contextlib
import json

import pytest
from makers.browser import LAPTOP, PHONE, axe, headless, set_size, switch_theme
from makers.report import CLASSES, write_project

from competition.common import paths
from pipelines import report

pytestmark = pytest.mark.slow

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium, of the extra `test`, is not installed")
WebDriverWait = pytest.importorskip("selenium.webdriver.support.wait").WebDriverWait


@pytest.fixture(scope="module")
def browser():
    with headless(browser="ALL", performance="ALL") as driver:
        yield driver


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    write_project(folder)
    with contextlib.chdir(folder):
        report.main()
    return (folder / paths.REPORT).as_uri()


def look(browser, address: str, theme: str = "light", size: tuple[int, int] = LAPTOP) -> None:
    """Open the page, and have every chart drawn that isn't hidden."""
    switch_theme(browser, theme)
    set_size(browser, size)
    browser.execute_script("window.left = true")  # on a busy machine, get() may return with the page before still there
    browser.get(address)
    WebDriverWait(browser, 60).until(
        lambda driver: driver.execute_script("return !window.left && document.readyState === 'complete'")
    )
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    settle(browser)


def settle(browser) -> None:
    """Wait until what was begun is drawn: Plotly goes on in promises."""
    browser.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => setTimeout(done, 100))")
    drawn = (
        "return [...document.querySelectorAll('.js-plotly-plot')].every((plot) => !plot.offsetWidth || "
        "plot.querySelector('.nsewdrag'))"
    )
    WebDriverWait(browser, 30).until(lambda driver: driver.execute_script(drawn))


def complaints(browser) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def find(browser, selector: str):
    return browser.find_elements("css selector", selector)


@pytest.mark.parametrize(("theme", "size"), [("light", LAPTOP), ("dark", PHONE)])
def test_nothing_is_asked_of_a_network_and_nothing_goes_wrong(browser, address, theme, size):
    browser.get_log("performance")
    look(browser, address, theme, size)
    assert complaints(browser) == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    # the browser's own first page asks, too
    urls = [request["request"]["url"] for request in asked if request["documentURL"] == address]
    assert address in urls and not [url for url in urls if url != address and not url.startswith(("data:", "blob:"))]
    missing = browser.execute_script(
        "return [...document.images].filter((image) => !(image.complete && image.naturalWidth)).length"
    )
    assert missing == 0
    shown = browser.execute_script(
        "return [...document.querySelectorAll('.plot')].filter((plot) => plot.offsetWidth).map((plot) => "
        "plot.querySelectorAll('.main-svg').length > 0)"
    )
    assert len(shown) >= 6 and all(shown)


def test_the_policy_forbids_what_got_in_unescaped(browser, address):
    look(browser, address)
    browser.execute_script(
        "const script = document.createElement('script'), image = new Image();"
        "script.textContent = 'window.hacked = 1'; image.src = 'https://example.org/a.png';"
        "document.body.append(script, image)"
    )
    settle(browser)
    assert browser.execute_script("return window.hacked") is None
    refused = "".join(complaints(browser))
    assert "script-src" in refused and "img-src" in refused


def test_names_appear_as_text_in_charts(browser, address):
    look(browser, address)
    labels = browser.execute_script("return [...document.querySelectorAll('svg text')].map((text) => text.textContent)")
    assert any("<script>alert(1)</" in label for label in labels) and any('a "b" & <b>' in label for label in labels)
    assert browser.execute_script("return document.querySelectorAll('svg text a, svg script').length") == 0


def test_hovering_over_a_chart_names_what_is_there(browser, address):
    look(browser, address)
    webdriver.ActionChains(browser).move_to_element(
        find(browser, "#confusion .nsewdrag")[0]
    ).perform()  # the middle one of 3 x 3 cells
    settle(browser)
    text = browser.execute_script("return document.querySelector('#confusion .hoverlayer').textContent")
    assert (
        'true ★ 10 a "b" & <b>bold</b>' in text
        and 'answered ★ 10 a "b" & <b>bold</b>' in text
        and text.rstrip().endswith("9")
    )


def test_sorting(browser, address):
    look(browser, address)
    cells = "return [...document.querySelectorAll('#class-f1 tbody tr')].map((row) => row.cells[%d].textContent)"
    head = find(browser, "#class-f1 th[aria-sort]")
    before = browser.execute_script(cells % 0)
    find(browser, "#class-f1 th button")[0].click()
    names = browser.execute_script(cells % 0)
    assert sorted(names) == sorted(before) and head[0].get_attribute("aria-sort") == "ascending"
    assert names.index(f"x {CLASSES['x']}") in (0, 2)  # ★ 7 and ★ 10 stand together, 7 before 10
    assert names.index("★ 7 <script>alert(1)</script>") < names.index('★ 10 a "b" & <b>bold</b>')
    find(browser, "#class-f1 th button")[2].send_keys(" ")  # by keyboard
    scores = [float(text) for text in browser.execute_script(cells % 2)]
    assert scores == sorted(scores, reverse=True)
    assert [one.get_attribute("aria-sort") for one in head] == ["none", "none", "descending", "none"]
    find(browser, "#class-f1 th button")[2].click()
    assert [float(text) for text in browser.execute_script(cells % 2)] == sorted(scores)


def test_the_confusion_matrix_can_be_switched(browser, address):
    look(browser, address)
    browser.execute_script("document.querySelector('#confusion').scrollIntoView()")
    for condition, unit in (("test_like", "counts"), ("clean", "counts"), ("clean", "shares")):
        for value in (condition, unit):
            browser.execute_script("arguments[0].click()", find(browser, f"#confusion input[value='{value}']")[0])
        settle(browser)
        seen = [
            box.get_attribute("data-shown") for box in find(browser, "#confusion [data-shown]") if box.is_displayed()
        ]
        assert seen == [f"{condition} {unit}"]
        assert (
            browser.execute_script(
                "return document.querySelector('#confusion [data-shown]:not([hidden]) .main-svg').clientWidth"
            )
            > 200
        )


def test_charts_follow_the_theme(browser, address):
    look(browser, address)
    colour = "return getComputedStyle(document.querySelector('#folds .xtick text')).fill"
    light = browser.execute_script(colour)
    switch_theme(browser, "dark")
    settle(browser)
    assert browser.execute_script(colour) != light and complaints(browser) == []


@pytest.mark.parametrize("width", [320, 390])
def test_the_page_never_scrolls_sideways(browser, address, width):
    look(browser, address, size=(width, 844))
    browser.execute_script("document.querySelectorAll('details').forEach((box) => { box.open = true })")
    settle(browser)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    wide = (
        "return [...document.querySelectorAll('.wide')].filter((box) => box.scrollWidth > box.clientWidth && "
        "box.tabIndex < 0).length"
    )
    assert browser.execute_script(wide) == 0


def test_the_first_tab_stop_leads_past_the_navigation(browser, address):
    look(browser, address)
    browser.execute_script("document.body.focus()")
    webdriver.ActionChains(browser).send_keys("\ue004").perform()  # tab
    assert browser.switch_to.active_element.text == "Skip to the content"
    webdriver.ActionChains(browser).send_keys("\ue007").perform()  # enter
    assert browser.switch_to.active_element.tag_name == "main"


@pytest.mark.parametrize(("theme", "size"), [("light", LAPTOP), ("dark", PHONE)])
def test_axe_finds_no_serious_violation(browser, address, theme, size):
    look(browser, address, theme, size)
    browser.execute_script("document.querySelectorAll('details').forEach((box) => { box.open = true })")
    serious, passes = axe(browser)
    assert serious == [] and passes > 15


def shown_image(browser) -> str:
    return find(browser, "#embedding-tile")[0].value_of_css_property("background-image")


def test_hovering_over_the_map_shows_the_image_and_its_names_as_text(browser, address):
    look(browser, address)
    assert shown_image(browser) == "none"
    browser.execute_script(
        "document.getElementById('embedding-plot').scrollIntoView({behavior: 'instant', block: 'center'})"
    )
    # behind three classes of test images: of training images
    point = find(browser, "#embedding-plot .trace:nth-of-type(4) .point")[0]
    webdriver.ActionChains(browser).move_to_element(point).perform()
    settle(browser)
    assert shown_image(browser).startswith('url("data:image/webp')
    id, text = find(browser, "#embedding-words")[0].text.rsplit(": ", 1)
    data = json.loads(find(browser, "#embedding-data")[0].get_attribute("textContent"))
    place = data["ids"].index(id)
    kind = "test image, predicted" if data["tests"][place] else "training image, labelled"
    assert text == f"{kind} {data['names'][data['classes'][place]]}"
    assert find(browser, "#embedding-tile")[0].get_attribute("aria-label") == f"Image {id}"


def test_the_map_can_be_used_with_the_keyboard(browser, address):
    look(browser, address, "dark", PHONE)
    chosen = find(browser, ".embedding-legend button")[1]
    chosen.send_keys("\ue007")  # Enter
    settle(browser)
    assert chosen.get_attribute("aria-pressed") == "true"
    find(browser, "#embedding-on")[0].send_keys("\ue007")
    first = find(browser, "#embedding-words")[0].text
    find(browser, "#embedding-on")[0].send_keys("\ue007")
    second = find(browser, "#embedding-words")[0].text
    find(browser, "#embedding-back")[0].send_keys("\ue007")
    assert first != second and first == find(browser, "#embedding-words")[0].text
    assert all('10 a "b" & <b>bold</b>' in words for words in (first, second)) and shown_image(browser) != "none"
    chosen.send_keys("\ue007")
    assert chosen.get_attribute("aria-pressed") == "false"
