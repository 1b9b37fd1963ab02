"""`hideseek network`: files that are made, and mistakes that lose nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from tests.helpers.commands import inside

KEY = bytes(range(32))


def test_networks_are_made_by_a_command_and_see_alike_where_they_are_told_to(tmp_path):
    inside("network", "slim", cwd=tmp_path)
    one = AuthorizedNetwork.load(tmp_path / "net.safetensors")
    inside("network", "cnn", "-o", "other", "--like", "net.safetensors", "--seed", "7", cwd=tmp_path)
    assert AuthorizedNetwork.load(tmp_path / "other") == replace(one, arch="cnn", seed=7)
    inside("network", "slim", "-o", "third", cwd=tmp_path)
    assert AuthorizedNetwork.load(tmp_path / "third").identity != one.identity
    (tmp_path / "key").write_bytes(KEY)
    inside("network", "slim", "-o", "fourth", "--key-file", "key", cwd=tmp_path)
    assert AuthorizedNetwork.load(tmp_path / "fourth") == AuthorizedNetwork.draw("slim", KEY)


@pytest.mark.parametrize("arguments, sentence", [
    (["resnet99", "-o", "x"], "unknown architecture 'resnet99'"), (["slim"], "--overwrite"),
    (["slim", "-o", "masks", "--overwrite"], "is no network file"),
    (["slim", "-o", "x", "--like", "masks"], "cannot be read as a network file"),
    (["slim", "-o", "x", "--like", "net.safetensors", "--key-file", "masks"], "give one of the two"),
])  # fmt: skip
def test_mistakes_are_named_and_nothing_is_lost(tmp_path, arguments, sentence):
    inside("network", "slim", cwd=tmp_path)
    (tmp_path / "masks").write_text("precious")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = inside("network", *arguments, cwd=tmp_path, code=2)
    assert sentence in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
