"""The published results in a browser: at two widths, from disk and from a server, by mouse and by keyboard."""

import json
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import axe_core_python
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from benchmark.report.publish import PUBLISHED
from benchmark.report.site.__main__ import build
from benchmark.report.site.results import Profile, profiles_in

ROOT = Path(__file__).parents[4]
EXPERIMENTS = ("fig09_hyperspectral", "tab02_nmf_images")
PAGE = "public-cpu/fig09_hyperspectral.html"
PAGES = (
    "index.html",
    PAGE,
    "public-cpu/tab02_nmf_images.html",
    "methods/index.html",
    "methods/svd.html",
    "data/samson.html",
)
WIDTHS = (1280, 390)
BROWSER, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")

pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="there is no chromium or chromedriver: apt-get install chromium chromium-driver"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site of two published experiments."""
    [profile] = [own for own in profiles_in(ROOT / PUBLISHED) if own.name == "public-cpu"]
    out = tmp_path_factory.mktemp("pages") / "sub" / "site"
    build([Profile(profile.name, {name: profile.results[name] for name in EXPERIMENTS})], out)
    return out


@pytest.fixture(scope="module")
def browser():
    """Start a browser that writes down what it asks for and what it complains of."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def served(site):
    """Serve the folder above the site, so that it lies under a path; return the address of the site."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site.parents[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/sub/site"
    server.shutdown()


def opened(browser, address, width=1280):
    """Open a page at a width and wait until its tables and the plots in view stand."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(address)
    script = """return [...document.querySelectorAll('table.results')].every(own => own.closest('.dt-container'))
      && [...document.querySelectorAll('.plot')].every(
        own => own.getBoundingClientRect().top > innerHeight + 300 || own.querySelector('svg'))"""
    WebDriverWait(browser, 20).until(lambda _: browser.execute_script(script))
    return browser


def rows_of(browser):
    """Return the labels of the visible rows of the table of all methods."""
    return browser.execute_script(
        "return [...document.querySelectorAll('#results button.open')].map(own => own.textContent)"
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_scrolls_sideways_complains_or_asks_a_network(browser, site, served, width):
    browser.get_log("browser"), browser.get_log("performance")
    for name in PAGES:
        address = f"{served}/{name}" if width == WIDTHS[0] else (site / name).as_uri()
        opened(browser, address, width)
        browser.execute_script("scrollTo(0, document.body.scrollHeight)")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, name
    assert [own["message"] for own in browser.get_log("browser")] == []
    sent = [json.loads(own["message"])["message"] for own in browser.get_log("performance")]
    asked = {own["params"]["request"]["url"] for own in sent if own["method"] == "Network.requestWillBeSent"}
    allowed = (served, site.as_uri(), "data:", "blob:")
    assert asked
    assert [url for url in asked if not url.startswith(allowed)] == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_a_serious_fault_of_accessibility(browser, site, name):
    opened(browser, (site / name).as_uri())
    browser.execute_script(AXE)
    found = browser.execute_async_script("const done = arguments[0]; axe.run(document).then(done)")
    serious = [own for own in found["violations"] if own["impact"] in ("serious", "critical")]
    assert [(own["id"], own["nodes"][0]["html"][:200]) for own in serious] == []


def test_the_table_sorts_searches_and_filters(browser, site):
    opened(browser, (site / PAGE).as_uri())
    whole = rows_of(browser)
    assert whole[0] == "DeepTensor taught (ours)"
    assert "Clean" not in whole
    browser.find_element(By.XPATH, "//table[@id='results']//th[contains(., 'Time [s]')]").click()
    WebDriverWait(browser, 10).until(lambda _: rows_of(browser) != whole)  # it sorts when it has drawn
    assert sorted(rows_of(browser)) == sorted(whole)
    browser.find_element(By.CSS_SELECTOR, "[data-switch=controls]").click()
    assert set(rows_of(browser)) - set(whole) == {"Noisy", "Clean", "SVD of the clean signal"}
    Select(browser.find_element(By.CSS_SELECTOR, "[data-filter=family]")).select_by_visible_text("total variation")
    assert set(rows_of(browser)) == {"LRTV", "TV, all three axes", "TV, each image"}
    browser.find_element(By.CSS_SELECTOR, ".dt-search input").send_keys("lrtv")
    assert rows_of(browser) == ["LRTV"]


def test_a_row_opens_by_keyboard_to_runs_parameters_and_log(browser, site):
    opened(browser, (site / PAGE).as_uri())
    button = browser.find_element(By.CSS_SELECTOR, "tr[data-name=svd-plus-one] button.open")
    browser.execute_script("arguments[0].focus()", button)
    button.send_keys(Keys.ENTER)
    text = browser.find_element(By.CSS_SELECTOR, ".opened").text
    assert "extra 1" in text
    assert "samson" in text
    assert "logs/public-cpu/fig09_hyperspectral/samson/photons-100/svd-plus-one/" in text
    assert button.get_attribute("aria-expanded") == "true"
    button.send_keys(Keys.ENTER)
    assert not browser.find_elements(By.CSS_SELECTOR, ".opened")


def test_lines_of_a_plot_are_switched_off(browser, site):
    opened(browser, (site / "public-cpu" / "tab02_nmf_images.html").as_uri())
    part = browser.find_element(By.CSS_SELECTOR, ".explore[data-plot=seconds]")
    browser.execute_script("arguments[0].scrollIntoView()", part)
    count = partial(browser.execute_script, "return arguments[0].querySelectorAll('.mark-line path').length", part)
    WebDriverWait(browser, 10).until(lambda _: count() > 0)
    before = count()
    part.find_element(By.CSS_SELECTOR, "input[value='DeepTensor NMF, ReLU']").click()
    WebDriverWait(browser, 10).until(lambda _: 0 < count() < before)
    part.find_element(By.CSS_SELECTOR, "button[data-all='']").click()
    WebDriverWait(browser, 10).until(lambda _: count() == 0)
