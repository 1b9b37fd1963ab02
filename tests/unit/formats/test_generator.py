"""Generator files: weights that come back as they were, and are secret."""

from __future__ import annotations

import numpy as np
import pytest

from hideseek_cli.errors import InputError
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.generator import Generator


def test_a_generator_comes_back_as_it_was_saved_and_is_secret(tmp_path):
    weights = {"up.weight": np.arange(6, dtype=np.float32).reshape(2, 3)}
    saved = Generator(method="m", epsilon=8, strength=0.7, classes=("a", "b"), release="0" * 64, size=(8, 9), weights=weights)
    saved.save(tmp_path / "g")
    found = Generator.load(tmp_path / "g")
    assert found.weights.keys() == weights.keys() and np.array_equal(found.weights["up.weight"], weights["up.weight"])
    assert (found.method, found.epsilon, found.strength, found.classes, found.size) == ("m", 8, 0.7, ("a", "b"), (8, 9))
    assert (tmp_path / "g").stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError, match="is a generator file, and a cleaner file is needed"):
        Cleaner.load(tmp_path / "g")
