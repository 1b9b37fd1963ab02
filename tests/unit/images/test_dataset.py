"""Which folders, names and images are taken, and which are refused by name."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import copyfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from hideseek_cli.errors import DiskError, InputError, RefusalError
from hideseek_cli.images.codec import decode, fit, read_image, read_shape
from hideseek_cli.images.dataset import load_pixels, scan, scan_unlabelled
from hideseek_cli.images.encoding import encode
from hideseek_cli.images.index import is_safe
from hideseek_cli.images.notes import Notes
from hideseek_cli.images.passed_over import PassedOver
from hideseek_cli.publishing import loading
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.runtime.progress import Silent


def test_entries_are_sorted_by_class_and_name_without_suffix(make_folder):
    folder = scan(make_folder(classes=2, each=2))
    assert [record.key for record in folder.records] == [
        ("class0", "000"), ("class0", "001"), ("class1", "000"), ("class1", "001"),
    ]  # fmt: skip
    assert folder.classes == ("class0", "class1")
    assert folder.labels.tolist() == [0, 0, 1, 1]
    assert folder.chance() == 50


def test_nested_folders_keep_their_path_and_hidden_files_are_passed_over(make_folder):
    root = make_folder(classes=2, each=1)
    (root / "class0/sub").mkdir()
    (root / "class0/000.png").rename(root / "class0/sub/a.png")
    (root / "class0/.DS_Store").touch()
    (root / ".git").mkdir()
    assert [record.key for record in scan(root).records] == [("class0", "sub/a"), ("class1", "000")]


REFUSALS = {
    "a class without images": ("hold no images", lambda root: (root / "empty").mkdir()),
    "a stray file": ("no images, or belong to no class", lambda root: (root / "class0/notes.txt").touch()),
    "an image beside the classes": ("give `labels`", lambda root: (root / "class0/000.png").rename(root / "x.png")),
    "a name twice": ("000.png and 000.jpg|000.jpg and 000.png", lambda root: (root / "class0/000.jpg").touch()),
    "a link to a class": (
        "folders are links, which are not followed; put .*: .*data/more",
        lambda root: (root / "more").symlink_to(root / "class0", target_is_directory=True),
    ),
    "a link to a class that is gone": (
        "links lead nowhere; mend or remove them: .*data/gone",
        lambda root: (root / "gone").symlink_to(root / "nowhere"),
    ),
    "a format that is not read": (
        "formats that are not supported; convert them to PNG or JPEG: .*class0/1.heic",
        lambda root: (root / "class0/1.heic").touch(),
    ),
    "one beside the classes": ("formats that are not supported.*: .*data/1.AVIF", lambda root: (root / "1.AVIF").touch()),
    "a control character": ("control characters", lambda root: (root / "class0/a\nb.png").touch()),
    "a backslash": ("backslashes", lambda root: (root / "class0/a\\b.png").touch()),
}


@pytest.mark.parametrize(("words", "change"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_cannot_be_published_is_refused_by_name(make_folder, words, change):
    root = make_folder()
    change(root)
    with pytest.raises(InputError, match=words):
        scan(root)


def test_what_a_system_leaves_is_passed_over_wherever_images_are_read(make_folder):
    root = make_folder(classes=2, each=4)
    before = list(scan(root).records.keys())
    for place in ("@eaDir/000.png", "class0/@eaDir/000.png", "class0/sub/__MACOSX/1.png", "class1/$RECYCLE.BIN/1.png"):
        (root / place).parent.mkdir(parents=True)
        copyfile(root / "class0/000.png", root / place)
    for place in ("Thumbs.db", "class0/Thumbs.db", "class0/.DS_Store", "class1/desktop.ini", "class1/._000.png"):
        (root / place).touch()
    passed_over = PassedOver(root)
    assert list(scan(root, None, passed_over).records.keys()) == before
    assert passed_over.counts == {"left by a system": 9}
    assert str(passed_over) == "@eaDir and 8 more (left by a system)"
    seen = scan_unlabelled(root)
    assert [record.name for record in seen] == [f"{label}/{name}" for label, name in before]


def test_formats_that_are_not_supported_are_no_absence_of_images(tmp_path):
    (tmp_path / "data").mkdir()
    for name in ("a.heic", "b.jp2"):
        (tmp_path / "data" / name).touch()
    for look in (scan, scan_unlabelled):
        with pytest.raises(RefusalError, match="2 images are of formats that are not supported; convert them to PNG or JPEG"):
            look(tmp_path / "data")
    (tmp_path / "data/cat").mkdir()
    (tmp_path / "data/a.heic").rename(tmp_path / "data/cat/a.heic")
    with pytest.raises(RefusalError) as refused:
        scan(tmp_path / "data")
    assert list(refused.value.problems) == ["images are of formats that are not supported; convert them to PNG or JPEG"]


def test_a_folder_that_cannot_be_listed_is_no_empty_one(make_folder, monkeypatch):
    root = make_folder()
    (root / "class0/sub").mkdir()
    walk = os.scandir

    def locked(path):
        if str(path).endswith("class0/sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return walk(path)

    monkeypatch.setattr(os, "scandir", locked)
    with pytest.raises(DiskError, match=r"class0/sub cannot be read: Permission denied; check the disk and your rights"):
        scan(root)


def test_a_folder_of_one_class_is_refused_with_what_it_most_likely_is(make_folder, monkeypatch):
    root = make_folder("data/train", classes=2, each=3)
    (root / "class0/.DS_Store").touch()
    with pytest.raises(InputError) as refused:
        scan(root / "class0")
    assert str(refused.value) == (
        f"{root}/class0 holds 3 images but no folders of classes: give the folder above it ({root}), "
        "or name each image's class with `labels`"
    )
    monkeypatch.chdir(root / "class0")
    with pytest.raises(InputError, match=f"give the folder above it \\({root}\\)"):
        scan(Path())
    for path in (root / "class0").glob("*.png"):
        path.rename(root / path.name)
    (root / "class0/.DS_Store").unlink()
    with pytest.raises(InputError, match="3 files are no images, or belong to no class"):
        scan(root)
    for place in (root / "class0", root / "class1"):
        place.rename(root / f".{place.name}")
    with pytest.raises(InputError, match="train holds 3 images but no folders of classes: name each image's class"):
        scan(root)


@given(st.text(max_size=8), st.text(max_size=8))
def test_a_safe_name_stays_below_its_folder(label, name):
    if is_safe((label, name)):
        parts = f"{label}/{name}.png".split("/")
        assert not any(part in ("", ".", "..") or part.startswith(".") or "\0" in part or "\\" in part for part in parts)


@given(hnp.arrays(np.uint8, st.tuples(st.integers(8, 20), st.integers(8, 20), st.sampled_from([1, 3]))))
def test_an_image_comes_back_from_its_file(tmp_path_factory, image):
    path = tmp_path_factory.mktemp("p") / "a.png"
    path.write_bytes(encode(image))
    assert np.array_equal(decode(path), image)
    assert encode(image) == path.read_bytes()


def image_file(tmp_path, mode, **options):
    path = tmp_path / f"a.{options.pop('suffix', 'png')}"
    Image.new(mode, options.pop("size", (16, 12)), options.pop("colour", 0)).save(path, **options)
    return path


@pytest.mark.parametrize(
    ("mode", "options", "channels"),
    [("RGBA", {"colour": (1, 2, 3, 4)}, 4), ("LA", {"colour": (1, 2)}, 2), ("RGB", {"transparency": (0, 0, 0)}, 4),
     ("L", {"transparency": 0}, 2), ("P", {"transparency": 0}, 4), ("RGBA", {"colour": (1, 2, 3, 255)}, 3),
     ("RGB", {}, 3), ("L", {}, 1), ("1", {}, 1), ("P", {}, 3), ("CMYK", {"suffix": "jpg"}, 3),
     ("LA", {"colour": (1, 255)}, 1), ("RGB", {"suffix": "webp"}, 3),
     ("RGB", {"suffix": "bmp"}, 3), ("L", {"suffix": "tiff"}, 1)],
)  # fmt: skip
def test_every_common_kind_of_image_is_read(tmp_path, mode, options, channels):
    assert decode(image_file(tmp_path, mode, **options)).shape == (12, 16, channels)


@pytest.mark.parametrize(
    ("mode", "options", "words"),
    [("I;16", {}, "not 8 bits"), ("RGB", {"size": (7, 9)}, "at least 8"),
     ("RGB", {"suffix": "gif", "save_all": True, "append_images": [Image.new("RGB", (16, 12), "red")]}, "several frames")],
)  # fmt: skip
def test_what_cannot_be_published_exactly_is_refused_by_name(tmp_path, mode, options, words):
    with pytest.raises(InputError, match=words):
        decode(image_file(tmp_path, mode, **options))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = image_file(tmp_path, "RGB", suffix="jpg", exif=exif)
    assert decode(path).shape == ((16, 12, 3) if orientation > 4 else (12, 16, 3))
    assert read_shape(path) == decode(path).shape[:2]
    path.write_bytes(encode(*read_image(path)))
    with Image.open(path) as image:
        assert not image.getexif()


@pytest.mark.parametrize(("mode", "space", "kept"), [("RGB", b"RGB ", True), ("L", b"GRAY", True), ("L", b"RGB ", False),
                                                     ("CMYK", b"CMYK", False), ("RGBA", b"RGB ", True)])  # fmt: skip
def test_a_colour_profile_is_kept_where_it_still_holds(tmp_path, mode, space, kept):
    icc = bytes(16) + space + bytes(108)
    path = image_file(tmp_path, mode, suffix="tiff", icc_profile=icc)
    assert read_image(path)[1] == Notes(icc if kept else None)
    (tmp_path / "b.png").write_bytes(encode(*read_image(path)))
    assert read_image(tmp_path / "b.png")[1] == Notes(icc if kept else None)


def test_what_is_transparent_stays_so_and_networks_see_the_colours(tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (20, 30, 4)).astype(np.uint8)
    path = tmp_path / "a.png"
    path.write_bytes(encode(image))
    assert np.array_equal(decode(path), image)
    assert np.array_equal(fit(image, 10), fit(image[..., :3], 10)) and decode(path, 10).shape == (10, 10, 3)


def test_size_cuts_to_the_square(tmp_path):
    assert decode(image_file(tmp_path, "RGB"), size=8).shape == (8, 8, 3)


def test_every_unreadable_image_is_named_at_once(make_folder, executor):
    root = make_folder()
    for name in ("class0/000.png", "class2/005.png"):
        (root / name).write_bytes((root / name).read_bytes()[:50])
    with pytest.raises(InputError, match=r"2 images cannot be used.*class0/000.png.*class2/005.png"):
        load_pixels(scan(root), executor, Silent())


def test_of_a_large_folder_a_share_of_every_class_is_held(make_folder, executor):
    root = make_folder("data")
    whole = load_source(root, None, None, executor, Silent())
    part, again, other = (load_source(root, None, None, executor, Silent(), most=15, seed=seed) for seed in (0, 0, 1))
    assert whole.taught.all() and len(part) == len(whole) == len(part.shapes)
    assert np.bincount(part.labels).tolist() == [5, 5, 5] and len(part.stack) == part.taught.sum() == 15
    assert np.array_equal(part.stack.clean(), whole.stack.clean()[part.taught])
    assert np.array_equal(part.taught, again.taught) and not np.array_equal(part.taught, other.taught)
    assert len({one.fingerprint for one in (part, again, other, whole)}) == 1, "all of them were read"
    assert part.release_label() == whole.release_label() and np.array_equal(part.digests, whole.digests)
    late = np.arange(15) % 3 == 0
    turns = part.unmasking(bytes(32), "images", late).numbers
    for label in range(len(whole.folder.classes)):
        mine = part.folder.labels == label
        held = np.isin(np.arange(len(part)), np.flatnonzero(part.taught)[late]) & mine
        assert turns[held].min() > turns[mine & ~held].max(), "withheld images lose their masks last"


@pytest.mark.parametrize("most", [12, 13, 20, 35, 36, 50])
def test_no_more_than_that_are_held_and_some_of_every_class(make_folder, executor, most):
    root = make_folder("data/train")
    for path in sorted((root / "class1").iterdir())[5:]:
        path.unlink()
    make_folder("data/val", each=20)
    source = load_source(root.parent, None, None, executor, Silent(), most=most)
    assert len(source.stack) == source.taught.sum() <= most and (most < 29 or source.taught.all())
    counts, room = np.bincount(source.labels, minlength=3), max(0, min(most, 29) - 12)
    np.testing.assert_array_equal(counts, 4 + np.array([8, 1, 8]) * room // 17)
    assert source.validation is not None and len(source.validation[1]) <= len(source.stack)
    assert len(set(source.validation[1])) == 3


def test_as_many_are_held_as_memory_is_set_aside_for(make_folder, executor, monkeypatch):
    monkeypatch.setattr(loading, "HELD", 20 * 3 * 16 * 16)
    source = load_source(make_folder("data"), None, None, executor, Silent())
    assert len(source) == 36 and len(source.stack) == source.taught.sum() == 18


def test_one_pixel_of_an_image_that_is_not_held_makes_another_fingerprint(make_folder, executor):
    root = make_folder("data")
    before = load_source(root, None, None, executor, Silent(), most=15)
    path = before.folder.records[int(np.flatnonzero(~before.taught)[0])].path
    image = decode(path).copy()
    image[0, 0, 0] ^= 1
    (root / path.place).write_bytes(encode(image))
    after = load_source(root, None, None, executor, Silent(), most=15)
    assert after.fingerprint != before.fingerprint and np.array_equal(after.stack.clean(), before.stack.clean())
