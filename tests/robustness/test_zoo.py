"""Law of the zoo: every odd file is taken, passed over or refused as the table says, and nothing is lost on the way."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.errors import InputError, RefusalError
from hideseek_cli.images.codec import decode
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.notes import ORIENTATION
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.runtime.progress import Silent
from tests.helpers.commands import FAST, contents, run
from tests.helpers.folders import write_images
from tests.robustness.zoo import PASSED_OVER, TAKEN, ZOO, fill


@pytest.fixture(scope="module")
def refusal(tmp_path_factory, executor) -> dict[str, list[str]]:
    root = tmp_path_factory.mktemp("zoo")
    fill(root / "data/odd")
    write_images(root / "data", 2, 5)
    (root / "data/empty").mkdir()
    (root / "data/stray.png").write_bytes(b"")
    before = len(list((root / "data").rglob("*")))
    with pytest.raises(RefusalError) as refused:
        load_source(root / "data", None, None, executor, Silent())
    assert len(list((root / "data").rglob("*"))) == before
    assert "stray.png" in str(refused.value) and "classes hold no images" in str(refused.value)
    return refused.value.problems


@pytest.mark.parametrize("odd", ZOO, ids=lambda odd: repr(odd.name[:40]))
def test_every_odd_file_has_the_outcome_of_the_table(refusal, odd):
    name = odd.name.split("/")[-1]
    shown = (name, repr(name)[1:-1])
    said = [f"{why}: {line}" for why, lines in refusal.items() for line in lines if any(f"/{one}" in line for one in shown)]
    said += [line for line in refusal.get("would get the same name once the suffix is .png; rename one of each", [])
             if line.endswith(f" and {name}")]  # fmt: skip
    if odd.outcome in (TAKEN, PASSED_OVER):
        other = [line for line in said if not ("same name once" in line or " and " in line)]
        assert not other
    else:
        assert any(odd.outcome in line for line in said) or odd.outcome == "the same name once", said


def test_the_zoo_is_large_and_one_dry_run_names_all_that_is_refused(tmp_path):
    assert len(ZOO) >= 60
    fill(tmp_path / "data/odd")
    write_images(tmp_path / "data", 2, 5)
    before = len(list((tmp_path / "data").rglob("*")))
    done = run("hide", "data", "--levels", "50", "--dry-run", "--json", cwd=tmp_path, code=2)
    refused = json.loads(done.stdout)["refused"]
    expected = sum(odd.outcome not in (TAKEN, PASSED_OVER) for odd in ZOO)
    assert sum(len(lines) for lines in refused.values()) == expected
    assert len(list((tmp_path / "data").rglob("*"))) == before
    for why, lines in refused.items():
        assert (f"{len(lines)} {why}" if len(lines) > 1 else lines[0]) in done.stderr, "counts, by kind"


def test_what_is_taken_is_published_at_its_own_size_and_comes_back(tmp_path):
    fill(tmp_path / "data/train/odd0", lambda outcome: outcome == TAKEN)
    write_images(tmp_path / "data/train/odd1", 1, 50)
    for label in range(2):
        write_images(tmp_path / f"data/test/odd{label}", 1, 4)
    original = scan(tmp_path / "data/train")
    before = contents(tmp_path / "data")
    done = run(
        "hide", "data", "--levels", "75", "--max-runs", "14", "--robust", "none", *FAST, "--json", cwd=tmp_path, code=None
    )
    assert done.returncode in (0, 1), done.stderr
    assert contents(tmp_path / "data") == before
    published = scan(tmp_path / "published")
    assert [record.key for record in published.records] == [record.key for record in original.records]
    veiled = 0
    for one, other in zip(original.records, published.records, strict=True):
        clean, masked = decode(one.path), decode(other.path)
        assert clean.shape == masked.shape
        assert np.abs(clean.astype(int) - masked).max() <= 8
        if clean.shape[2] % 2 == 0:
            veiled += 1
            assert np.array_equal(clean[..., -1], masked[..., -1]), "what is transparent stays so"
        with Image.open(other.path) as image:
            assert set(image.getexif()) <= {ORIENTATION}, "no place and no camera is published"
            assert ("icc_profile" in image.info) == (other.name == "profile")
    assert veiled >= 6
    run("cleaner", "masks.safetensors", "--level", "clean", cwd=tmp_path)
    sought = json.loads(run("seek", "published", "cleaner_clean.safetensors", "--json", cwd=tmp_path).stdout)
    assert sought["exact"] and sought["images"] == len(original.records)
    for one, other in zip(original.records, scan(tmp_path / "cleaned").records, strict=True):
        assert np.array_equal(decode(one.path), decode(other.path))
    alike = json.loads(run("metrics", "data/train", "published", "--json", cwd=tmp_path).stdout)
    assert alike["images"] == len(original.records) and 0 < alike["linf"] <= 8
    assert json.loads(run("metrics", "data/train", "cleaned", "--json", cwd=tmp_path).stdout)["linf"] == 0
    found = run("verify", "published", "--test", "data/test", "--runs", "2", "--json", *FAST[:4], cwd=tmp_path, code=None)
    assert json.loads(found.stdout)["runs"] == 2


def test_an_image_that_changes_while_hide_is_at_work_is_named(make_folder, executor):
    root = make_folder(classes=2, each=5)
    source = load_source(root, None, None, executor, Silent())
    assert len(source.read_originals([0, 3]).images) == 2
    (root / "class0/003.png").write_bytes((root / "class1/003.png").read_bytes())
    with pytest.raises(InputError, match=r"changed while hide was at work.*class0/003\.png"):
        source.read_originals([0, 3])
