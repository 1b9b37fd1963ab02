"""What is written: links lead somewhere, lines and pages are short, today's pages tell no history, and what names a script or
a page names one that there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS, RESULTS = ROOT / "docs", ROOT / "docs/results"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "bench").glob("*.md")), *sorted(DOCS.rglob("*.md"))]
PAGES = [page for page in PAGES if "_build" not in page.parts]
TODAY = [page for page in PAGES if RESULTS not in page.parents]
"""Pages that say what is true now; notes of results are dated."""
SOURCES = sorted(
    path
    for place in ("hideseek_cli", "bench", "examples", "tests", "docs")
    for path in (ROOT / place).rglob("*")
    if path.suffix in (".py", ".sh") and "_build" not in path.parts
)

FENCED = re.compile(r"^( *)(```+|~~~+).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"(?:\]\(|^\[[^]\n]+\]: |(?:src|href)=\")(?!https?:|mailto:)([^)#\s\"]*)(?:#([^)\s\"]+))?", re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
HASH = re.compile(r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{7,40}\b")

LONGEST_LINE, WORDS = 100, 10_300
LONGEST_PAGE = {"guides": 150, "architecture.md": 100}
"""Lines of a page at most."""


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """Of the headings, as GitHub and MyST name them."""
    headings = HEADING.findall(FENCED.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for path, anchor in LINK.findall(CODE.sub("", FENCED.sub("", page.read_text()))):
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name} links to {path}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {path}#{anchor}"


@pytest.mark.parametrize("page", TODAY, ids=named)
def test_pages_and_lines_are_short_and_no_commit_is_named(page: Path) -> None:
    text = page.read_text()
    if page.name == "CHANGELOG.md":
        text = text.split("\n## 0.1.0\n")[0]  # what was released is not rewritten
    assert [line for line in text.splitlines() if len(line) > LONGEST_LINE] == []
    assert HASH.findall(text) == []
    name = page.name if page.parent == DOCS else page.parent.name
    assert len(text.splitlines()) <= LONGEST_PAGE.get(name, 10_000)


def test_there_is_little_to_read() -> None:
    written = [page for page in TODAY if DOCS in page.parents and page.name != "commands.md"]  # which is made of help texts
    assert sum(len(page.read_text().split()) for page in written) <= WORDS


@pytest.mark.parametrize("source", SOURCES, ids=named)
def test_code_speaks_of_pages_that_there_are(source: Path) -> None:
    for name, anchor in re.findall(r"(docs/[\w/-]+\.md)(?:#([\w-]+))?", source.read_text()):
        assert (ROOT / name).exists(), f"{named(source)} speaks of {name}"
        assert not anchor or anchor in anchors(ROOT / name), f"{named(source)} speaks of {name}#{anchor}"
