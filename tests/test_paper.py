"""The report, from a small run of every recipe, as files and as a browser shows it."""

import json
import re
import shutil
from html.parser import HTMLParser

import attrs
import pytest

from fnn import checkpoint
from recipes import book, digits
from recipes.book import Options, find, names
from recipes.claims import Claim
from recipes.paper import run
from recipes.recipe import Size
from recipes.report import Chapter, html, markdown
from recipes.sweep import SweepError
from recipes.wording import settings
from tests.test_kills import small  # noqa: F401


@pytest.fixture(scope="module")
def folder(small, tmp_path_factory):  # noqa: F811
    out = tmp_path_factory.mktemp("report")
    run(Options(quick=True, jobs=2, data=small, out=str(out)))
    return out / "paper"


@pytest.mark.parametrize("name", names)
def test_every_recipe_writes_its_result_parameters_and_figures(folder, name):
    out = folder.parent / name
    written = json.loads((out / "result.json").read_text())
    assert written["recipe"] == name
    assert len(written["seeds"]) == find(name).quick.runs
    assert set(written["data"]["sha256"]) in (set(digits.SHA256), set())  # some draw their own data from the key
    assert {"python", "numpy", "fnn"} <= set(written["versions"])
    assert written["claims"]
    assert checkpoint.load(out / "parameters.npz").keys() == find(name).groups.keys()
    assert {path.suffix for path in out.iterdir()} == {".json", ".npz", ".png", ".svg"}


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_the_page_needs_nothing_else(folder):
    page = (folder / "index.html").read_text()
    tags = Tags(page).found
    assert not [tag for tag, _ in tags if tag in {"script", "link", "iframe"}]
    sources = [attributes["src"] for tag, attributes in tags if tag == "img"]
    assert len(sources) >= len(names)
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not re.search(r"""(src|href)=["']?(https?:)?//|url\(""", page)
    assert "verdicts marked (small)" in page
    assert re.search(r"-?\binf\b", re.sub(r"base64,[^\"]*", "", page)) is None


def test_every_claim_has_a_verdict_in_the_first_table(folder):
    page, text = (folder / "index.html").read_text(), (folder / "report.md").read_text()
    table = page[page.index('<table id="claims">') : page.index("<section")]
    for name in names:
        assert f'href="#{name}"' in table
        assert f"## {name}" in text
    verdicts = re.findall(r'class="verdict (\w+)">\1(| \(small\))<', table)
    assert len(verdicts) == table.count("<tr>") - 1 >= 2 * len(names) - 4
    marked = sum(mark != "" for _, mark in verdicts)
    assert text.count("(small) |") == marked
    points = [find(name) for name in names if find(name).quick == find(name).paper]  # they draw their own points
    assert len(verdicts) - marked == sum(2 + (recipe.name.startswith("linear")) for recipe in points)


def test_provenance_has_a_row_for_every_recipe(folder):
    page, text = (folder / "index.html").read_text(), (folder / "report.md").read_text()
    origins = page[page.index('<table id="origins">') :]
    for name in names:
        (row,) = re.findall(rf"<tr><td>{name}</td>(.*?)</tr>", origins)
        assert re.search(r"[\d,.]+ s in all, median [\d,.]+ s</td>", row)
        assert " of seed 0" in row
    for name in digits.SHA256:
        assert f"SHA-256 of {name}" in text
    assert "drawn from the keys" in origins


def test_the_markdown_shows_pictures_that_are_there(folder):
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", (folder / "report.md").read_text())
    assert len(pictures) >= len(names)
    files = [(folder / picture).read_bytes() for picture in pictures]
    assert all(png.startswith(b"\x89PNG") and int.from_bytes(png[16:20]) == 1000 for png in files)  # pixels wide
    assert {folder / picture for picture in pictures} == set((folder / "figures").iterdir())
    assert sum(map(len, files)) < 2_500_000


@pytest.mark.skipif(not shutil.which("chromedriver"), reason="needs Chromium and its driver")
@pytest.mark.parametrize("width", [390, 1280], ids=["phone", "desk"])
def test_a_browser_shows_it_whole(folder, width, tmp_path):
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    for flag in f"{flags} --disable-component-update --disable-sync --user-data-dir={tmp_path}".split():
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as browser:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get((folder / "index.html").as_uri())
        images = browser.execute_script("return [...document.images].map(i => [i.complete, i.naturalWidth, i.width])")
        assert images
        assert all(complete and natural > 0 and 0 < shown <= max(width, 640) for complete, natural, shown in images)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
        assert len(browser.find_elements("css selector", "#claims tbody tr")) >= len(names)
        browser.save_screenshot(str(tmp_path / "page.png"))


def test_text_is_escaped_and_a_reason_stands_where_a_claim_fails():
    claims = [Claim("a < b | c", "x & y", "fails", "because"), Claim("d", "e", "holds", "unsaid")]
    chapter = Chapter(find("mnist"), find("mnist").paper, {}, claims, ["1 < 2"])
    page, text = html([chapter], {"seed": "<0>"}), markdown([chapter], {"seed": "0"})
    assert "a &lt; b | c" in page
    assert "x &amp; y. Reason: because" in page
    assert "unsaid" not in page
    assert "&lt;0&gt;" in page
    assert "a < b \\| c" in text
    assert "small" not in text
    assert "| mnist | a < b \\| c | the paper, figure 5 | x & y. Reason: because | fails |" in text


def test_settings_say_what_is_shared_and_what_varies():
    words = settings(find("batch_size"), Size(15))
    assert "batches of 8, 16, 32, 64, 128 or 256; up to 50 epochs; patience 5" in words
    assert "hidden layers of 64-32 neurons; ReLU units" in words
    assert words.endswith("15 runs of each")
    assert "up to 1 epoch; patience 5; the first 5 training examples; 1 run of each" in settings(
        find("batch_size"), Size(1, 1, 5)
    )
    assert not any("_" in settings(find(name), find(name).paper) for name in names)


def brief(**changes):
    """A recipe of one run of `mnist`, without anything to conclude."""
    return attrs.evolve(find("mnist"), claims=lambda results, data: [Claim("It ran.", "yes", "holds")], **changes)


def failing(config, key, data, watch):
    raise ArithmeticError("no convergence")


def test_a_failing_recipe_leaves_the_others_their_chapters(small, tmp_path, monkeypatch, capsys):  # noqa: F811
    recipes = {"mnist": brief(), "broken": brief(name="broken", run=failing)}
    monkeypatch.setattr(book, "names", tuple(recipes))
    monkeypatch.setattr(book, "find", recipes.__getitem__)
    stale = tmp_path / "mnist" / "stale.png"
    stale.parent.mkdir()
    stale.write_bytes(b"of another day")
    with pytest.raises(SweepError, match="2 of 4 runs failed"):
        run(Options(quick=True, epochs=1, jobs=1, data=small, out=str(tmp_path)))
    page, text = ((tmp_path / "paper" / name).read_text() for name in ("index.html", "report.md"))
    assert "It ran." in page
    for written in (page, text):
        assert "2 runs failed, so that nothing can be shown or concluded" in written
        assert "no convergence" in written
        assert "batch_size" in written[written.index("so that nothing can be shown or concluded:") :]
        assert "stale" not in written
    assert [path.name for path in (tmp_path / "paper" / "figures").iterdir()] == ["mnist.png"]
