"""What is told apart of the software at work."""

from __future__ import annotations

from pathlib import Path

import torch

from hideseek_cli.runtime.software import describe_software


def test_versions_are_those_at_work_and_the_code_is_told_apart():
    told = describe_software()
    assert told["the version of torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert set(told) == {f"the version of {name}" for name in ("hideseek", "flip-evaluator", "numpy", "pillow", "torch")}
    assert all(" " in name for name in told), "no arguments of the API"


def test_a_change_of_any_package_is_another_version(monkeypatch, tmp_path):
    before = describe_software()
    read = Path.read_bytes
    describe_software.cache_clear()
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + (b"#" if path.name == "codec.py" else b""))
    changed = describe_software()
    describe_software.cache_clear()
    assert changed["the version of hideseek"] != before["the version of hideseek"]
