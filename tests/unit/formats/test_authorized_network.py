"""Network files: a key that comes back as it was, is secret, and is refused where it is damaged."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load, save

from hideseek_cli.errors import InputError
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.cleaner import Cleaner

KEY = bytes(range(32))


def test_a_network_comes_back_as_it_was_saved_and_is_secret(tmp_path):
    network = AuthorizedNetwork.draw("resnet18", KEY, seed=7)
    network.save(tmp_path / "n")
    assert AuthorizedNetwork.load(tmp_path / "n") == network
    assert (tmp_path / "n").stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError, match="is a network file, and a cleaner file is needed"):
        Cleaner.load(tmp_path / "n")


@pytest.mark.parametrize("change", [
    {"arch": "resnet99"}, {"arch": 3}, {"seed": -1}, {"seed": "7"}, {"kind": "masks"}, {"format": 99},
])  # fmt: skip
def test_a_damaged_header_is_refused(tmp_path, change):
    AuthorizedNetwork.draw("slim", KEY).save(tmp_path / "n")
    tensors = load((tmp_path / "n").read_bytes())
    header = {"format": 3, "kind": "network", "arch": "slim", "seed": None, **change}
    (tmp_path / "n").write_bytes(save(tensors, metadata={"hideseek": json.dumps(header)}))
    with pytest.raises(InputError):
        AuthorizedNetwork.load(tmp_path / "n")


@pytest.mark.parametrize(
    "stem", [np.zeros((3, 3, 3)), np.full((3, 3, 3), np.nan), np.full((3, 3, 3), np.inf), np.ones((3, 5, 5)), np.ones(27)]
)
def test_a_secret_stem_that_sees_nothing_or_has_another_shape_is_refused(tmp_path, stem):
    header = json.dumps({"format": 3, "kind": "network", "arch": "slim", "seed": None})
    (tmp_path / "n").write_bytes(save({"lens": stem.astype(np.float32)}, metadata={"hideseek": header}))
    with pytest.raises(InputError, match="damaged"):
        AuthorizedNetwork.load(tmp_path / "n")
