"""`hideseek metrics` where it trains."""

from __future__ import annotations

import json

import pytest

from tests.helpers.commands import inside
from tests.helpers.folders import write_images


def test_metrics_trains_a_network_on_the_masked_folder_where_it_is_asked_to(tmp_path):
    write_images(tmp_path / "clean", 2, 12)
    write_images(tmp_path / "other", 2, 12)
    told = json.loads(inside("metrics", "clean", "other", "--gradients", "--json", cwd=tmp_path).stdout)
    assert told["car"] == 0 and told["gcr"] == pytest.approx(100), "nothing was added to the images"
    assert "CAR %" in inside("metrics", "clean", "other", "--gradients", cwd=tmp_path).stdout
    assert "car" not in json.loads(inside("metrics", "clean", "other", "--json", cwd=tmp_path).stdout)
    next((tmp_path / "other").rglob("*.png")).unlink()
    assert "have not the same images" in inside("metrics", "clean", "other", "--gradients", cwd=tmp_path, code=2).stderr
    (tmp_path / "table").write_text("name,class\n")
    told = inside("metrics", "clean", "other", "--gradients", "--labels", "table", cwd=tmp_path, code=2).stderr
    assert "leave out --labels" in told
