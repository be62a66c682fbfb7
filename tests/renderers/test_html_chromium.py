"""The HTML report in headless Chromium: quiet, sorted, filtered and opened by mouse and keyboard, themed, printed."""

import json

import pytest
from chromium import Chromium, found
from html_runs import sixty_layers

from mcusim.renderers import html

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(found() is None, reason="no Chromium is installed: apt-get install chromium"),
]

FIRST_CELLS = "[...document.querySelectorAll('tr.layer')].map(row => row.cells[COLUMN].textContent.trim())"
OPEN = "document.querySelectorAll('#layer-table details[open]').length"
SHOWN = "[...document.querySelectorAll('#layer-table > tbody')].filter(body => !body.hidden).map(body => body.id)"
FOCUSED = "document.activeElement.closest('th')?.textContent ?? document.activeElement.tagName"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Chromium(tmp_path_factory.mktemp("profile")) as one:
        yield one


@pytest.fixture(scope="module")
def page_of(tmp_path_factory):
    """A run's page as a file."""
    folder = tmp_path_factory.mktemp("pages")

    def written(run):
        path = folder / f"{run.model.name}-{run.fits}-{len(run.layers)}-{run.totals.instructions}.html"
        path.write_text(html.render(run), encoding="utf-8")
        return path

    return written


@pytest.fixture
def report(browser, page_of, example_run):
    """The browser with the example's page, as it is when opened."""
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    browser.media()
    browser.resize(1280, 900)
    browser.open(page_of(example_run))
    return browser


def column(report, number):
    return report.run(FIRST_CELLS.replace("COLUMN", str(number)))


def numbers(texts):
    return [int(one.replace(",", "")) for one in texts]


def test_it_is_quiet_and_asks_for_nothing(
    browser, page_of, example_run, bad_run, estimated_run, planned_run, record_property
):
    runs = {"60 layers": sixty_layers(example_run), "a run": example_run, "bad": bad_run}
    for name, run in {**runs, "estimated": estimated_run, "planned": planned_run}.items():
        path = page_of(run)
        browser.open(path)
        assert browser.requests() == [path.as_uri()]
        assert browser.messages() == []
        took = browser.run("performance.getEntriesByType('navigation')[0].loadEventEnd")
        record_property(f"load of {name} in ms", took)
        print(f"{name}: {path.stat().st_size:,} bytes, loaded in {took:.0f} ms")  # shown by pytest -s; no limit of time


def test_sorted_by_mouse(report, example_run):
    report.click("#layer-table th:nth-child(6) button")
    cycles = numbers(column(report, 5))
    assert cycles == sorted((layer.cycles for layer in example_run.layers), reverse=True)
    assert report.run("document.querySelector('#layer-table th:nth-child(6)').ariaSort") == "descending"
    assert "sorted by Cycles, descending" in report.run("document.getElementById('status').textContent")
    report.click("#layer-table th:nth-child(6) button")
    assert numbers(column(report, 5)) == sorted(cycles)
    report.click("#layer-table th:nth-child(2) button")
    assert column(report, 1) == sorted(column(report, 1), key=str.lower)
    report.click("#layer-table th:nth-child(5) button")  # MACs, unknown for some
    assert column(report, 4)[-1] == "–" and column(report, 4)[0] == "512,000"
    report.click("#layer-table th:nth-child(1) button")
    assert numbers(column(report, 0)) == list(range(len(example_run.layers)))


def test_sorted_and_opened_by_keyboard(report, example_run):
    report.run("document.getElementById('expand').focus()")
    report.tab()  # the table, which scrolls alone
    for _ in range(6):
        report.tab()
    assert report.run(FOCUSED) == "Cycles"
    report.enter()
    assert numbers(column(report, 5))[0] == max(layer.cycles for layer in example_run.layers)
    for _ in range(8):
        report.tab()
    assert report.run(FOCUSED) == "SUMMARY" and report.run(OPEN) == 0
    report.enter()
    assert report.run(OPEN) == 1
    outline = report.run("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "the focus cannot be seen"


def test_the_first_tab_leads_past_the_links(report):
    report.tab()
    assert report.run("document.activeElement.textContent") == "Skip to the report"
    assert report.run("document.activeElement.getBoundingClientRect().left") >= 0
    report.enter()
    assert report.run("location.hash") == "#main"


def test_rows_open_by_mouse_alone_and_together(report, example_run):
    report.click("#layer-2 tr.layer td:nth-child(6)")
    assert report.run("document.querySelector('#layer-2 details').open") is True
    assert report.run(OPEN) == 1
    assert report.run("document.querySelector('#layer-2 pre.code').offsetHeight") > 0
    report.click("#expand")
    assert report.run(OPEN) == len(example_run.layers)
    report.click("#expand")
    assert report.run(OPEN) == 0
    report.click("#cycles a")
    hottest = max(example_run.layers, key=lambda layer: (layer.cycles, -layer.index))
    assert report.run(f"document.querySelector('#layer-{hottest.index} details').open") is True


def test_filtered(report):
    report.run("document.getElementById('filter').focus()")
    report.call("Input.insertText", text="DEPTH layer_1/")
    assert report.run(SHOWN) == ["layer-1"]
    assert "1 of 13 layers" in report.run("document.getElementById('status').textContent")
    report.run("document.getElementById('filter').select()")
    report.call("Input.insertText", text="nothing like it")
    assert report.run(SHOWN) == []


def test_light_and_dark(report):
    ground = "getComputedStyle(document.body).backgroundColor"
    pressed = "document.getElementById('theme').ariaPressed"
    light = report.run(ground)
    report.click("#theme")
    dark = report.run(ground)
    assert dark != light and report.run(pressed) == "true"
    report.click("#theme")
    assert report.run(ground) == light and report.run(pressed) == "false"
    report.media("dark")
    assert report.run(ground) == light, "the button was pressed: it decides"
    report.run("delete document.documentElement.dataset.theme")
    assert report.run(ground) == dark


def test_printed_with_everything_open(report):
    page = report.pdf()
    assert page.startswith(b"%PDF-") and page.count(b"/Type /Page\n") >= 4
    assert report.run(OPEN) == 0
    report.media(kind="print")
    heights = report.run("[...document.querySelectorAll('#layer-table .inner')].map(one => one.offsetHeight)")
    assert min(heights) > 0, "not all details are printed without JavaScript"
    assert report.run("document.querySelector('nav').offsetHeight") == 0


def test_a_narrow_screen_scrolls_down_only(report):
    report.resize(400, 800)
    assert report.run("document.documentElement.scrollWidth") == 400
    assert report.run("document.querySelector('#layer-table').offsetWidth") <= 400


def test_readable_without_javascript(browser, page_of, example_run):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        path = page_of(example_run)
        browser.call("Page.navigate", url=path.as_uri())
        browser.call("DOM.enable")
        named = browser.named_when(("heading", "Layers"))
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    roles = [role for role, _ in named]
    assert roles.count("rowheader") >= len(example_run.layers)
    assert "searchbox" not in roles and "button" not in roles, "controls that do nothing are shown"
    assert roles.count("DisclosureTriangle") >= len(example_run.layers)


def test_what_a_screen_reader_is_told(report, example_run):
    named = report.named()
    for wanted in (
        ("banner", ""),
        ("navigation", "Parts of the report"),
        ("main", ""),
        ("contentinfo", ""),
        ("searchbox", "Filter"),
        ("button", "Expand all"),
        ("button", "Dark"),
        ("region", "Layers"),
        ("region", "Verdict"),
        ("heading", "Layers"),
    ):
        assert wanted in named, f"{json.dumps(named[:80])} lacks {wanted}"
    tables = [name for role, name in named if role == "table"]
    assert any("13 layers in order of execution" in name and "not validated" in name for name in tables)
    headers = [name for role, name in named if role == "columnheader"]
    assert {"#", "Operator", "Cycles", "Share", "Exact"} <= set(headers)
    pictures = [name for role, name in named if role == "image"]
    assert any(name.startswith("Cycles by cause: issue 64") for name in pictures)
    assert any(name.startswith("The arena's head over time") for name in pictures)
    assert all(pictures)
