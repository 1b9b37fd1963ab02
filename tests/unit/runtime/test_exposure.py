"""Secret files that are open to others are taken, and it is said."""

from __future__ import annotations

import pytest

import hideseek_cli as hs
from hideseek_cli.runtime.exposure import describe_exposure
from tests.helpers.commands import FAST, inside
from tests.helpers.folders import write_images


@pytest.mark.parametrize(("mode", "told"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o620, True)])
def test_a_secret_file_that_others_may_read_or_change_is_told(tmp_path, mode, told):
    path = tmp_path / "key"
    path.write_bytes(bytes(range(32)))
    path.chmod(mode)
    sentences = describe_exposure(path, "key file")
    assert [f"chmod 600 {path}" in one for one in sentences] == [True] * told
    made = hs.make_network("slim", key_file=path, out=tmp_path / "net")
    assert made.remarks == sentences


def test_hide_and_its_dry_run_and_cleaner_say_so(tmp_path):
    write_images(tmp_path / "data", 2, 5)
    (tmp_path / "key").write_bytes(bytes(range(32)))
    (tmp_path / "key").chmod(0o644)
    options = ("hide", "data", "--key-file", "key", *FAST)
    assert "key file key is open to other users" in inside(*options, "--dry-run", cwd=tmp_path).stderr
    (tmp_path / "key").chmod(0o600)
    assert "open to other users" not in inside(*options, "--dry-run", cwd=tmp_path).stderr
