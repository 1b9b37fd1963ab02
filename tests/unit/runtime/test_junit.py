"""Verdicts as JUnit XML: read by any parser, whatever names hold, and written whole."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.runtime.junit import HEAD, Case, format_junit, refuse_other, write_junit
from hideseek_cli.runtime.printing import make_printable

TEXTS = st.text(st.characters())


@given(TEXTS, TEXTS, TEXTS)
def test_whatever_names_hold_is_read_again(group, name, message):
    case = Case(group=group, name=name, seconds=1.0, outcome="failure", message=message, properties={"low": message})
    root = ElementTree.fromstring(format_junit(name, [case]))
    one = root.find("testsuite/testcase")
    assert one is not None and one.get("classname") == make_printable(group) and one.get("name") == make_printable(name)
    assert one.find("failure").get("message") == (one.find("failure").text or "") == make_printable(message)
    assert one.find("properties/property").get("value") == make_printable(message)


def test_outcomes_are_counted_where_build_servers_look():
    outcomes = (None, None, "failure", "skipped", "skipped", "skipped", "error")
    cases = [Case(group="k50", name=str(number), seconds=0.5, outcome=one) for number, one in enumerate(outcomes)]
    root = ElementTree.fromstring(format_junit("verify", cases))
    for counted in (root, root[0]):
        told = {name: counted.get(name) for name in ("tests", "failures", "skipped", "errors", "time")}
        assert told == {"tests": "7", "failures": "1", "skipped": "3", "errors": "1", "time": "3.500"}
    assert [[child.tag for child in one] for one in root[0]] == [[] if one is None else [one] for one in outcomes]


def test_a_report_replaces_reports_and_nothing_else(tmp_path):
    path = tmp_path / "new/report.xml"
    for number in (1, 2):
        write_junit(path, "verify", [Case(group="k50", name="slim", seconds=0.0)] * number)
        assert path.read_bytes().startswith(HEAD) and path.read_bytes().count(b"<testcase") == number
    assert list(path.parent.iterdir()) == [path]
    (tmp_path / "thesis.xml").write_text("<thesis/>")
    for place in (tmp_path / "thesis.xml", tmp_path):
        with pytest.raises(InputError, match="choose another place"):
            write_junit(place, "verify", [])
    assert (tmp_path / "thesis.xml").read_text() == "<thesis/>"
    with pytest.raises(DiskError, match="is a file"):
        refuse_other(tmp_path / "thesis.xml/report.xml")
