"""The report, from a small run of every recipe, as files and as a browser shows it."""

import json
import re
import shutil
from html.parser import HTMLParser
from io import BytesIO

import attrs
import numpy as np
import pytest
from PIL import Image

from fnn import checkpoint
from recipes.claims import Claim
from recipes.data import digits
from recipes.recipe import Size
from recipes.reporting.markdown import anchor, claims_table, markdown
from recipes.reporting.page import html
from recipes.reporting.paper import GALLERY, UNSEEN, WIDTH, run
from recipes.reporting.paper import small as small_picture
from recipes.reporting.report import CODE, ONE, Chapter, tally
from recipes.reporting.wording import SCORES, groups_in_brief, groups_in_words, settings
from recipes.running import catalogue
from recipes.running.catalogue import find, names
from recipes.running.plan import Options
from recipes.running.sweep import SweepError
from tests.recipes.running.test_kills import small  # noqa: F401


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
        assert f"\n## {name}" in text
        (heading,) = re.findall(rf"^## ({name}(?: \(.*\))?)$", text, re.MULTILINE)
        assert f"[{name}](#{anchor(heading)})" in text
    verdicts = re.findall(r'class="verdict (\w+)">\1(| \(small\))<', table)
    assert len(verdicts) == table.count("<tr>") - 1 >= 2 * len(names) - 4
    marked = sum(mark != "" for _, mark in verdicts)
    assert (
        text.count("| holds (small) |") + text.count("| fails (small) |") + text.count("| undecided (small) |")
        == marked
    )
    points = [find(name) for name in names if find(name).quick == find(name).paper]  # they draw their own points
    assert len(verdicts) - marked == sum(
        {"linear_regression": 3, "linear_classification": 4}.get(recipe.name, 2) for recipe in points
    )


def test_provenance_has_a_row_for_every_recipe(folder):
    page, text = (folder / "index.html").read_text(), (folder / "report.md").read_text()
    origins = page[page.index('<table id="origins">') :]
    for name in names:
        (row,) = re.findall(rf"<tr><td>{name}</td>(.*?)</tr>", origins)
        assert re.search(r"[\d,.]+ s in all, median [\d,.]+ s</td>", row)
        assert re.search(r"<td>[0-9a-f]{12}</td>$", row)
        assert " of seed 0" in row
    for name in digits.SHA256:
        assert f"SHA-256 of {name}" in text
    assert "drawn from the keys" in origins
    assert re.search(r"\| put together \| on [\d-]+ in \d+ s, from \d+ trainings of .* in all \|", text)
    assert CODE in text


def test_the_markdown_shows_pictures_that_are_there(folder):
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", (folder / "report.md").read_text())
    assert len(pictures) >= len(names)
    files = [(folder / picture).read_bytes() for picture in pictures]
    assert all(png.startswith(b"\x89PNG") and int.from_bytes(png[16:20]) == 1000 for png in files)  # pixels wide
    assert {folder / picture for picture in pictures} == set((folder / "figures").iterdir())
    assert sum(map(len, files)) < 2_500_000


def test_a_chapter_has_its_text_its_groups_and_its_claims(folder):
    page, text = (folder / "index.html").read_text(), (folder / "report.md").read_text()
    assert "whose gradients are summed: the paper's code sums them over a batch" in text
    assert "All is as in <code>xor</code>, with the same points" in page
    chapter = text[text.index("\n## optimizers") : text.index("\n## initializers")]
    assert re.search(r"^- SGD: test accuracy, IQM 0\.\d{4} \(2 runs\); the paper shows 0.91$", chapter, re.MULTILINE)
    numbers = re.findall(
        r"^(\d)\. \*\*undecided \(small\)\*\*: .* \*\(the paper, figure 9\)\*<br>Measured: ", chapter, re.MULTILINE
    )
    assert numbers == [str(i) for i in range(1, len(numbers) + 1)]
    assert len(numbers) == page.count("figure 9</td>") == page.count("(the paper, figure 9)</i>") > 5
    grid = text[text.index("\n## autoencoder_grid") : text.index("\n## reconstructions")]
    assert "- The pictures show the scores of all 50 networks." in grid
    assert "latent 64, depth 5" not in grid
    once = [name for name in names if find(name).paper.runs == 1]
    assert once == ["autoencoder_grid", "reconstructions", "latent_space", "interpolation"]
    assert text.count(ONE) == page.count(ONE) == len(once)


def test_the_table_for_the_readme_leads_to_the_gallery(folder):
    table, text = (folder / "claims.md").read_text(), (folder / "report.md").read_text()
    assert f"[mnist]({GALLERY}#mnist-figure-5): the paper, figure 5 |" in table
    assert table.replace(GALLERY, "") in text


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
def test_a_browser_shows_it_whole(browser, width, tmp_path):
    resize(browser, width, width < 500)
    browser.refresh()
    images = browser.execute_script("return [...document.images].map(i => [i.complete, i.naturalWidth, i.width])")
    assert images
    assert all(complete and natural > 0 and 0 < shown <= max(width, 640) for complete, natural, shown in images)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert len(browser.find_elements("css selector", "#claims tbody tr")) >= len(names)
    browser.save_screenshot(str(tmp_path / "page.png"))


CUT = """return [...document.body.querySelectorAll("*")].filter(e =>
    e.getBoundingClientRect().right > innerWidth || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
).map(e => e.tagName + " " + e.className + ": " + e.textContent.slice(0, 60))"""


def test_nothing_is_cut_off_on_paper(browser):
    a4 = 718  # CSS pixels between margins of 1 cm
    resize(browser, a4)
    assert any(tag.startswith("DIV scroll") for tag in browser.execute_script(CUT))  # which one can scroll on a screen
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert browser.execute_script(CUT) == []
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def written(*claims, lines=()):
    """The page and the Markdown of one chapter."""
    chapter = Chapter(find("mnist"), find("mnist").paper, {}, claims, lines)
    return html([chapter], {"seed": "<0>"}), markdown([chapter], {"seed": "0"})


def test_text_is_escaped_and_a_reason_stands_where_a_claim_fails():
    page, text = written(
        Claim("a < b | c", "x & y", "fails", "because"), Claim("d", "e", "holds", "unsaid"), lines=["1 < 2"]
    )
    assert "a &lt; b | c" in page
    assert "Measured: x &amp; y<br>Reason: because</li>" in page
    assert "<li>1 &lt; 2</li>" in page
    assert "unsaid" not in page + text
    assert "&lt;0&gt;" in page
    assert "small" not in text
    assert "| fails | a < b \\| c | [mnist](#mnist-figure-5): the paper, figure 5 |" in text
    assert (
        "\n1. **fails**: a < b | c *(the paper, figure 5)*<br>Measured: x & y<br>Reason: because\n2. **holds**: d"
        in text
    )


def test_a_reason_of_several_claims_is_said_once():
    fails = [
        Claim("a", "m", "fails", "so"),
        Claim("b", "m", "undecided", "so"),
        Claim("c", "m", "fails", "why"),
        Claim("d", "m", "fails", "so"),
        Claim("e", "too few runs: 2", "undecided", "so"),
    ]
    for form in written(*fails):
        assert form.count("Why claims 1, 2 and 4 do not hold: so.") == 1
        assert form.count("Why claim") == 1
        assert form.count("Reason: ") == 1
        assert "Reason: why" in form


def test_the_verdicts_are_counted():
    claims = [Claim("a", "", verdict) for verdict in ("holds", "holds", "fails")]
    for form in written(*claims):
        assert "3 claims: 2 hold, 1 fails, 0 are undecided." in form
    broken = Chapter(find("mnist"), find("mnist").paper, failures=["no convergence"])
    assert tally([broken]).endswith("Of 1 experiment there is none, since runs are lacking.")
    assert "| none | 1 run failed" in "".join(claims_table([broken]))


def of(*values, name="mnist", score="test_accuracy"):
    return {name: [{"scores": {score: value}} for value in values]}


def test_groups_have_words_units_and_the_paper_s_number():
    assert {find(name).score for name in names} <= SCORES.keys()
    assert groups_in_words(find("mnist"), of(0.975)) == ["mnist: test accuracy 0.9750; the paper shows 0.9701"]
    assert groups_in_words(find("mnist"), of(0.97, 0.98)) == [
        "mnist: test accuracy, IQM 0.9750 (2 runs); the paper shows 0.9701"
    ]
    (line,) = groups_in_words(find("denoising"), of(*[20.5] * 5, name="wide", score=find("denoising").score))
    assert line == (
        "wide: PSNR at sigma 0.2 of the denoised test digits, IQM 20.50 dB (95 % interval 20.50 to 20.50 dB, 5 runs)"
    )
    assert all(find(name).papers.keys() <= find(name).groups.keys() for name in names)
    assert sum(len(find(name).papers) for name in names) == 1 + 2 * 3 + 2 + 4 + 3


def test_many_groups_of_one_run_are_left_to_the_figure():
    recipe, one = find("autoencoder_grid"), [{"scores": {"test_mse": 0.5}}]
    assert len(groups_in_brief(recipe, {f"{i}": one for i in range(12)})) == 12
    assert groups_in_brief(recipe, {f"{i}": one for i in range(13)}) == [
        "The pictures show the scores of all 13 networks."
    ]
    assert len(groups_in_brief(recipe, {f"{i}": one * 2 for i in range(13)})) == 13


def test_settings_say_what_is_shared_and_what_varies():
    words = settings(find("batch_size"), Size(15))
    assert "batches of 8, 16, 32, 64, 128 or 256; up to 50 epochs; patience 5" in words
    assert "hidden layers of 64-32 neurons; ReLU units" in words
    assert words.endswith("15 runs of each")
    assert "up to 1 epoch; patience 5; the first 5 training examples; 1 run of each" in settings(
        find("batch_size"), Size(1, 1, 5)
    )
    assert not any("_" in settings(find(name), find(name).paper) for name in names)
    words = settings(find("denoising"), Size(5))
    assert words.startswith("a code behind a ReLU; ")
    assert (
        "5 runs of each. autoencoder 64 x 5: codes of 64 numbers, hidden layers on either side: 5, loss: mean squ"
        in words
    )
    assert ". 784-512-784: codes of 512 numbers, " in words


def brief(**changes):
    """A recipe of one run of `mnist`, without anything to conclude."""
    return attrs.evolve(find("mnist"), claims=lambda results, data: [Claim("It ran.", "yes", "holds")], **changes)


def failing(config, key, data):
    raise ArithmeticError("no convergence")


def test_a_failing_recipe_leaves_the_others_their_chapters(small, tmp_path, monkeypatch, capsys):  # noqa: F811
    recipes = {"mnist": brief(), "broken": brief(name="broken", run=failing)}
    monkeypatch.setattr(catalogue, "names", tuple(recipes))
    monkeypatch.setattr(catalogue, "find", recipes.__getitem__)
    stale = tmp_path / "mnist" / "stale.png"
    stale.parent.mkdir()
    stale.write_bytes(b"of another day")
    with pytest.raises(SweepError, match="2 of 4 runs failed"):
        run(Options(quick=True, epochs=1, jobs=1, data=small, out=str(tmp_path)))
    page, text = ((tmp_path / "paper" / name).read_text() for name in ("index.html", "report.md"))
    assert "It ran." in page
    for form in (page, text):
        assert "2 runs failed, so that nothing can be shown or concluded" in form
        assert "no convergence" in form
        assert "batch_size" in form[form.index("so that nothing can be shown or concluded:") :]
        assert "stale" not in form
    assert [path.name for path in (tmp_path / "paper" / "figures").iterdir()] == ["mnist.png"]
    made = sorted((tmp_path / "runs").iterdir())
    run(Options(quick=True, epochs=1, jobs=1, data=small, out=str(tmp_path), kept=True))
    assert sorted((tmp_path / "runs").iterdir()) == made
    for form in ("index.html", "report.md"):
        text = (tmp_path / "paper" / form).read_text()
        assert "It ran." in text
        assert "2 trainings not made yet, so that nothing can be shown or concluded." in text
    assert "Of 1 experiment there is none, since runs are lacking." in text
    next(path for path in made if path.suffix == ".npz").write_bytes(b"damaged")
    run(Options(quick=True, epochs=1, jobs=1, data=small, out=str(tmp_path), kept=True))
    assert "1 training not made yet" in (tmp_path / "paper" / "report.md").read_text()


def test_a_picture_of_many_colours_keeps_them():
    at = np.linspace(0, 8 * np.pi, WIDTH)
    few, many = (
        255 * np.stack(3 * [at / at[-1]], axis=-1),
        127 * (1 + np.sin(np.stack([at, 1.7 * at, 2.3 * at], axis=-1))),
    )
    for row, mode in ((few, "P"), (many, "RGB")):
        picture, file = Image.fromarray(np.tile(row.astype(np.uint8), (50, 1, 1))), BytesIO()
        picture.save(file, "png")
        kept = Image.open(BytesIO(small_picture(file.getvalue())))
        assert (kept.mode, kept.size) == (mode, (WIDTH, 50))
        changed = np.asarray(kept.convert("RGB")).astype(int) - np.asarray(picture)
        assert abs(changed).max() <= UNSEEN
