"""A plugin of pytest for a buyer's installation: what needs a library that it leaves out is skipped, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Generator

import pytest

MISSING = re.compile(r"ModuleNotFoundError: No module named '(\w+)")
EXTRA = ("pyarrow", "sklearn", "threadpoolctl")
"""Libraries of extras that tests of a buyer's packages import without asking."""


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _skip(report, collector)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _skip(report, item)
    return report


def _skip(report: pytest.CollectReport | pytest.TestReport, of: pytest.Collector | pytest.Item) -> None:
    from hideseek_cli.cli.installed import HEAVY  # not before jaxtyping has seen to the package

    found = MISSING.search(str(report.longrepr)) if report.failed else None
    if found and found[1] in (*HEAVY, *EXTRA):
        report.outcome, report.longrepr = "skipped", (str(of.path), 0, found[0])
