"""Shards and WebP: every layout holds the same images, and the laws hold whatever the form."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hideseek_cli.errors import DiskError, InputError, RefusalError
from hideseek_cli.formats.manifest import compute_identity
from hideseek_cli.images.codec import decode, digest_pixels, read_image
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.encoding import encode
from hideseek_cli.images.index import Key, is_safe
from hideseek_cli.images.layout import find_layout
from hideseek_cli.images.notes import NO_NOTES, Notes
from hideseek_cli.images.output_format import PNG_FILES, OutputFormat
from hideseek_cli.images.passed_over import PassedOver
from hideseek_cli.images.shards import CONTAINERS, ShardWriter, hold
from hideseek_cli.images.stored import Raster
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent
from tests.helpers.commands import contents
from tests.helpers.folders import draw, repack, write_images

FORMS = [OutputFormat(encoding=encoding, shard=shard) for encoding in ("png", "webp") for shard in (None, 1, 4)]
FORMS += [OutputFormat(shard=shard, container="parquet") for shard in (1, 4)]


def put(root: Path, output_format: OutputFormat, keys: Iterable[Key], side: int = 8) -> Path:
    """Images of those classes and names, each of its own."""
    shutil.rmtree(root, ignore_errors=True)
    keys = sorted(keys)
    classes = list(dict.fromkeys(label for label, _ in keys))
    with StagedFolder(root) as stage, output_format.open_writer(stage, classes) as (write, finish):
        for held in [write(key, Raster(draw(0, number, side, 3), NO_NOTES)) for number, key in enumerate(keys)]:
            finish(pickle.loads(pickle.dumps(held)))
    return root


PARTS = st.text(st.sampled_from("aé.% 2E5-_"), min_size=1, max_size=6)
KEYS = st.tuples(PARTS, st.lists(PARTS, min_size=1, max_size=3).map("/".join)).filter(is_safe)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(KEYS, min_size=1, max_size=6), st.sampled_from(FORMS))
def test_every_form_holds_the_same_classes_names_and_pixels(tmp_path_factory, keys, output_format):
    assume(len({f"{label}/{name}".lower() for label, name in keys}) == len(keys))
    assume(not any(f"{a}/{b}.".startswith(f"{c}/{d}.png/") for a, b in keys for c, d in keys))
    folder = scan(put(tmp_path_factory.getbasetemp() / "output_format", output_format, keys))
    assert [record.key for record in folder.records] == sorted(keys)
    for number, record in enumerate(folder.records):
        assert np.array_equal(decode(record.path), draw(0, number, 8, 3))
    rows = [(key, "") for key in sorted(keys)]
    sources = output_format.sources(folder.root, rows)
    assert [str(source) for source in sources] == [str(record.path) for record in folder.records]
    assert [f"{folder.root}/{place}" for place in output_format.places(rows)] == [str(record.path) for record in folder.records]
    assert sorted(output_format.files(rows)) == sorted(contents(folder.root))


def test_the_order_of_the_work_is_not_that_of_the_shard(tmp_path):
    keys = [("a", str(number)) for number in range(5)]
    with StagedFolder(tmp_path / "out") as stage, OutputFormat(shard=2).open_writer(stage, ["a"]) as (write, finish):
        held = {key: write(key, Raster(draw(0, int(key[1]), 8, 3), NO_NOTES)) for key in reversed(keys)}
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
        members = {name: tar.extractfile(name) for name in names}
        assert names == [f"cat/{key}{suffix}" for key in ("a%2Eb", "x" * 200) for suffix in (".png", ".cls", ".class.txt")]
        assert [file.read() for name, file in members.items() if file and "png" not in name] == [b"0", b"cat"] * 2
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname, one.mode) for one in infos} == {(0, 0, 0, "", "", 0o644)}


def test_a_large_image_waits_on_the_disk_for_its_turn(tmp_path, monkeypatch):
    monkeypatch.setattr("hideseek_cli.images.shards.AT_HAND", 100)
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
        with pytest.raises(KeyError), ShardWriter(stage, 3, CONTAINERS["tar"], ["a"]) as writer:
            writer.add(hold(stage, ("a", "b"), "png", encode(draw(0, 0, 8, 3))))
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
    parts = find_layout(tmp_path / names[0].split("/")[0]).parts
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
        _ = find_layout(tmp_path).train


def test_what_lies_beside_shards_is_passed_over_and_told(tmp_path):
    root = put(tmp_path / "out", OutputFormat(shard=9), [("a", "1"), ("b", "2")])
    (root / "@eaDir").mkdir()
    for name in ("Thumbs.db", "README.md", "1.png"):
        (root / name).touch()
    passed_over = PassedOver(root)
    assert len(scan(root, None, passed_over).records) == 2
    assert passed_over.pairs() == [
        ("1.png", "beside what is read"), ("@eaDir", "left by a system"), ("Thumbs.db", "left by a system"),
        ("README.md", "no image"),
    ]  # fmt: skip


def test_a_tar_that_anybody_packed_has_the_identity_of_the_folder(tmp_path):
    def named(place: Path) -> str:
        return compute_identity({record.key: digest_pixels(decode(record.path)) for record in scan(place).records})

    folder = put(tmp_path / "data", PNG_FILES, [("cat", "a"), ("cat", "cat/a"), ("dog", "1"), ("7", "sub/7")])
    repack(folder, tmp_path / "s.tar")
    assert {
        named(put(tmp_path / "out", output_format, [record.key for record in scan(folder).records])) for output_format in FORMS
    } == {named(folder)}
    assert named(tmp_path / "s.tar") == named(folder)


def pack(archive: Path, *samples: tuple[str, dict[str, str]]) -> Path:
    """A tar of samples: each its key, and what stands in its texts."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w") as tar:
        for number, (key, texts) in enumerate(samples):
            contents = {".png": encode(draw(0, number, 8, 3)), **{suffix: text.encode() for suffix, text in texts.items()}}
            for suffix, content in contents.items():
                info = tarfile.TarInfo(key + suffix)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return archive


TOLD = {
    "a number and a name": ({".cls": "4", ".class.txt": "cat"}, "cat"),
    "a name and a line's end": ({".class.txt": "cat\n", ".cls": "4\n"}, "cat"),
    "a name alone": ({".class.txt": "cat"}, "cat"),
    "a name in the number's place": ({".cls": "cat"}, "cat"),
    "the name twice": ({".cls": "cat", ".class.txt": "cat"}, "cat"),
    "a number alone": ({".cls": "4"}, "4"),
    "a name that is a number": ({".cls": "0", ".class.txt": "4"}, "4"),
    "capital letters": ({".CLS": "4", ".Class.TXT": "cat"}, "cat"),
}


@pytest.mark.parametrize(("texts", "label"), TOLD.values(), ids=TOLD.keys())
def test_a_class_is_known_by_its_name_and_else_by_what_stands_for_it(tmp_path, texts, label):
    """Strangers' shards, and those of older releases, that name or number classes in KEY.cls."""
    found = scan(pack(tmp_path / "s.tar", ("x/1", texts), (f"{label}/2", texts), ("3", {".cls": "other"})))
    assert [record.key for record in found.records] == sorted([(label, "x/1"), (label, "2"), ("other", "3")])


CONTRARY = {
    "one number for two names": [{".cls": "0", ".class.txt": "cat"}, {".cls": "0", ".class.txt": "dog"}],
    "two numbers for one name": [{".cls": "0", ".class.txt": "cat"}, {".cls": "1", ".class.txt": "cat"}],
    "another name": [{".cls": "0", ".class.txt": "cat"}, {".cls": "cat", ".class.txt": "dog"}],
    "a number whose name stands elsewhere": [{".cls": "0", ".class.txt": "cat"}, {".cls": "0"}],
    "a name whose number stands elsewhere": [{".cls": "0"}, {".cls": "0", ".class.txt": "cat"}],
}


@pytest.mark.parametrize("texts", CONTRARY.values(), ids=CONTRARY.keys())
@pytest.mark.parametrize("archives", [1, 2])
def test_numbers_and_names_that_contradict_each_other_are_refused_by_name(tmp_path, texts, archives):
    first, second = (("a", texts[0]), ("b", texts[1]))
    if archives == 1:
        pack(tmp_path / "0.tar", first, second)
    else:
        pack(tmp_path / "0.tar", first)
        pack(tmp_path / "1.tar", second)
    words = rf"one number for two names, or two for one.*make them agree: .*{archives - 1}\.tar:b\.cls$"
    with pytest.raises(RefusalError, match=words):
        scan(tmp_path)


@pytest.mark.parametrize(
    ("texts", "words"),
    [({}, "have no class; add KEY.cls to each: .*:a.png"), ({".cls": "0", ".class.txt": ""}, "no text .*:a.class.txt"),
     ({".cls": "", ".class.txt": "cat"}, "no text .*:a.cls"), ({".cls": "0", ".class.txt": "x" * 2000}, "1024 .*:a.class.txt"),
     ({".cls": "0", ".CLS": "0"}, "come twice.*:a.CLS"), ({".class.txt": "a", ".Class.txt": "a"}, "twice.*:a.Class.txt"),
     ({".cls": "0", ".txt": "a caption"}, r"neither images nor .cls nor .class.txt.*:a.txt")],
)  # fmt: skip
def test_what_a_sample_lacks_or_has_too_much_of_is_named(tmp_path, texts, words):
    with pytest.raises(RefusalError, match=words):
        scan(pack(tmp_path / "s.tar", ("a", texts)))


def test_a_class_without_image_is_named_by_both_its_texts(tmp_path):
    pack(tmp_path / "s.tar", ("a", {".cls": "0", ".class.txt": "cat"}))
    with tarfile.open(tmp_path / "s.tar", "a") as tar:
        for suffix, content in ((".cls", b"0"), (".class.txt", b"cat")):
            info = tarfile.TarInfo(f"b{suffix}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    with pytest.raises(RefusalError, match=r"2 classes of shards have no image.*s\.tar:b\.cls; .*s\.tar:b\.class\.txt"):
        scan(tmp_path / "s.tar")


def test_classes_are_numbered_in_their_order_whatever_they_are_called(tmp_path):
    """As torchvision's ImageFolder numbers them: by the order of texts, so that class 10 comes before class 2."""
    root = put(tmp_path / "out", OutputFormat(shard=2), [(label, "a") for label in ("10", "2", "Zoo", "ant", "é")])
    told = {}
    for archive in sorted(root.glob("*.tar")):
        with tarfile.open(archive) as tar:
            texts = {name: tar.extractfile(name) for name in tar.getnames() if not name.endswith(".png")}
            told |= {name: file.read().decode() for name, file in texts.items() if file}
    assert told == {
        f"{label}/a{suffix}": text
        for number, label in enumerate(("10", "2", "Zoo", "ant", "é"))
        for suffix, text in ((".cls", str(number)), (".class.txt", label))
    }
    assert list(scan(root).classes) == ["10", "2", "Zoo", "ant", "é"]
