"""The page in headless Chromium: drop, answer, heat map, correction; hostile names and files; both themes, a phone."""

import os
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from makers.browser import LAPTOP, PHONE, axe, headless, set_size, switch_theme
from makers.pdfs import picture_pdf
from makers.project import project  # noqa: F401
from makers.serving import HEAT_SIZE, serving
from PIL import Image

from competition.labels.corrections import read_corrections
from competition.web.limits import Limits

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=window.hacked=1>.png"


@pytest.fixture(scope="module")
def browser():
    with headless(browser="ALL") as driver:
        yield driver


@pytest.fixture(scope="module")
def address(project):  # noqa: F811
    before = Path.cwd()
    os.chdir(project)
    try:
        with serving(project / "data/corrections", Limits(), "lite0") as server:
            yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def files(project, tmp_path_factory) -> list[Path]:  # noqa: F811
    """A page, one with a hostile name, a PDF of two pages, and what is no image."""
    folder = tmp_path_factory.mktemp("files")
    for n, name in ((1, "page.png"), (2, HOSTILE)):
        shutil.copy(project / f"data/raw/test/t{n}.png", folder / name)
    pages = [Image.open(project / f"data/raw/test/t{n}.png").convert("RGB") for n in (1, 2)]
    (folder / "letter.pdf").write_bytes(picture_pdf(*pages))
    (folder / "notes.jpg").write_bytes(b"no image")
    return [folder / name for name in ("page.png", HOSTILE, "letter.pdf", "notes.jpg")]


def look(browser, address: str, theme: str = "light", size: tuple[int, int] = LAPTOP) -> None:
    switch_theme(browser, theme)
    set_size(browser, size)
    browser.get(address)
    wait(browser, lambda: browser.find_element("id", "limits").text)


def wait(browser, done) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 30).until(lambda _: done())


def choose(browser, files: list[Path]) -> list:
    browser.find_element("id", "files").send_keys("\n".join(map(str, files)))
    status = browser.find_element("id", "status")
    wait(browser, lambda: status.text.startswith(f"{len(files)} of {len(files)} done"))
    return browser.find_elements("css selector", ".card")


REPLIES = """
const real = window.fetch, replies = arguments[0];
window.fetch = (...asked) => replies.length ? Promise.resolve(new Response(...replies.shift())) : real(...asked);
"""


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (413, "the proxy refused it (413): the file is larger than it takes"),
        (502, "a proxy answered in the service's place (status 502); does `python -m pipelines.serve` still run?"),
        (200, "a proxy answered in the service's place (status 200)"),
    ],
)
def test_what_a_proxy_answers_is_said(browser, address, files, status, words):
    look(browser, address)
    browser.execute_script(REPLIES, [["<html><h1>Sorry</h1></html>", {"status": status}]])
    cards = choose(browser, files[:2])
    assert words in cards[0].text and cards[1].find_element("css selector", ".answer").text


def test_a_busy_proxy_is_asked_again(browser, address, files):
    look(browser, address)
    browser.execute_script(REPLIES, [["<html>Busy</html>", {"status": 503}]])
    assert choose(browser, files[:1])[0].find_element("css selector", ".answer").text


def complaints(browser) -> list[str]:
    found = [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    return [text for text in found if "status of 415" not in text]


def test_answers_heat_maps_and_refusals(browser, address, files):
    complaints(browser)
    look(browser, address)
    cards = choose(browser, files)
    assert [card.find_element("css selector", "h2").text for card in cards] == [file.name for file in files]
    for card in cards[:3]:
        assert card.find_element("css selector", ".answer").text in ("7 bright", "10 dark", "x striped")
        assert card.find_element("css selector", ".mark").text in ("sure", "unsure")
        assert "%" in card.text and "runner-up" in card.text and "Pink lies on" in card.text
        sizes = browser.execute_script(
            "return [...arguments[0].querySelectorAll('img')].map((image) => image.naturalWidth)", card
        )
        assert sizes == [HEAT_SIZE, HEAT_SIZE]
    assert "no image" in cards[3].find_element("css selector", ".error").text
    assert browser.find_element("id", "status").text.endswith("1 refused")
    assert browser.execute_script("return window.hacked") is None and complaints(browser) == []


def test_files_are_dropped(browser, address, files):
    look(browser, address)
    browser.execute_async_script(
        "const done = arguments[0], data = new DataTransfer();"
        "const canvas = new OffscreenCanvas(40, 50); canvas.getContext('2d').fillRect(0, 0, 20, 50);"
        "canvas.convertToBlob().then((blob) => { data.items.add(new File([blob], '../../drawn.png'));"
        "document.getElementById('drop').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true}));"
        "done(); })"
    )
    wait(browser, lambda: browser.find_elements("css selector", ".answer"))
    assert browser.find_element("css selector", ".card h2").text.endswith("drawn.png")


def test_files_beyond_those_that_a_page_takes_are_counted(browser, address):
    look(browser, address)
    status = browser.find_element("id", "status")
    for dropped, left in ((203, 3), (2, 5)):
        browser.execute_script(
            "const data = new DataTransfer();"
            "for (let n = 0; n < arguments[0]; n++) data.items.add(new File(['no image'], `${n}.jpg`));"
            "document.getElementById('drop').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true}))",
            dropped,
        )
        assert f"{left} left out: a page takes 200 files" in status.text
        wait(browser, lambda: status.text.startswith("200 of 200 done"))
        assert f"200 refused, {left} left out: a page takes 200 files" in status.text
    assert len(browser.find_elements("css selector", ".card")) == 200


def test_a_correction_is_kept(browser, address, files):
    look(browser, address)
    card = choose(browser, files[1:2])[0]
    card.find_element("css selector", "option[value='10']").click()
    card.find_element("css selector", "form button").click()
    wait(browser, lambda: "Kept in" in card.text)
    assert "as 10 dark: 1 in all" in card.text
    card.find_element("css selector", "option[value='x']").click()
    assert "Kept in" not in card.text
    card.find_element("css selector", "form button").click()
    wait(browser, lambda: "as x striped, replaces 10 dark: 1 in all" in card.text)
    id = sha256(files[1].read_bytes()).hexdigest() + ".png"
    assert read_corrections("data/corrections")[id] == "x"
    assert Path("data/corrections", id).read_bytes() == files[1].read_bytes()
    assert {path.name for path in Path("data/corrections").iterdir()} <= {id, ".lock", "corrections.csv"}


def test_a_pdf_is_answered_by_its_pages_and_one_is_kept(browser, address, files):
    look(browser, address)
    card = choose(browser, files[2:3])[0]
    assert card.find_element("css selector", "summary").text == "The 2 pages"
    card.find_element("css selector", "summary").click()
    pages = card.find_elements("css selector", "details li")
    assert [page.get_attribute("value") for page in pages] == ["1", "2"] and all("%" in page.text for page in pages)
    shown = card.find_element("css selector", "figcaption").text
    assert shown in ("page 1", "page 2")
    card.find_element("css selector", "option[value='x']").click()
    button = card.find_element("css selector", "form button")
    assert button.text == f"Keep {shown} for training"
    before = read_corrections("data/corrections")
    button.click()
    wait(browser, lambda: "Kept in" in card.text)
    [id] = {*read_corrections("data/corrections")} - {*before}
    assert id.endswith(".png") and read_corrections("data/corrections")[id] == "x"
    assert complaints(browser) == []


@pytest.mark.parametrize(("theme", "size"), [("light", LAPTOP), ("dark", PHONE)])
def test_it_is_accessible_and_never_scrolls_sideways(browser, address, files, theme, size):
    look(browser, address, theme, size)
    choose(browser, files)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]
    serious, passes = axe(browser)
    assert serious == [] and passes > 15
    browser.get(address + "api")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]
    assert axe(browser)[0] == []
