"""Headless Chromium for tests of pages: started, shown a theme and a size, asked by axe-core."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

BINARIES = [shutil.which(name) for name in ("chromium", "chromedriver")]
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
LAPTOP, PHONE = (1280, 900), (390, 844)


@contextmanager
def headless(**logs: str) -> Iterator:
    """Yield a driver of headless Chromium; logs: goog:loggingPrefs. Skips the test where something isn't installed."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium, of the extra `test`, is not installed")
    if not all(BINARIES):
        pytest.skip("chromium or chromedriver is not installed (Debian: chromium, chromium-driver)")
    options, service = webdriver.ChromeOptions(), webdriver.ChromeService(BINARIES[1])
    options.binary_location = BINARIES[0]
    options.set_capability("goog:loggingPrefs", logs)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options, service)
        driver.set_script_timeout(60)
        yield driver
        driver.quit()


def switch_theme(browser, theme: str) -> None:
    """Ask for a theme, and for no motion: a page that still scrolls can't be clicked on."""
    wanted = {"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"}
    features = [{"name": name, "value": value} for name, value in wanted.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def set_size(browser, size: tuple[int, int]) -> None:
    """Show pages at width and height, in CSS pixels; at PHONE's as a phone does."""
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def axe(browser) -> tuple[list, int]:
    """Return axe-core's serious violations of the page, and how many rules it passes."""
    package = find_spec("axe_playwright_python")
    if package is None:
        pytest.skip("axe-playwright-python, of the extra `test`, is not installed: it brings axe-core")
    source = (Path(package.origin).parent / "axe.min.js").read_text(encoding="utf-8")
    browser.execute_cdp_cmd("Runtime.evaluate", {"expression": source})  # the page's policy would forbid a script
    found = browser.execute_async_script("const done = arguments[0]; axe.run().then(done)")
    serious = [
        (one["id"], one["impact"], [node["html"][:200] for node in one["nodes"]][:5])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    return serious, len(found["passes"])
