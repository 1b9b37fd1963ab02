"""JSON read value by value is what ``json`` reads at once, wherever a read may end."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.formats import json_stream as scanners
from hideseek_cli.formats.json_stream import MalformedError, Scanner

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read(content: bytes, chunk: int) -> dict[str, object]:
    """An object, those of its members that are objects member by member too."""
    before, scanners.CHUNK = scanners.CHUNK, chunk
    try:
        scanner = Scanner(io.BytesIO(content))
        found: dict[str, object] = {}
        for name in scanner.members():
            nested = scanner.mark() == "{"
            found[name] = {inner: scanner.value() for inner in scanner.members()} if nested else scanner.value()
        scanner.end()
    finally:
        scanners.CHUNK = before
    return found


@given(st.dictionaries(st.text(), VALUES, max_size=4), st.integers(1, 9), st.booleans(), st.sampled_from([None, 1]))
def test_an_object_reads_as_json_reads_it(document, chunk, plain, indent):
    content = json.dumps(document, ensure_ascii=plain, indent=indent).encode("utf-8", "surrogatepass")
    try:
        content.decode()
    except UnicodeDecodeError:
        return
    assert read(content, chunk) == json.loads(content)


@given(st.dictionaries(st.text("ab"), VALUES, max_size=4), st.integers(1, 9), st.data())
def test_what_json_refuses_is_refused(document, chunk, data):
    content = json.dumps(document).encode()
    at = data.draw(st.integers(0, len(content)))
    changed = content[:at] + data.draw(st.sampled_from([b"", b",", b"{", b"}", b'"', b"\\", b"1", b"\xff"]))
    changed += content[at + data.draw(st.integers(0, 2)) :]
    try:
        expected = json.loads(changed)
    except ValueError:
        expected = None
    if isinstance(expected, dict):
        assert read(changed, chunk) == expected
    else:
        with pytest.raises(MalformedError):
            read(changed, chunk)


@pytest.mark.parametrize("content", [b'{"a": ' + b"[" * 10**5, b'{"a": "' + b"x" * 10**5, b'{"a": [' + b"1," * 10**7])
def test_no_more_is_read_than_a_value_may_have(content):
    file = io.BytesIO(content)
    scanner = Scanner(file)
    for _ in scanner.members():
        with pytest.raises(MalformedError):
            scanner.string() if content[6:7] == b'"' else scanner.value()
        break
    assert file.tell() <= 2 * (scanners.MOST + scanners.CHUNK)
