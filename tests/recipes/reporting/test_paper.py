"""The report of a small run of every recipe: its files, and the page in a browser."""

import json
import re
import shutil
from html import escape
from html.parser import HTMLParser

import attrs
import pytest
from matplotlib.figure import Figure

from fnn import checkpoint
from recipes.claims import Claim
from recipes.data import digits
from recipes.reporting import beyond
from recipes.reporting.markdown import anchor
from recipes.reporting.paper import FILES, paths_of, run
from recipes.reporting.report import CODE, PAPER
from recipes.running import catalogue, experiment, run_recipe
from recipes.running.catalogue import find, names, reported
from recipes.running.experiment import results_of
from recipes.running.plan import Options, plan
from recipes.running.sweep import SweepError
from tests.support.idx_files import write_noise


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_noise(tmp_path_factory.mktemp("digits"), n=240)


@pytest.fixture(scope="module")
def folder(small, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    options = Options(quick=True, jobs=2, data=small, out=str(out))
    run(options)
    beyond.RECIPE.run(options)
    return out / "paper"


NAMES = reported["paper"]
DRAWN = [name for name in NAMES if not find(name).cuts_off(find(name).quick)]


@pytest.mark.parametrize("name", names)
def test_every_recipe_writes_its_result_parameters_and_figures(folder, small, name):
    out = folder.parent / name
    assert list(out.glob("*.png")) == [] or name in DRAWN  # a quick report draws no trainings that were cut off
    if name not in DRAWN:
        data = small if find(name).load is digits.load else None
        run_recipe(find(name), Options(quick=True, jobs=1, data=data, out=str(folder.parent)))
    written = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert written["recipe"] == name
    assert len(written["seeds"]) == find(name).quick.runs
    assert set(written["data"]["sha256"]) in (set(digits.SHA256), set())  # some draw their own data from the key
    assert {"python", "numpy", "fnn"} <= set(written["versions"])
    assert written["claims"] or name == "convolution"  # whose one claim names a number of MNIST
    assert checkpoint.load(out / "parameters.npz").keys() == find(name).groups.keys()
    assert {path.suffix for path in out.iterdir()} == {".json", ".npz", ".png", ".svg"}
    assert min(path.stat().st_size for path in out.glob("*.png")) > 10_000


@pytest.mark.parametrize("name", [name for name in names if find(name).finding])
def test_the_findings_of_a_recipe_word_its_claims(folder, small, name, monkeypatch):
    data = small if find(name).load is digits.load else None
    made = plan(find(name), Options(quick=True, data=data, out=str(folder.parent)))
    if name != "interpolation":  # which would look for pairs of a 4 and a 9, of which there are too few
        monkeypatch.setattr(digits, "SHA256", dict(made.data.checksums))  # as if these were MNIST's digits
    claims = made.recipe.claims(results_of(made, paths_of(made)), made.data)
    for each in made.recipe.finding:
        assert sum(claim.statement.startswith(each.claim) for claim in claims) == 1


def test_the_experiments_beyond_the_paper_have_a_report_of_their_own(folder):
    assert set(NAMES) | set(reported["beyond"]) == set(names)
    assert {name for of_report in reported for name in reported[of_report]} == set(names)
    for report, (title, file) in FILES.items():
        text = (folder.parent / report / file).read_text(encoding="utf-8")
        assert text.startswith(f"# {title}\n")
        chapters = re.findall(r"^## (\w+)", text, re.MULTILINE)
        findings = ["Findings"] if report == "paper" else []  # of the experiments beyond it, none is judged
        assert chapters == [*findings, "Experiments", *reported[report], "How", "All", "Provenance"]
        figures = (folder.parent / report).glob("figures/*")
        assert {f"figures/{path.name}" for path in figures} == set(re.findall(r"!\[.*?\]\((.*?)\)", text))


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_the_page_needs_no_other_file(folder):
    page = (folder / "index.html").read_text(encoding="utf-8")
    tags = Tags(page).found
    assert not [tag for tag, _ in tags if tag in {"script", "link", "iframe"}]
    sources = [attributes["src"] for tag, attributes in tags if tag == "img"]
    assert len(sources) == 2 * len(DRAWN)  # each as it is, and small in the overview
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not re.search(r"""(src|href)=["']?(https?:)?//|url\(""", page)
    assert "verdicts marked (small)" in page
    assert re.search(r"-?\binf\b", re.sub(r"base64,[^\"]*", "", page)) is None


def test_every_claim_has_a_verdict_in_one_table_at_the_end(folder):
    page, text = (folder / "index.html").read_text(encoding="utf-8"), (folder / "report.md").read_text(encoding="utf-8")
    assert page.rindex("<section") < page.index('<table id="claims">')
    table = page[page.index('<table id="claims">') : page.index("<footer")]
    for name in NAMES:
        assert f'href="#{name}"' in table
        assert f"\n## {name}" in text
        (heading,) = re.findall(rf"^## ({name}(?: \(.*\))?)$", text, re.MULTILINE)
        assert f"[{name}](#{anchor(heading)})" in text
    verdicts = re.findall(r'class="verdict (\w+)">([^<]*)<', table)
    assert len(verdicts) == table.count("<tr>") - 1 >= 2 * len(NAMES) - 4
    judged = [words for kind, words in verdicts if kind != "unjudged"]
    assert text.count("| not judged |") == len(verdicts) - len(judged)
    points = [find(name) for name in NAMES if find(name).quick == find(name).paper]  # they draw their own points
    assert len(judged) == sum({"linear_regression": 3, "linear_classification": 4}.get(r.name, 2) for r in points)
    assert set(judged) <= {"holds", "fails", "no difference that matters", "undecided"}


def test_provenance_has_a_row_for_every_recipe(folder):
    page, text = (folder / "index.html").read_text(encoding="utf-8"), (folder / "report.md").read_text(encoding="utf-8")
    origins = page[page.index('<table id="origins">') :]
    for name in NAMES:
        (row,) = re.findall(rf"<tr><td>{name}</td>(.*?)</tr>", origins)
        assert re.search(r"[\d,.]+ s in all, median [\d,.]+ s</td>", row)
        assert re.search(r"<td>[0-9a-f]{12}</td>$", row)
        assert " of seed 0" in row
    for name in digits.SHA256:
        assert f"SHA-256 of {name}" in text
    assert "drawn from the keys" in origins
    assert re.search(r"\| report written \| on [\d-]+ in \d+ s, from \d+ trainings of .* in all \|", text)
    assert CODE in text


def test_the_markdown_shows_pictures_that_are_there(folder):
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", (folder / "report.md").read_text(encoding="utf-8"))
    assert pictures == [f"figures/{name}.png" for name in DRAWN]
    files = [(folder / picture).read_bytes() for picture in pictures]
    assert all(png.startswith(b"\x89PNG") and int.from_bytes(png[16:20]) == 1000 for png in files)  # pixels wide
    assert {folder / picture for picture in pictures} == set((folder / "figures").iterdir())
    assert sum(map(len, files)) < 2_500_000


def test_a_chapter_has_its_text_its_groups_and_its_claims(folder):
    page, text = (folder / "index.html").read_text(encoding="utf-8"), (folder / "report.md").read_text(encoding="utf-8")
    assert "whose gradients are summed: the paper's code sums them over a batch" in text
    assert "All is as in <code>xor</code>, with the same points" in page
    chapter = text[text.index("\n## optimizers") : text.index("\n## initializers")]
    assert re.search(r"^- SGD: test accuracy, IQM 0\.\d{4} \(2 runs\)$", chapter, re.MULTILINE)
    numbers = re.findall(
        r"^(\d)\. \*\*not judged\*\*: .* \*\(ours, after the paper\)\*<br>Measured: ", chapter, re.MULTILINE
    )
    assert numbers == [str(i) for i in range(1, len(numbers) + 1)]
    assert len(numbers) == 5
    section = page[page.index('<section id="optimizers"') : page.index('<section id="initializers"')]
    assert "Reason" not in chapter + section
    assert "the paper shows" not in text + page
    grid = text[text.index("\n## autoencoder_grid") : text.index("\n## reconstructions")]
    assert "- The pictures show the scores of all 50 networks." in grid
    assert "latent 64, depth 5" not in grid
    assert {name: find(name).paper.runs for name in NAMES if find(name).paper.runs < 5} == {"autoencoder_grid": 3}
    assert text.count(PAPER) == page.count(escape(PAPER)) == 1


@pytest.fixture(scope="module")
def browser(folder, tmp_path_factory):
    if not shutil.which("chromedriver"):
        pytest.skip("needs Chromium and its driver")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    profile = tmp_path_factory.mktemp("profile")
    for flag in f"{flags} --disable-component-update --disable-sync --user-data-dir={profile}".split():
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as browser:
        browser.get((folder / "index.html").as_uri())
        yield browser


def resize(browser, width, mobile=False):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": mobile}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


@pytest.mark.parametrize("width", [390, 1280], ids=["phone", "desk"])
def test_a_browser_shows_the_whole_page(browser, width, tmp_path):
    resize(browser, width, width < 500)
    browser.refresh()
    images = browser.execute_script("return [...document.images].map(i => [i.complete, i.naturalWidth, i.width])")
    assert images
    assert all(complete and natural > 0 and 0 < shown < width for complete, natural, shown in images)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    rows = len(browser.find_elements("css selector", "#claims tbody tr"))
    assert rows >= len(NAMES)
    tall = browser.execute_script("return document.querySelector('#claims').offsetHeight")
    assert tall / rows < 50  # pixels: 78 claims are less than five screens of a phone
    browser.save_screenshot(str(tmp_path / "page.png"))


def test_a_wide_screen_keeps_the_contents_in_sight_and_a_small_one_the_way_back(browser):
    for width, seen, hidden in ((390, ".back", "nav"), (1280, "nav", ".back")):
        resize(browser, width, width < 500)
        browser.execute_script("scrollTo(0, document.documentElement.scrollHeight / 2)")
        assert browser.find_element("css selector", seen).is_displayed()
        top = browser.execute_script(f"return document.querySelector('{seen}').getBoundingClientRect().top")
        assert 0 <= top < 900
        assert not browser.find_element("css selector", hidden).is_displayed()


def test_a_touch_enlarges_a_picture_on_a_phone_within_its_own_frame(browser):
    resize(browser, 390, True)
    browser.execute_script("document.querySelector('.picture').click()")
    try:
        shown, whole = browser.execute_script(
            "return [document.querySelector('.picture img').width, document.documentElement.scrollWidth]"
        )
        assert shown > 2 * 390
        assert whole == 390
    finally:
        browser.execute_script("document.querySelector('.picture').click()")


CUT = """return [...document.body.querySelectorAll("*")].filter(e =>
    e.getBoundingClientRect().right > innerWidth || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
).map(e => e.tagName + " " + e.className + ": " + e.textContent.slice(0, 60))"""


def test_nothing_is_cut_off_on_paper(browser):
    a4 = 718  # CSS pixels between margins of 1 cm
    resize(browser, a4)
    assert any(
        tag.startswith("DIV scroll") for tag in browser.execute_script(CUT)
    )  # a wide table can be scrolled on a screen
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert browser.execute_script(CUT) == []
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def brief(**changes):
    """A recipe of runs of `mnist` for one epoch, which do not count as cut off, without anything to conclude."""
    mnist = find("mnist")
    changes = {
        "groups": {"mnist": attrs.evolve(mnist.groups["mnist"], epochs=1)},
        "claims": lambda results, data: [Claim("It ran.", "yes", "holds")],
        "figures": lambda results, data: {"mnist": Figure(), "mnist_by_class": Figure()},
        **changes,
    }
    return attrs.evolve(mnist, **changes)


def failing(config, key, data):
    raise ArithmeticError("no convergence")


def test_the_last_experiments_whose_trainings_are_the_longest_begin_first(small, tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(experiment, "carry_out", lambda tasks, *_: begun.extend(task.trains for task in tasks))
    recipes = {"mnist": brief(), "later": brief(name="later", trains="later")}
    monkeypatch.setitem(catalogue.reported, "paper", tuple(recipes))
    monkeypatch.setattr(catalogue, "find", recipes.__getitem__)
    run(Options(quick=True, epochs=1, data=small, out=str(tmp_path)))
    assert begun == ["later", "later", "mnist", "mnist"]


def test_a_failing_recipe_leaves_the_others_their_chapters(small, tmp_path, monkeypatch, capsys):
    recipes = {"mnist": brief(), "broken": brief(name="broken", run=failing)}
    monkeypatch.setitem(catalogue.reported, "paper", tuple(recipes))
    monkeypatch.setattr(catalogue, "find", recipes.__getitem__)
    stale = tmp_path / "mnist" / "stale.png"
    stale.parent.mkdir()
    stale.write_bytes(b"of another day")
    with pytest.raises(SweepError, match="2 of 4 runs failed"):
        run(Options(quick=True, epochs=1, jobs=1, data=small, out=str(tmp_path)))
    page, text = ((tmp_path / "paper" / name).read_text(encoding="utf-8") for name in ("index.html", "report.md"))
    assert "It ran." in page
    for form in (page, text):
        assert "2 runs failed, so this experiment has no results" in form
        assert "no convergence" in form
        assert "epochs=1" in form[form.index("so this experiment has no results:") :]
        assert "stale" not in form
    drawn = ["mnist.png", "mnist_by_class.png"]
    assert sorted(path.name for path in (tmp_path / "paper" / "figures").iterdir()) == drawn
    made = sorted((tmp_path / "runs").iterdir())
    run(
        Options(
            quick=True, epochs=1, jobs=1, data=small, out=str(tmp_path), kept=True, gallery=str(tmp_path / "gallery")
        )
    )
    assert sorted((tmp_path / "runs").iterdir()) == made
    kept, gallery = tmp_path / "paper", tmp_path / "gallery"
    assert sorted(path.name for path in gallery.rglob("*")) == ["figures", *drawn, "report.md"]
    for name in ("report.md", "figures/mnist.png"):
        assert (gallery / name).read_bytes() == (kept / name).read_bytes()
    for form in ("index.html", "report.md"):
        text = (tmp_path / "paper" / form).read_text(encoding="utf-8")
        assert "It ran." in text
        assert "2 trainings have not been run yet, so this experiment has no results." in text
    assert " 1 experiment has no results." in text
    next(path for path in made if path.suffix == ".npz").write_bytes(b"damaged")
    run(Options(quick=True, epochs=1, jobs=1, data=small, out=str(tmp_path), kept=True))
    assert "1 training has not been run yet" in (tmp_path / "paper" / "report.md").read_text(encoding="utf-8")
