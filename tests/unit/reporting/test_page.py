"""Pages hold what strangers' names say as text, and nothing that is fetched or run."""

import re
from html.parser import HTMLParser

import pytest

import hideseek_cli as hs
from tests.helpers.records import audited, compared, keep, keep_all, make_release, verified

HOSTILE = "<script>alert(1)</script>\"onload='x' ![i](http://x.example/p.png) | `a` {{ 7*7 }} @all \x1b[2J\u202e"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A report of a release whose records are a stranger's."""
    root = tmp_path_factory.mktemp("hostile")
    published = make_release(root, classes=("<b>$x_1$ | `a`", "dog"))
    keep(published, "verify", verified(34.5, 33.3, HOSTILE, {HOSTILE: 1.0, "$x_{1}$": 2.0}), level="published",
         hideseek=HOSTILE, arguments={"folder": HOSTILE, "test": HOSTILE})  # fmt: skip
    keep(published, "metrics", compared((HOSTILE,)), level="published")
    attacks = [{"attack": HOSTILE, "accuracy": 50.0, "clean_accuracy": None}]
    keep(published, "audit", audited(attacks=attacks), level="published")
    hs.report(published, out=root / "report.html", formats="html,md,svg,png")
    return root


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("name", ["report.html", "report.recall.svg", "report.attacks-published.svg"])
def test_names_are_text_and_nothing_runs_or_is_fetched(hostile, name):
    page = Reader()
    page.feed((hostile / name).read_text())
    assert not {"script", "iframe", "object", "embed", "foreignobject", "image"} & {*page.tags}
    assert not [key for key, _ in page.attributes if key.startswith("on")]
    sources = [value for key, value in page.attributes if key in ("src", "href", "xlink:href", "data", "srcset")]
    assert [one for one in sources if not one.startswith(("data:", "#"))] == []
    text = (hostile / name).read_text()
    assert not re.search(r"@import|url\((?!#)", text) and "\x1b" not in text and "\u202e" not in text
    assert "<script>alert(1)" in page.text


def test_markdown_shows_names_and_neither_links_nor_calls_anybody(hostile):
    text = (hostile / "report.md").read_text()
    prose = re.sub(r"```sh\n.*?```", "", text, flags=re.DOTALL)
    assert re.findall(r"!\[.*?\]\((?!report\.)", prose) == []
    assert "<script" not in prose and "@all" not in prose and "`a`" not in prose and "49" not in prose.split("Files")[0]
    assert "\x1b" not in text and "\u202e" not in text
    rows = [line for line in prose.splitlines() if line.startswith("|")]
    assert all(re.fullmatch(r"\|( [^|]*\|)+ ?|\|( --- \|)+", line) for line in rows)


def test_every_figure_has_a_caption_and_words(hostile):
    text = (hostile / "report.html").read_text()
    assert text.count("<figure>") == text.count("<figcaption>") == text.count('<svg role="img" aria-label="') > 0
    assert len(set(re.findall(r' id="([^"]+)"', text))) == len(re.findall(r' id="([^"]+)"', text))


def test_a_page_says_what_it_is_of_and_that_its_sheet_is_secret(tmp_path):
    hs.report(keep_all(tmp_path), out=tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "<h1>published</h1>" in text and "The folder published shows 6 images in 3 classes to everyone" in text
    assert "Keep the contact sheet secret: it shows originals and the mask." in text
    assert '<td data-label="verdict">pass</td>' in text
    assert "34.5\N{NO-BREAK SPACE}%" in text and not re.search(r"\d %", re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL))
