"""Names of strangers are shown as they are, whatever they hold."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hideseek_cli.cards.markdown import escape, tabulate
from hideseek_cli.runtime.printing import make_printable

markdown = pytest.importorskip("markdown_it", reason="needs markdown-it-py to read Markdown as a hub does")
PARSER = markdown.MarkdownIt("commonmark").enable("table")
TEXTS = st.text(min_size=1).filter(lambda text: text == text.strip() and bool(make_printable(text).strip()))


@given(TEXTS)
@example("<img src=x onerror=alert(1)>")
@example("[click](javascript:x) ![i](u) `c` *e* _e_ ~~s~~ http://a.b &lt; \\| #")
@example("1. # heading")
@example("---")
def test_a_name_in_a_cell_is_its_own_text_and_nothing_else(text):
    tokens = PARSER.parse(tabulate(["class"], [[text]]))
    cells = [token for token in tokens if token.type == "inline"]
    assert len(cells) == 2 and tokens[0].type == "table_open"
    children = cells[1].children or []
    assert {token.type for token in children} <= {"text", "text_special"}
    assert "".join(token.content for token in children).strip() == make_printable(text).strip()


def test_a_table_has_a_row_for_each():
    lines = tabulate(["class", "images"], [("a|b", 3), ("c", 4)]).splitlines()
    assert lines == ["| class | images |", "| --- | --- |", "| a\\|b | 3 |", "| c | 4 |"]


def test_nothing_leaves_its_line():
    assert "\n" not in escape("a\n# b")
