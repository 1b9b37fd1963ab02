"""A release of hideseek 0.1.0 is read, sold and cleaned by the code of today, and replaced where that is asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest as manifests
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.manifest import compute_identity
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.codec import decode, digest_pixels
from hideseek_cli.images.dataset import scan
from hideseek_cli.runtime.progress import Silent
from tests.helpers.manifests import read_lines

OLD = Path(__file__).parents[1] / "data/release-format1"
LEVELS = {"65": "k65", "clean": "clean"}


def recorded(level: str) -> dict[tuple[str, str], str]:
    """The digests of what 0.1.0 cleaned."""
    names = json.loads((OLD / f"cleaned_{LEVELS[level]}.json").read_text())["pictures"]
    return {(name.split("/")[0], name.split("/")[1]): digest for name, digest in names.items()}


def test_its_manifest_is_read():
    found = manifests.read(OLD / "published")
    assert (found.level, found.classes, found.epsilon, found.recipe.epochs) == ("published", ("cat", "dog", "owl"), 8, 12)
    assert [(offer.level, offer.price, offer.accuracy) for offer in found.offers] == [(65.0, 10.0, 70.24)]
    seen = {record.key: digest_pixels(decode(record.path)) for record in scan(OLD / "published").records}
    assert found.digests == seen and compute_identity(seen) == found.release


@pytest.mark.parametrize("level", LEVELS)
def test_its_mask_file_makes_the_cleaners_that_it_made(level, tmp_path):
    MaskFile.load(OLD / "masks.safetensors").make_cleaner(level).save(tmp_path / "cleaner")
    assert (tmp_path / "cleaner").read_bytes() == (OLD / f"cleaner_{LEVELS[level]}.safetensors").read_bytes()


@pytest.mark.parametrize("level", LEVELS)
def test_its_cleaners_lead_to_the_images_that_they_led_to(level, tmp_path, executor):
    cleaner = Cleaner.load(OLD / f"cleaner_{LEVELS[level]}.safetensors")
    assert seek(OLD / "published", cleaner, tmp_path / "out", executor, Silent()).exact
    seen = {record.key: digest_pixels(decode(record.path)) for record in scan(tmp_path / "out").records}
    assert seen == recorded(level)
    header, *rows = read_lines(tmp_path / "out")
    assert (header["format"], header["images"], header["level"]) == (2, 12, level)
    assert {(label, name): digest for label, name, digest in rows} == seen


def test_its_network_file_is_read_and_written_as_it_was(tmp_path):
    network = AuthorizedNetwork.load(OLD / "network.safetensors")
    assert (network.arch, network.seed) == ("slim", 7)
    assert network.identity == "2ab258e57069bcb124675bfa970a83ac82b9ff4f806a73ca454eb52212d7d14c"
    network.save(tmp_path / "network")
    assert (tmp_path / "network").read_bytes() == (OLD / "network.safetensors").read_bytes()


def test_a_folder_that_it_wrote_is_replaced_and_one_with_a_file_of_its_owner_is_not(tmp_path, executor):
    cleaner = Cleaner.load(OLD / "cleaner_clean.safetensors")
    shutil.copytree(OLD / "published", tmp_path / "out")
    (tmp_path / "out/cat/mine.txt").touch()
    with pytest.raises(InputError, match=r"did not write, cat/mine\.txt"):
        seek(OLD / "published", cleaner, tmp_path / "out", executor, Silent(), overwrite=True)
    (tmp_path / "out/cat/mine.txt").unlink()
    assert seek(OLD / "published", cleaner, tmp_path / "out", executor, Silent(), overwrite=True).exact
    assert manifests.read(tmp_path / "out").digests == recorded("clean")
