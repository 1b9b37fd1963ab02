"""Which folders are parts of a data set, and which are classes that are called so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

import pytest

from hideseek_cli.errors import InputError
from hideseek_cli.images import glance
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.layout import find_layout
from tests.helpers.folders import draw_tree
from tests.helpers.progress import Listener

NAMES = {
    "train": ["train", "training", "Train", "training_set", "Train-Set"],
    "val": ["val", "valid", "validation", "dev", "validation set", "val_set"],
    "test": ["test", "testing", "eval", "test_set", "TestSet"],
}


@pytest.mark.parametrize(("part", "name"), [(part, name) for part, names in NAMES.items() for name in names])
def test_parts_are_found_under_their_synonyms(tmp_path, part, name):
    expected = {other: tmp_path / other for other in NAMES} | {part: tmp_path / name}
    for path in expected.values():
        path.mkdir()
    assert find_layout(tmp_path).parts == expected


def test_a_folder_without_parts_is_all_training_part(make_folder):
    root = make_folder()
    assert find_layout(root).parts == {"train": root} and find_layout(root).is_whole


def test_unclear_parts_are_refused(tmp_path):
    (tmp_path / "test").mkdir()
    with pytest.raises(InputError, match="no train part"):
        _ = find_layout(tmp_path).train
    (tmp_path / "train").mkdir()
    (tmp_path / "training").mkdir()
    with pytest.raises(InputError, match="two train parts, train and training; keep one, or .*`split='none'`"):
        find_layout(tmp_path)
    assert find_layout(tmp_path, "none").train == tmp_path


TREES: dict[str, tuple[str, dict[str, str], str]] = {
    "a class among classes": ("train/1 apple/1", {"train": "."}, "train/ in {} read as a class, since apple/"),
    "a class with folders": ("train/steam/1 train/diesel/1 apple/1", {"train": "."}, "read as a class, since apple/ beside it"),
    "classes called so": ("train/a/1 test/b/1 worm/1", {"train": "."}, "test/ and train/ in {} read as classes, since worm/"),
    "parts": ("train/a/1 test/a/1 README.md", {"train": "train", "test": "test"}, ""),
    "parts beside others": (
        "train/a/1 train/b/1 test/a/1 extra/1", {"train": "train", "test": "test"},
        "read as parts, and extra/ beside them, which holds images, is passed over; `split='none'` reads all",
    ),
    "parts beside what holds no images": ("train/a/1 notes/plan.txt", {"train": "train"}, ""),
    "parts without classes": ("train/1 test/1", {"train": "train", "test": "test"}, "test/ holds images and no folders of"),
    "shards beside others": ("train/0.tar extra/1", {"train": "train"}, "read as a part, and extra/ beside it, which"),
    "nested": ("set/set/a/1 set/set/b/1 README.md", {"train": "set/set"}, "{} holds nothing but set/set/: read from there"),
    "nested parts": (
        "training_set/training_set/a/1 test_set/test_set/a/1",
        {"train": "training_set/training_set", "test": "test_set/test_set"}, "",
    ),
    "parts that are nested": (
        "archive/data/train/a/1 archive/data/test/a/1 __MACOSX/archive/1",
        {"train": "archive/data/train", "test": "archive/data/test"}, "holds nothing but archive/data/",
    ),
    "one class": ("cat/1", {"train": "."}, ""),
    "one class beside images": ("cat/a/1 1.png", {"train": "."}, ""),
    "what a system left": ("train/a/1 @eaDir/1 .git/1", {"train": "train"}, ""),
    "formats that are not read": ("train/1.heic apple/2.avif", {"train": "."}, "read as a class, since apple/ beside it"),
}  # fmt: skip


@pytest.mark.parametrize(("tree", "parts", "said"), TREES.values(), ids=TREES.keys())
def test_a_folder_is_a_part_where_the_whole_says_so(tmp_path, tree, parts, said):
    draw_tree(tmp_path, tree.split())
    hears = Listener()
    found = find_layout(tmp_path, progress=hears)
    assert {part: path.relative_to(tmp_path).as_posix() for part, path in found.parts.items()} == parts
    assert any(said.format(tmp_path) in line for line in hears.told) if said else hears.told == []


def test_whoever_knows_better_chooses(tmp_path):
    draw_tree(tmp_path, ["train/a/1", "test/b/1", "apple/1"])
    assert find_layout(tmp_path, "parts").parts == {"train": tmp_path / "train", "test": tmp_path / "test"}
    assert scan(find_layout(tmp_path, "none").train).classes == ("apple", "test", "train")
    draw_tree(tmp_path / "both", ["train/a/1", "test/a/1"])
    assert find_layout(tmp_path / "both", "none").parts == {"train": tmp_path / "both"}
    with pytest.raises(InputError, match="has no folder named train, val or test; leave `split` out"):
        find_layout(tmp_path / "apple", "parts")
    with pytest.raises(InputError, match="unknown `split` 'part': did you mean parts?"):
        find_layout(tmp_path, "part")


def test_what_lies_beside_parts_is_told(tmp_path):
    draw_tree(tmp_path, ["train/a/1", "test/a/1", "extra/1", "7.png", "labels.csv", ".git/x", "Thumbs.db"])
    found = find_layout(tmp_path).passed_over
    assert sorted(found.pairs()) == [
        (".git", "hidden"), ("7.png", "beside what is read"), ("Thumbs.db", "left by a system"),
        ("extra", "beside what is read"), ("labels.csv", "no image"),
    ]  # fmt: skip


def test_parts_may_be_links(tmp_path):
    draw_tree(tmp_path, ["disk/a/1", "data/test/a/1"])
    (tmp_path / "data/train").symlink_to(tmp_path / "disk")
    assert set(find_layout(tmp_path / "data").parts) == {"train", "test"}


def test_no_folder_is_walked(tmp_path, monkeypatch):
    """A data set has a million images, and its disk is at the other end of a network."""
    classes = [f"{split}/{label}/{number}" for split in ("train", "test") for label in "abc" for number in range(50)]
    draw_tree(tmp_path, [*classes, *(f"extra/{number}" for number in range(50))])
    seen: list[str] = []

    def counted(entries: Iterator[os.DirEntry[str]], most: int | None) -> Iterator[os.DirEntry[str]]:
        for entry in islice(entries, most):
            seen.append(entry.name)
            yield entry

    monkeypatch.setattr(glance, "islice", counted)
    assert set(find_layout(tmp_path).parts) == {"train", "test"}
    assert 0 < sum(name.endswith(".png") for name in seen) <= 12, "one image of each folder that is looked at"
