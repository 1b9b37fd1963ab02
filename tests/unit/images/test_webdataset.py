"""Shards and WebP: every layout holds the same images, and the laws hold whatever the form."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import tarfile
from collections.abc import Iterable
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hideseek_cli.errors import DiskError, InputError, RefusalError
from hideseek_cli.formats.manifest import compute_identity
from hideseek_cli.images.codec import NO_NOTES, Notes, decode, digest_pixels, encode, read_image
from hideseek_cli.images.dataset import find_splits, scan
from hideseek_cli.images.index import Key, is_safe
from hideseek_cli.images.output_format import PNG_FILES, OutputFormat
from hideseek_cli.images.webdataset import Writer, hold
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent
from tests.helpers.commands import FAST, contents, inside, run
from tests.helpers.folders import draw, write_images

FORMS = [OutputFormat(encoding=encoding, shard=shard) for encoding in ("png", "webp") for shard in (None, 1, 4)]
HIDE = ["--levels", "70", "--max-runs", "14", "--robust", "none", "--key-file", "key", "--placement", "keyed", *FAST]
SHARDED = ["--shards", "10", "--image-format", "webp"]


def put(root: Path, output_format: OutputFormat, keys: Iterable[Key], side: int = 8) -> Path:
    """Images of those classes and names, each of its own."""
    shutil.rmtree(root, ignore_errors=True)
    with StagedFolder(root) as stage, output_format.writer(stage) as (write, finish):
        for held in [write(key, draw(0, number, side, 3), NO_NOTES) for number, key in enumerate(sorted(keys))]:
            finish(pickle.loads(pickle.dumps(held)))
    return root


def repack(folder: Path, archive: Path) -> None:
    """A folder of class folders as anybody would pack it for WebDataset: numbered, with classes by name."""
    with tarfile.open(archive, "w") as tar:
        for record in scan(folder).records:
            (folder.parent / "class").write_text(f"{record.label}\n")
            tar.add(str(record.path), f"./{record.label}/{record.name}.PNG")
            tar.add(folder.parent / "class", f"./{record.label}/{record.name}.cls")
    (folder.parent / "class").unlink()


PARTS = st.text(st.sampled_from("aé.% 2E5-_"), min_size=1, max_size=6)
KEYS = st.tuples(PARTS, st.lists(PARTS, min_size=1, max_size=3).map("/".join)).filter(is_safe)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(KEYS, min_size=1, max_size=6), st.sampled_from(FORMS))
def test_every_form_holds_the_same_classes_names_and_pixels(tmp_path_factory, keys, output_format):
    assume(len({f"{label}/{name}".lower() for label, name in keys}) == len(keys))
    assume(not any(f"{a}/{b}.".startswith(f"{c}/{d}.png/") for a, b in keys for c, d in keys))
    folder = scan(put(tmp_path_factory.getbasetemp() / "output_format", output_format, keys))
    assert [record.key for record in folder.records] == sorted(keys)
    for number, record in enumerate(folder.records):
        assert np.array_equal(decode(record.path), draw(0, number, 8, 3))
    sources = output_format.sources(folder.root, sorted(keys))
    assert [str(source) for source in sources] == [str(record.path) for record in folder.records]
    assert [f"{folder.root}/{place}" for place in output_format.places(sorted(keys))] == [
        str(record.path) for record in folder.records
    ]
    assert sorted(output_format.files(keys)) == sorted(contents(folder.root))


def test_the_order_of_the_work_is_not_that_of_the_shard(tmp_path):
    keys = [("a", str(number)) for number in range(5)]
    with StagedFolder(tmp_path / "out") as stage, OutputFormat(shard=2).writer(stage) as (write, finish):
        held = {key: write(key, draw(0, int(key[1]), 8, 3), NO_NOTES) for key in reversed(keys)}
        for key in keys:
            finish(held[key])
    assert contents(tmp_path / "out") == contents(put(tmp_path / "other", OutputFormat(shard=2), keys))


@pytest.mark.parametrize(("damaged", "kept"), [(None, 3), (0, 0), (1, 1), (2, 2), (3, 3)])
def test_of_a_folder_that_was_being_filled_whole_shards_stay(tmp_path, damaged, kept):
    """The last may have been under way, whatever it looks like."""
    root = put(tmp_path / "out", OutputFormat(shard=2), [("cat", str(number)) for number in range(8)])
    if damaged is not None:
        shard = root / f"{damaged:06}.tar"
        shard.write_bytes(shard.read_bytes()[:-11_000])
    OutputFormat(shard=2).settle(root)
    assert sorted(contents(root)) == [f"{number:06}.tar" for number in range(kept)]
    OutputFormat().settle(root)
    assert len(contents(root)) == kept


def test_a_shard_holds_no_clock_no_owner_and_what_other_tools_read(tmp_path):
    root = put(tmp_path / "out", OutputFormat(shard=2), [("cat", "a.b"), ("cat", "x" * 200), ("dög", "é")])
    assert sorted(os.listdir(root)) == ["000000.tar", "000001.tar"]
    with tarfile.open(root / "000000.tar") as tar:
        names, infos = tar.getnames(), tar.getmembers()
        classes = tar.extractfile("cat/a%2Eb.cls")
        assert names == ["cat/a%2Eb.png", "cat/a%2Eb.cls", f"cat/{'x' * 200}.png", f"cat/{'x' * 200}.cls"]
        assert classes is not None and classes.read() == b"cat"
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname, one.mode) for one in infos} == {(0, 0, 0, "", "", 0o644)}


def test_a_large_image_waits_on_the_disk_for_its_turn(tmp_path, monkeypatch):
    monkeypatch.setattr("hideseek_cli.images.webdataset.AT_HAND", 100)
    keys = [("a", str(number)) for number in range(3)]
    first = contents(put(tmp_path / "out", OutputFormat(shard=2), keys))
    monkeypatch.undo()
    assert first == contents(put(tmp_path / "out", OutputFormat(shard=2), keys)) and os.listdir(tmp_path) == ["out"]


def test_a_full_disk_is_said_and_nothing_is_left(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    with pytest.raises(DiskError, match=r"out/000000\.tar cannot be written: No space left on device; free space there"):
        put(tmp_path / "out", OutputFormat(shard=2), [("a", "b")])
    assert os.listdir(tmp_path) == []


def test_a_shard_that_is_not_finished_has_no_end(tmp_path):
    with StagedFolder(tmp_path / "out") as stage:
        with pytest.raises(KeyError), Writer(stage, 3, ".png") as writer:
            writer.add(hold(stage, ("a", "b"), encode(draw(0, 0, 8, 3))))
            raise KeyError
        with pytest.raises(RefusalError, match="cut off"):
            scan(stage.stage)


@pytest.mark.parametrize("image", [(20, 30, 4), (9, 8, 3)])
def test_webp_keeps_every_pixel_also_under_what_is_transparent_and_the_profile(tmp_path, image):
    pixels = np.random.default_rng(0).integers(0, 256, image).astype(np.uint8)
    if image[2] == 4:
        pixels[:10, :, 3] = 0
    icc = bytes(16) + b"RGB " + bytes(108)
    (tmp_path / "a.webp").write_bytes(encode(pixels, Notes(icc), "webp"))
    found, notes = read_image(tmp_path / "a.webp")
    assert np.array_equal(found, pixels) and notes == Notes(icc)
    assert encode(pixels, notes, "webp") == encode(pixels.copy(), notes, "webp")


def test_what_webp_cannot_hold_is_refused_by_name_before_anything_is_trained(tmp_path, executor):
    write_images(tmp_path / "data", 2, 5, mode="mixed")
    wide = np.zeros((8, 16_384, 3), np.uint8)
    (tmp_path / "data/class0/wide.png").write_bytes(encode(wide))
    with pytest.raises(RefusalError) as refused:
        load_source(tmp_path / "data", None, None, executor, Silent(), OutputFormat(encoding="webp"))
    assert "5 images cannot be used" in str(refused.value) and str(refused.value).count("is grey, and WebP knows") == 4
    assert "class0/wide.png is 16384x8, and WebP has at most 16383 pixels a side" in str(refused.value)
    load_source(tmp_path / "data", None, None, executor, Silent())


LAYOUTS = {
    "a tar": ["data.tar"],
    "a folder": ["data/0.tar", "data/1.tar"],
    "folders of parts": ["data/Training/0.tar", "data/test/0.tar", "data/val/x.tar"],
    "names of parts": ["data/imagenet1k-train-000.tar", "data/imagenet1k-train-001.tar", "data/imagenet1k-validation-0.tar"],
}


@pytest.mark.parametrize("names", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_shards_are_found_wherever_folders_of_classes_would_be(tmp_path, names):
    for number, name in enumerate(names):
        shard = put(tmp_path / "made", OutputFormat(shard=9), [("a", f"{number}"), ("b", f"{number}")]) / "000000.tar"
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shard.rename(tmp_path / name)
    parts = find_splits(tmp_path / names[0].split("/")[0])
    found = {part: sorted({int(record.name) for record in scan(place).records}) for part, place in parts.items()}
    expected = {"data.tar": {"train": [0]}, "data/0.tar": {"train": [0, 1]},
                "data/Training/0.tar": {"train": [0], "test": [1], "val": [2]},
                "data/imagenet1k-train-000.tar": {"train": [0, 1], "val": [2]}}  # fmt: skip
    assert found == expected[names[0]]


@pytest.mark.parametrize(
    ("names", "words"),
    [(["train-val-0.tar"], "names the parts train and val; rename it"), (["train-0.tar", "a-train.tar"], "has two train parts"),
     (["test-0.tar"], "no train part"), (["train-0.tar", "train/0.tar"], "has two train parts")],
)  # fmt: skip
def test_unclear_parts_are_refused(tmp_path, names, words):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=words):
        find_splits(tmp_path)


def test_a_tar_that_anybody_packed_has_the_identity_of_the_folder(tmp_path):
    def named(place: Path) -> str:
        return compute_identity({record.key: digest_pixels(decode(record.path)) for record in scan(place).records})

    folder = put(tmp_path / "data", PNG_FILES, [("cat", "a"), ("cat", "cat/a"), ("dog", "1"), ("7", "sub/7")])
    repack(folder, tmp_path / "s.tar")
    assert {
        named(put(tmp_path / "out", output_format, [record.key for record in scan(folder).records])) for output_format in FORMS
    } == {named(folder)}
    assert named(tmp_path / "s.tar") == named(folder)


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
    files, shards = (json.loads((road / name / "hideseek.json").read_text()) for name in ("files", "shards"))
    assert sorted(os.listdir(road / "shards")) == [f"{number:06}.tar" for number in range(5)] + ["hideseek.json"]
    assert shards.pop("shard") == 10 and shards.pop("encoding") == "webp" and shards == files
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
    planned = json.loads(run("seek", "shards", "files.cleaner", "-o", "x", "--dry-run", cwd=road).stdout)
    assert planned["images"] == 48 and planned["bytes"] == sum(map(len, contents(road / "shards").values()))


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
    assert "000002.tar:class1/004.webp is not as it was published" in run(*arguments, cwd=road, code=2).stderr
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
    ("options", "words"), [(["--image-format", "jpg"], "choose png or webp"), (["--shards", "0"], "holds none")]
)
def test_a_form_that_is_none_is_refused(road, tmp_path, options, words):
    assert words in inside("hide", "data", *HIDE, *options, "-o", tmp_path / "o", cwd=road, code=2).stderr
