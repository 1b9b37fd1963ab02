"""Methods are listed by name and scope, and the next one is one file more."""

from __future__ import annotations

import sys

import pytest

from hideseek_cli import methods
from hideseek_cli.errors import InputError
from hideseek_cli.methods import SCOPES, list_methods, select
from hideseek_cli.methods.emn import ClassWise


def test_a_method_is_one_file_whatever_that_is_called(tmp_path, monkeypatch):
    before = list(list_methods())
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(tmp_path)])
    (tmp_path / "aaa.py").write_text(
        '"""Methods."""\n\nfrom types import SimpleNamespace as New\n\n'
        'METHODS = (New(name="zzz", scope="sample"), New(name="zzz", scope="class"), New(name="uge", scope="sample"))\n'
    )
    try:
        found = list_methods()
    finally:
        sys.modules.pop("hideseek_cli.methods.aaa", None)
    assert list(found) == [*before, "zzz"]
    assert all(tuple(found[name]) == SCOPES for name in ("emn", "random", "uge", "zzz"))


def test_the_first_scope_is_meant_unless_another_is_named():
    assert isinstance(select("emn"), ClassWise) and select("emn", "sample").scope == "sample"


@pytest.mark.parametrize(
    ("name", "scope", "options", "words"),
    [
        ("confunder", None, {}, "unknown `method` 'confunder': did you mean confounder?"),
        ("uge", "sample", {}, "`method='uge'` has no `scope='sample'`: give class"),
        ("random", None, {"passes": 3}, "`passes` is no option of `method='random'` with `scope='class'`; leave it out"),
        ("emn", None, {"passes": 0}, "`passes` 0 trains nothing; give at least 1"),
        ("emn", None, {"schedule": "jount"}, "unknown `schedule` 'jount': did you mean joint?"),
        ("emn", "sample", {"stop_error": 1.0}, "`stop_error` 1 is out of range: a share between 0 and 1"),
        ("uge", None, {}, "`method='uge'` hides from networks but one: give its file as `authorized`"),
    ],
)
def test_what_there_is_not_is_refused_by_the_name_of_the_argument(name, scope, options, words):
    with pytest.raises(InputError) as refused:
        select(name, scope, options)
    assert str(refused.value).startswith(words)
