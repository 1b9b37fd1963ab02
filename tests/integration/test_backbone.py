"""`audit --backbone`: what a pretrained network learns from what is published, by a file of weights."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torchvision.models as zoo
from safetensors.torch import save_file

from tests.helpers.commands import inside
from tests.helpers.releases import released

OPTIONS = ("audit", "published", "--test", "test", "--attacks", "probe,knn", "--seed", "3")


@pytest.fixture
def road(make_folder, tmp_path, executor) -> Path:
    return released(make_folder, tmp_path, executor, pattern_sets=1)


@pytest.mark.slow
def test_what_a_pretrained_network_learns_is_told_beside_clean_images(road):
    save_file(zoo.shufflenet_v2_x0_5(weights=None).state_dict(), road / "weights.safetensors")
    backbone = ("--backbone", "shufflenet_v2_x0_5:weights.safetensors", "--clean", "data")
    done = inside(*OPTIONS, *backbone, "--json", cwd=road)
    rows = json.loads(done.stdout)["attacks"]
    assert [(one["attack"], one["knows"], one["runs"]) for one in rows] == [
        ("probe", "a pretrained network", 1), ("knn", "a pretrained network", 1)
    ]  # fmt: skip
    assert all(one["failure"] is None and one["clean_accuracy"] > 100 / 3 for one in rows)
    assert json.loads(inside(*OPTIONS, *backbone, "--json", cwd=road).stdout)["attacks"] == rows, (
        "the same seed, the same figures"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("resnet18", "unknown backbone 'resnet18': choose efficientnet-lite0 or ARCHITECTURE:FILE"),
        ("resnet18:gone", "gone cannot be read: there is no such file"),
        ("resnet18:published/hideseek.json", "cannot be read as safetensors"),
        ("resnet18:cleaner", "is not of this network: it lacks"),
    ],
)
def test_what_is_no_backbone_is_refused_in_a_sentence(road, name, words):
    before = {*os.listdir(road)}
    done = inside(*OPTIONS, "--backbone", name, cwd=road, code=2)
    assert words in done.stderr and done.stdout == ""
    assert {*os.listdir(road)} == before, "nothing is left"


def test_without_one_it_is_said_which_option_gives_it(road):
    assert "probe is left out: it needs a pretrained network; give --backbone" in inside(*OPTIONS, cwd=road, code=2).stderr
