"""Tables in Markdown, as whoever reads them sees them."""

from __future__ import annotations

from markdown_it import MarkdownIt


def read_markdown(text: str) -> list[list[str]]:
    """The cells of a table as a reader sees them. Fails where anything in one is more than text."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    assert [tokens[0].type, tokens[-1].type] == ["table_open", "table_close"]
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline":
            assert {child.type for child in token.children or ()} <= {"text", "text_special"}, token.content
            rows[-1].append("".join(child.content for child in token.children or ()))
    return rows
