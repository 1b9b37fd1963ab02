"""Verdicts as JUnit XML, which GitHub, GitLab and Jenkins show: one suite, one test case a verdict.

>>> text = format_junit("verify", [Case(group="k50", name="slim", seconds=1.5, outcome="failure", message="<50 %")]).decode()
>>> '<testsuite name="verify" tests="1" failures="1" errors="0" skipped="0" time="1.500">' in text, "&lt;50 %" in text
(True, True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from hideseek_cli.errors import InputError
from hideseek_cli.runtime.atomic import write_whole
from hideseek_cli.runtime.places import refuse_existing
from hideseek_cli.runtime.printing import make_printable

Outcome = Literal["failure", "skipped", "error"]
HEAD = b'<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="hideseek"'
"""How every report begins."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test case."""

    group: str
    """What was tested, such as a folder."""
    name: str
    seconds: float
    outcome: Outcome | None = None
    """None where it passed."""
    message: str = ""
    """Why it did not."""
    properties: Mapping[str, str] = field(default_factory=dict)


def format_junit(suite: str, cases: Sequence[Case]) -> bytes:
    """A report as XML in UTF-8. What XML cannot hold, such as control characters, is written as Python would."""
    totals = {
        "tests": str(len(cases)), **{
            name: str(sum(case.outcome == outcome for case in cases))
            for name, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
        },
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }  # fmt: skip
    root = ElementTree.Element("testsuites", {"name": "hideseek", **totals})
    inside = ElementTree.SubElement(root, "testsuite", {"name": make_printable(suite), **totals})
    for case in cases:
        _add_case(inside, case)
    ElementTree.indent(root)
    return HEAD + ElementTree.tostring(root, "utf-8").removeprefix(b'<testsuites name="hideseek"') + b"\n"


def _add_case(suite: ElementTree.Element, case: Case) -> None:
    one = ElementTree.SubElement(suite, "testcase", {
        "classname": make_printable(case.group), "name": make_printable(case.name), "time": f"{case.seconds:.3f}",
    })  # fmt: skip
    if case.properties:
        properties = ElementTree.SubElement(one, "properties")
        for name, value in case.properties.items():
            ElementTree.SubElement(properties, "property", {"name": make_printable(name), "value": make_printable(value)})
    if case.outcome is not None:
        message = make_printable(case.message)
        ElementTree.SubElement(one, case.outcome, {"message": message}).text = message


def write_junit(path: Path, suite: str, cases: Sequence[Case]) -> None:
    """Write a report whole, in place of an earlier one. Raises as ``refuse_other``."""
    content = format_junit(suite, cases)
    refuse_other(path)
    write_whole(path, content)


def refuse_other(path: Path) -> None:
    """Raise InputError where something lies at the place that is no report of ours, DiskError where none can be written."""
    ours = path.is_file() and _begins(path)
    if path.is_file() and not ours:
        raise InputError(f"{path} exists and is no JUnit report of hideseek's, which alone is replaced; choose another place")
    refuse_existing(path, overwrite=ours)


def _begins(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(HEAD)) == HEAD
