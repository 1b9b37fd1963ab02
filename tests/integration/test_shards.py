"""Shards in and shards out: the laws hold whatever the form."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pytest
import webdataset
from torchvision.datasets import ImageFolder

from hideseek_cli.images.codec import decode
from hideseek_cli.images.dataset import scan
from tests.helpers.commands import FAST, contents, inside, run
from tests.helpers.folders import repack, write_images
from tests.helpers.manifests import read_lines

HIDE = ["--levels", "70", "--max-runs", "14", "--robust", "none", "--key-file", "key", "--placement", "keyed", *FAST]
SHARDED = ["--shards", "10", "--image-format", "webp"]


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same images published as files and as shards of WebP."""
    place = tmp_path_factory.mktemp("sharded")
    write_images(place / "data/train", 3, 16)
    write_images(place / "data/test", 3, 8)
    (place / "key").write_bytes(bytes(range(32)))
    (place / "packed").mkdir()
    for part in ("train", "test"):
        repack(place / "data" / part, place / f"packed/{part}-0.tar")
    for name, options in (("files", []), ("shards", [*SHARDED, "-j", "1"])):
        run("hide", "data", *HIDE, *options, "-o", name, "--masks", f"{name}.masks", cwd=place, code=None)
        run("cleaner", f"{name}.masks", "--level", "clean", "-o", f"{name}.cleaner", cwd=place)
    return place


def test_the_form_changes_neither_the_release_nor_its_secrets(road):
    (files, *rows), (shards, *same) = (read_lines(road / name) for name in ("files", "shards"))
    assert sorted(os.listdir(road / "shards")) == [f"{number:06}.tar" for number in range(5)] + ["hideseek.json"]
    assert shards.pop("shard") == 10 and shards.pop("encoding") == "webp" and shards == files and rows == same
    assert (road / "files.masks").read_bytes() == (road / "shards.masks").read_bytes()
    found = json.loads(run("metrics", "files", "shards", "--json", cwd=road).stdout)
    assert found["linf"] == 0 and found["images"] == 48


def test_shards_in_give_the_same_bytes_as_folders_in_for_any_number_of_workers(road, tmp_path):
    """Laws 5 and 6."""
    before = contents(road / "packed")
    run("hide", "packed", *HIDE, *SHARDED, "-j", "2", "-o", tmp_path / "out", "--masks", tmp_path / "m", cwd=road, code=None)
    assert contents(road / "packed") == before
    assert contents(tmp_path / "out") == contents(road / "shards")
    assert (tmp_path / "m").read_bytes() == (road / "shards.masks").read_bytes()


def test_shards_are_sought_exactly_as_shards_by_any_number_of_workers(road, tmp_path):
    """Law 1."""
    for jobs in (1, 2):
        arguments = ["shards", "files.cleaner", "-o", tmp_path / str(jobs), "-j", jobs, "--json"]
        assert json.loads(run("seek", *arguments, cwd=road).stdout)["exact"]
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    assert set(contents(tmp_path / "1")) == set(contents(road / "shards"))
    for original, cleaned in zip(scan(road / "data/train").records, scan(tmp_path / "1").records, strict=True):
        assert original.key == cleaned.key and np.array_equal(decode(original.path), decode(cleaned.path))
    run("seek", "shards", "files.cleaner", "-o", tmp_path / "1", "--overwrite", cwd=road)
    planned = json.loads(run("seek", "shards", "files.cleaner", "-o", "x", "--dry-run", "--json", cwd=road).stdout)
    assert planned["images"] == 48 and planned["bytes"] == sum(map(len, contents(road / "shards").values()))


def read_by_webdataset(folder: Path) -> list[tuple[str, np.ndarray, int, str]]:
    """Key, pixels, number and name of the class of each sample, by the library's default decoder."""
    shards = [str(path) for path in sorted(folder.glob("*.tar"))]
    samples = webdataset.WebDataset(shards, shardshuffle=False, empty_check=False).decode("rgb8")
    return list(samples.to_tuple("__key__", "png;webp", "cls", "class.txt"))


@pytest.mark.parametrize("encoding", ["png", "webp"])
def test_webdataset_reads_shards_and_numbers_classes_as_torchvision_does(road, tmp_path, encoding):
    """The published folder, and what a buyer gets of it."""
    options = ["--shards", "10", "--image-format", encoding]
    run("hide", "data", *HIDE, *options, "-o", tmp_path / "out", "--masks", tmp_path / "m", cwd=road, code=None)
    run("seek", tmp_path / "out", "files.cleaner", "-o", tmp_path / "clean", cwd=road)
    run("seek", "files", "files.cleaner", "-o", tmp_path / "clean files", cwd=road)
    for shards, files in ((tmp_path / "out", road / "files"), (tmp_path / "clean", tmp_path / "clean files")):
        folder = ImageFolder(str(files))
        found = read_by_webdataset(shards)
        assert {name: number for _, _, number, name in found} == folder.class_to_idx == {f"class{n}": n for n in range(3)}
        assert len(found) == len(folder) == 48
        for (key, pixels, number, name), (path, label) in zip(found, folder.samples, strict=True):
            assert type(number) is int and number == label and type(name) is str
            assert Path(path).parent.name == name and key.endswith(f"{name}/{Path(path).stem}")
            assert np.array_equal(pixels, np.asarray(folder.loader(path)))


def test_of_a_part_the_classes_that_are_there_are_numbered(road, tmp_path):
    """As ImageFolder numbers them, and as they stand in the part's own manifest."""
    shutil.copytree(road / "shards", tmp_path / "part")
    for number in (0, 1):
        (tmp_path / f"part/{number:06}.tar").unlink()
    run("seek", tmp_path / "part", "files.cleaner", "-o", tmp_path / "out", "--allow-missing", cwd=road)
    classes = read_lines(tmp_path / "out")[0]["classes"]
    told = {(number, name) for _, _, number, name in read_by_webdataset(tmp_path / "out")}
    assert classes == ["class1", "class2"] and told == set(enumerate(classes))


def test_a_release_whose_shards_name_classes_alone_is_read_sought_and_verified(road, tmp_path, executor: Executor):
    """As releases were written before classes had numbers."""
    (tmp_path / "old").mkdir()
    shutil.copy(road / "shards/hideseek.json", tmp_path / "old")
    for archive in sorted((road / "shards").glob("*.tar")):
        with tarfile.open(archive) as new, tarfile.open(tmp_path / "old" / archive.name, "w") as old:
            for member in new:
                content = io.BytesIO(new.extractfile(member).read())  # type: ignore[union-attr]
                if member.name.endswith(".class.txt"):
                    continue
                if member.name.endswith(".cls"):
                    content = io.BytesIO(member.name.split("/")[0].encode())
                    member.size = len(content.getvalue())
                old.addfile(member, content)
    assert json.loads(run("seek", tmp_path / "old", "files.cleaner", "-o", tmp_path / "out", "--json", cwd=road).stdout)[
        "exact"
    ]
    assert read_by_webdataset(tmp_path / "out")[-1][2:] == (2, "class2"), "seek writes what is written now"
    assert json.loads(run("metrics", tmp_path / "old", "shards", "--json", cwd=road).stdout)["linf"] == 0
    options = ["--test", "packed/test-0.tar", "--runs", "1", "--threads", "1", "--json", "--seed", "1", *FAST[:4]]
    found = [json.loads(run("verify", name, *options, cwd=road, code=None).stdout) for name in (tmp_path / "old", "shards")]
    assert found[0]["accuracies"] == found[1]["accuracies"]


def test_what_is_there_of_a_sharded_release_is_cleaned_when_asked(road, tmp_path):
    shutil.copytree(road / "shards", tmp_path / "part")
    (tmp_path / "part/000001.tar").unlink()
    arguments = ["seek", tmp_path / "part", "shards.cleaner", "-o", tmp_path / "out"]
    refused = run(*arguments, cwd=road, code=2)
    assert "10 published images are missing" in refused.stderr and "000001.tar:class0/010.webp" in refused.stderr
    found = json.loads(run(*arguments, "--allow-missing", "--json", cwd=road).stdout)
    assert found["images"] == 38 and found["missing"] == 10 and found["exact"] is False
    originals = {record.key: record for record in scan(road / "data/train").records}
    for record in scan(tmp_path / "out").records:
        assert np.array_equal(decode(record.path), decode(originals[record.key].path))
    assert sorted(os.listdir(tmp_path / "out")) == [f"{number:06}.tar" for number in range(4)] + ["hideseek.json"]


def test_a_shard_that_is_damaged_or_changed_is_named_and_nothing_is_written(road, tmp_path):
    shutil.copytree(road / "shards", tmp_path / "part")
    arguments = ["seek", tmp_path / "part", "shards.cleaner", "-o", tmp_path / "out", "--allow-missing"]
    shard = tmp_path / "part/000002.tar"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:3000])
    assert "part/000002.tar (" in run(*arguments, cwd=road, code=2).stderr
    shard.write_bytes(whole.replace(b"RIFF", b"RUFF", 1))
    assert "000002.tar:class1/004.webp cannot be read as an image" in run(*arguments, cwd=road, code=2).stderr
    with tarfile.open(shard, "w") as tar:
        for name in ("class1/004", "class1/005"):
            for source, suffix in ((road / "data/train" / f"{name}.png", ".webp"), (road / "key.cls", ".cls")):
                (road / "key.cls").write_text("class1")
                tar.add(source, f"{name}{suffix}")
    (road / "key.cls").unlink()
    assert "class1/004.webp cannot be read as an image (which should be WEBP)" in run(*arguments, cwd=road, code=2).stderr
    assert os.listdir(tmp_path) == ["part"]


def test_verify_and_audit_read_shards(road, executor: Executor):
    options = ["--test", "packed/test-0.tar", "--runs", "1", "--threads", "1", "--json", "--seed", "1", *FAST[:4]]
    first, second = (
        json.loads(run("verify", name, *options, cwd=road, code=None).stdout)["accuracies"] for name in ("files", "shards")
    )
    assert first == second
    done = run("audit", "shards", "--test", "packed", "--clean", "packed", "--attacks", "none", "--json", *FAST[:4], cwd=road)
    (told,) = json.loads(done.stdout)["attacks"]
    assert told["attack"] == "none" and told["accuracies"] == [told["accuracy"]], "one run"


@pytest.mark.parametrize(
    ("options", "words"), [(["--image-format", "jpg"], "choose auto, png or webp"), (["--shards", "0"], "holds none")]
)
def test_a_form_that_is_none_is_refused(road, tmp_path, options, words):
    assert words in inside("hide", "data", *HIDE, *options, "-o", tmp_path / "o", cwd=road, code=2).stderr
