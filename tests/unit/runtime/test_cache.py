"""What need not be measured again, and what must be."""

from __future__ import annotations

from pathlib import Path

import pytest

from hideseek_cli.runtime.cache import Cache, cache_folder, digest_code


def test_a_number_is_found_again_and_only_under_all_that_it_depends_on(tmp_path):
    cache = Cache(tmp_path / "here", {"data": "abc", "seed": 0})
    cache.remember([0, "clean"], [63.25, 64.5])
    assert Cache(tmp_path / "here", {"seed": 0, "data": "abc"}).values([0, "clean"]) == [63.25, 64.5]
    assert cache.values([1, "clean"]) is None
    assert Cache(tmp_path / "here", {"data": "abc", "seed": 1}).values([0, "clean"]) is None
    (file,) = (tmp_path / "here").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_cache_that_is_damaged_or_cannot_be_written_costs_time_alone(tmp_path):
    cache = Cache(tmp_path, {})
    cache.remember("x", [1.0])
    (file,) = tmp_path.iterdir()
    for damage in (b"", b"{", b"[]", b'{"values": "much"}', b'{"values": []}', b'{"value": 1}'):
        file.write_bytes(damage)
        assert cache.values("x") is None
    nowhere = Cache(tmp_path / file.name / "below a file", {})
    nowhere.remember("x", [1.0])
    assert nowhere.values("x") is None and Cache(None, {}).values("x") is None
    Cache(None, {}).remember("x", [1.0])


def test_the_cache_lies_where_the_user_keeps_such_things(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/hideseek")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/her")
    assert cache_folder() == Path("/home/her/.cache/hideseek")


def test_other_code_is_another_result(tmp_path):
    (tmp_path / "one.py").write_text("x = 1\n")
    before = digest_code(tmp_path)
    assert before == digest_code(tmp_path)
    (tmp_path / "one.py").write_text("x = 2\n")
    assert before != digest_code(tmp_path)
    with pytest.raises(ValueError, match="holds no source code"):
        digest_code(tmp_path, tmp_path / "moved")
