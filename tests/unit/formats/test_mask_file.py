"""Mask and cleaner files: what goes in comes out, and what is damaged is refused (laws 7 and 8)."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from itertools import repeat

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load, save

from hideseek_cli.errors import InputError
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.mask_file import MaskFile, Tier
from hideseek_cli.masks.residuals import Residuals
from hideseek_cli.recipe import preset

CORRECTIONS = st.lists(hnp.arrays(np.int8, st.integers(0, 40), elements=st.integers(-63, 63)), min_size=1, max_size=8)


def mask_file(keyed: bool = True) -> MaskFile:
    random = np.random.default_rng(0)
    patterns = [{c: random.integers(-8, 9, (4, 4, 5, c)).astype(np.int8) for c in (1, 3)} for _ in range(2)]
    lost = Residuals.pack([np.array([1, -2], np.int8), np.array([], np.int8), np.array([3], np.int8)])
    tiers = [
        ("30", 1 / 3, patterns[1], [True, False, True]),
        ("60", 1 / 3, {}, [True, False, True]),
        ("clean", 0.0, {}, [True] * 3),
    ]
    return MaskFile(
        release="a" * 64,
        classes=("cat", "dög"),
        epsilon=8,
        strength=0.9,
        recipe=preset("quick"),
        published=patterns[0],
        which=np.array([1, 0, 3], np.int32),
        tiers=tuple(
            Tier(level=n, strength=s, result="b" * 64, patterns=p, touched=np.array(t), residuals=lost) for n, s, p, t in tiers
        ),
        shifts=np.array([[1, 2], [3, 4], [0, 0]], np.uint16) if keyed else None,
        origin={"device": "cpu", "threads": 2},
    )


def same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other) and one.dtype == other.dtype
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if hasattr(one, "__dataclass_fields__"):
        return all(same(getattr(one, name), getattr(other, name)) for name in one.__dataclass_fields__)
    return one == other


@given(CORRECTIONS)
def test_residuals_come_back_as_they_went_in(parts):
    unpacked = list(Residuals.pack(parts).parts())
    assert len(unpacked) == len(parts)
    assert all(np.array_equal(a, b) for a, b in zip(parts, unpacked, strict=True))


@pytest.mark.parametrize("keyed", [False, True])
def test_files_come_back_as_they_were_saved(tmp_path, keyed):
    masks = mask_file(keyed)
    masks.save(tmp_path / "m")
    assert same(MaskFile.load(tmp_path / "m"), masks)
    for level in ("30", "60", "clean"):
        cleaner = masks.make_cleaner(level)
        assert cleaner.save(tmp_path / "c") == (tmp_path / "c").stat().st_size
        assert same(Cleaner.load(tmp_path / "c"), cleaner)


def test_the_same_masks_give_the_same_bytes(tmp_path):
    for name in "ab":
        mask_file().save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_cleaner_is_the_difference_of_the_masks_of_its_images():
    masks = mask_file()
    for channels, published in masks.published.items():
        own, none = masks.make_cleaner("30"), masks.make_cleaner("60")
        assert own.which.tolist() == none.which.tolist() == [0, -1, 1]
        assert np.array_equal(own.patterns[channels], masks.tiers[0].patterns[channels][[1, 3]] - published[[1, 3]])
        assert np.array_equal(none.patterns[channels], -published[[1, 3]]), "masks 0 and 2 are none of the buyer's business"


def test_a_cleaner_holds_nothing_that_gives_a_higher_level(tmp_path):
    """Law 9: no key, no seed, no strength and no mask, neither the published one nor that of another level."""
    masks = mask_file()
    masks.make_cleaner("30").save(tmp_path / "c")
    content = (tmp_path / "c").read_bytes()
    header = json.loads(json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]["hideseek"])
    assert set(header) == {"format", "kind", "level", "release", "result", "classes", "recipe"}
    assert not {"seed", "strength", "key"} & set(header["recipe"])
    tensors = load(content)
    assert set(tensors) == {"masks.c1", "masks.c3", "residual", "saturated", "shifts", "which"}
    assert tensors["shifts"].tolist() == [[1, 2], [0, 0], [0, 0]], "where a pattern lies on an image that stays masked"
    secrets = [*masks.published.values(), *masks.tiers[0].patterns.values()]
    assert not any(np.array_equal(tensor, secret) for tensor in tensors.values() for secret in secrets)


def test_an_unknown_level_lists_the_known_ones():
    with pytest.raises(InputError, match="level 55 is not in this mask file; it has: 30, 60, clean"):
        mask_file().make_cleaner("55")


def test_one_kind_of_file_is_not_taken_for_another(tmp_path):
    masks = mask_file()
    masks.save(tmp_path / "m")
    masks.make_cleaner("30").save(tmp_path / "c")
    with pytest.raises(InputError, match="is a masks file, and a cleaner file is needed"):
        Cleaner.load(tmp_path / "m")
    with pytest.raises(InputError, match="is a cleaner file, and a masks file is needed"):
        MaskFile.load(tmp_path / "c")
    (tmp_path / "s").write_bytes(save({"x": np.zeros(1)}))
    with pytest.raises(InputError, match="not one of hideseek"):
        MaskFile.load(tmp_path / "s")


def rewrite(path, change) -> None:
    """Change header and tensors of a file."""
    content = path.read_bytes()
    text = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]["hideseek"]
    header, tensors = json.loads(text), dict(load(content))
    change(header, tensors)
    path.write_bytes(save(tensors, metadata={"hideseek": json.dumps(header)}))


DAMAGES = {
    "another format": lambda header, tensors: header.update(format=99),
    "floats for masks": lambda header, tensors: tensors.update({"masks.c3": tensors["masks.c3"].astype(np.float32)}),
    "no masks": lambda header, tensors: [tensors.pop("masks.c1"), tensors.pop("masks.c3")],
    "no numbers of masks": lambda header, tensors: tensors.pop("which"),
    "numbers of another length": lambda header, tensors: tensors.update(which=tensors["which"][:2]),
    "a number beyond the masks": lambda header, tensors: tensors.update(which=tensors["which"] + 1),
    "a number below none": lambda header, tensors: tensors.update(which=tensors["which"] - 1),
    "grey masks of another number": lambda header, tensors: tensors.update({"masks.c1": tensors["masks.c1"][:1]}),
    "no counts": lambda header, tensors: tensors.pop("saturated"),
    "counts of another type": lambda header, tensors: tensors.update(saturated=tensors["saturated"].astype(np.int64)),
    "shifts of another length": lambda header, tensors: tensors.update(shifts=tensors["shifts"][:1]),
    "a recipe that lacks a field": lambda header, tensors: header["recipe"].pop("epochs"),
    "a recipe that is none": lambda header, tensors: header.update(recipe=[1]),
    "an architecture that is none": lambda header, tensors: header["recipe"].update(arch="vit"),
    "classes that are no list": lambda header, tensors: header.update(classes=7),
    "no level": lambda header, tensors: header.pop("level"),
    **{
        f"level {level!r}": lambda header, tensors, level=level: header.update(level=level)
        for level in ("/../../x", "50\x1b[2J", "50\n", "050", "5e1", "٥٠", "100", "0", "-1", "nan", "published", "", 50, None)
    },
    "a release that is no digest": lambda header, tensors: header.update(release="../x"),
    "a result that is no digest": lambda header, tensors: header.update(result="b" * 63),
    "a class that is no name": lambda header, tensors: header.update(classes=["cat", 7]),
    "a number too large for any float": lambda header, tensors: header["recipe"].update(learning_rate=10**400),
    "no number": lambda header, tensors: header["recipe"].update(momentum=float("nan")),
    "masks of a long side": lambda header, tensors: tensors.update({"masks.c3": np.zeros((2, 1, 4000, 3), np.int8)}),
    "masks of no side": lambda header, tensors: tensors.update({"masks.c3": np.zeros((2, 0, 5, 3), np.int8)}),
    "grey masks of no side": lambda header, tensors: tensors.update({"masks.c1": np.zeros((2, 4, 0, 1), np.int8)}),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_cleaner_is_refused(tmp_path, damage):
    path = tmp_path / "c"
    mask_file().make_cleaner("30").save(path)
    rewrite(path, damage)
    with pytest.raises(InputError):
        Cleaner.load(path)


MASK_DAMAGES = {
    "a level that is a path": lambda header, tensors: header["tiers"][0].update(level="../30"),
    "a share above all": lambda header, tensors: header["tiers"][0].update(strength=1.5),
    "no share": lambda header, tensors: header["tiers"][0].update(strength=float("nan")),
    "a result that is none": lambda header, tensors: header["tiers"][0].update(result=""),
    "tiers that are none": lambda header, tensors: header.update(tiers=[7]),
    "a bound that masks cannot have": lambda header, tensors: header.update(epsilon=64),
    "a bound that is no number": lambda header, tensors: header.update(epsilon=True),
    "a strength beyond all": lambda header, tensors: header.update(strength=10**400),
}


@pytest.mark.parametrize("damage", MASK_DAMAGES.values(), ids=MASK_DAMAGES.keys())
def test_a_damaged_mask_file_is_refused(tmp_path, damage):
    path = tmp_path / "m"
    mask_file().save(path)
    rewrite(path, damage)
    with pytest.raises(InputError):
        MaskFile.load(path)


@pytest.mark.parametrize(("kind", "bits"), [("BF16", 16), ("F8_E4M3", 8), ("F64", 64), ("BOOL", 8)])
def test_tensors_of_other_types_are_refused_before_they_are_read(tmp_path, kind, bits):
    """Of some of these NumPy knows nothing."""
    path = tmp_path / "c"
    mask_file().make_cleaner("30").save(path)
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header, values = json.loads(content[8 : 8 + length]), content[8 + length :]
    header["extra"] = {"dtype": kind, "shape": [8], "data_offsets": [len(values), len(values) + bits]}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + values + bytes(bits))
    with pytest.raises(InputError, match=f"tensors of type {kind}"):
        Cleaner.load(path)


@pytest.mark.parametrize("names", [("published.c1", "published.c3"), ("30.masks.c3",)])
def test_a_mask_file_that_lacks_some_masks_is_refused(tmp_path, names):
    path = tmp_path / "m"
    mask_file().save(path)
    rewrite(path, lambda header, tensors: [tensors.pop(name) for name in names])
    with pytest.raises(InputError, match="missing or incomplete"):
        MaskFile.load(path)


def test_a_truncated_or_lying_file_is_refused(tmp_path):
    path = tmp_path / "c"
    mask_file().make_cleaner("30").save(path)
    whole = path.read_bytes()
    for content in (b"", whole[:7], whole[:-1], (2**60).to_bytes(8, "little") + whole[8:], b"\x00" * 100):
        path.write_bytes(content)
        with pytest.raises(InputError, match="cannot be read as a cleaner"):
            Cleaner.load(path)


def test_a_folder_in_place_of_a_file_is_named(tmp_path):
    with pytest.raises(InputError, match="is a folder, and a cleaner file is needed here"):
        Cleaner.load(tmp_path)


def test_a_residual_that_unpacks_to_more_than_it_says_is_refused():
    bomb = zlib.compress(bytes(10_000_000), 9)
    lost = Residuals(counts=np.array([5], np.uint32), packed=bomb)
    with pytest.raises(InputError, match="longer than it says"):
        list(lost.parts())
    with pytest.raises(InputError, match="5 corrections for an image with 4 values"):
        list(lost.parts(repeat(4)))
    with pytest.raises(InputError, match="shorter than it says"):
        list(replace(lost, counts=np.array([20_000_000], np.uint32)).parts())
    with pytest.raises(InputError, match="damaged"):
        list(replace(lost, packed=b"no zlib").parts())
