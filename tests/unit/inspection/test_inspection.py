"""What a file or folder is: every kind is told, secrets are not, and what is none of ours is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hideseek_cli as hs
from hideseek_cli.errors import InputError
from hideseek_cli.formats import sheet_file
from hideseek_cli.formats.generator import Generator
from hideseek_cli.formats.mask_file import MaskFile
from tests.helpers.commands import inside
from tests.helpers.folders import repack, write_images
from tests.helpers.manifests import make_manifest, read_lines, write_lines
from tests.helpers.published import publish
from tests.helpers.releases import released

FORMAT1 = Path(__file__).parents[2] / "data/release-format1"
CUSTOM = "custom: slim, epochs 2, batch size 8"


@pytest.fixture(scope="module")
def release(tmp_path_factory, executor) -> Path:
    """One of each kind, and a sheet of another release."""
    root = tmp_path_factory.mktemp("release")
    released(lambda name="data", **options: write_images(root / name, **options), root, executor, pattern_sets=2)
    masks = MaskFile.load(root / "masks")
    Generator(
        method="confounder", epsilon=8, strength=1.25, classes=masks.classes, release=masks.release, size=(16, 24),
        weights={"w": np.zeros((2, 2), np.float32)},
    ).save(root / "generator")  # fmt: skip
    sheet_file.save(root / "sheet.png", Image.new("RGB", (4, 4)), masks.release)
    sheet_file.save(root / "other.png", Image.new("RGB", (4, 4)), "0" * 64)
    hs.make_network("slim", out=root / "net", seed=3_141_592)
    header, *rows = read_lines(root / "published")
    offers = [{"level": level, "price": 25.0, "accuracy": 51.0, "low": 47.0, "high": 55.0, "runs": 3} for level in (50, 70)]
    for folder in ("published", "k50"):
        header, *rows = read_lines(root / folder)
        write_lines(root / folder, [{**header, "offers": offers}, *rows])
    return root


def told(found: hs.Inspection) -> dict[str, str]:
    return {row["what"]: row["value"] for row in found.rows()}


def fitting(found: hs.Inspection) -> list[str]:
    return [f"{one.path.name}: {one.kind}" for one in found.fits]


def steps(found: hs.Inspection) -> list[str]:
    return [" ".join([one.command, *(Path(word).name for word in one.arguments)]) for one in found.next]


def test_a_published_folder_tells_its_offers_what_fits_and_what_to_run(release):
    found = hs.inspect(release / "published")
    assert hs.inspect(release / "published/hideseek.json") == found
    rows, document = told(found), found.to_json()
    assert found.kind == "published folder" and rows["recipe"] == CUSTOM and rows["missing"] == "0 files"
    assert rows["level 50"] == "price 25; measured 51.0 %, 95 % interval 47.0 to 55.0, runs 3; classes cleaned whole: 0"
    assert document["images"] == 72 and document["classes"] == ["class0", "class1", "class2"] and document["format"] == 2
    assert document["offers"][1]["level"] == 70.0 and document["promise"] == document["chance"] == pytest.approx(100 / 3)
    assert document["bytes"] == sum(path.stat().st_size for path in (release / "published").rglob("*") if path.is_file())
    assert fitting(found) == [
        "cleaner: cleaner", "generator: generator", "k50: cleaned folder", "masks: mask file", "sheet.png: contact sheet",
    ]  # fmt: skip
    assert steps(found) == ["seek published cleaner", "verify published"]
    assert "next: seek" in str(found)


def test_kinds_of_files_are_told(tmp_path):
    keys = [("a", "0"), ("a", "1"), ("b", "0")]
    for jpegs, kinds, value in ((keys[:0], "png", "3 png"), (keys[:1], "jpg and png", "1 jpg, 2 png"), (keys, "jpg", "3 jpg")):
        found = hs.inspect(publish(tmp_path / kinds, keys, jpegs=jpegs))
        assert found.to_json()["encoding"] == kinds and told(found)["encoding"] == value
        assert found.to_json()["missing"] == 0


def test_a_cleaned_level_tells_its_own_promise(release):
    found = hs.inspect(release / "k50")
    assert found.kind == "cleaned folder" and [offer.level for offer in found.offers] == [50.0]
    assert told(found)["promise"] == "50.0 %" and steps(found) == ["verify k50"]


def test_files_that_are_missing_are_counted(release, tmp_path):
    shutil.copytree(release / "published", tmp_path / "published")
    (tmp_path / "published/class0/000.png").unlink()
    found = hs.inspect(tmp_path / "published")
    assert found.to_json()["missing"] == 1 and "1 file that it lists is missing" in found.notes[0]
    assert steps(found)[0] == "seek published CLEANER"


def test_a_mask_file_tells_nothing_secret_unless_it_is_asked(release):
    masks = MaskFile.load(release / "masks")
    replace(masks, strength=1.2345, origin={"seed": 987_654_321, "threads": 1, "key": "x", "device": [[]]}).save(
        release / "masks"
    )
    shown, asked = hs.inspect(release / "masks"), hs.inspect(release / "masks", secret=True)
    document = shown.to_json()
    assert not {"strength", "tiers", "origin", "seed", "masked_share"} & set(document)
    for text in (str(shown), json.dumps(document)):
        assert "1.2345" not in text and "987654321" not in text and "class0:" not in text
    assert (
        document["levels"] == ["50", "clean"] and steps(shown) == ["cleaner masks"] and shown.next[0].options["level"] == "50"
    )
    everything = asked.to_json()
    assert everything["strength"] == 1.2345 and everything["origin"] == {"seed": 987_654_321, "threads": 1}
    assert everything["tiers"][0] == {"level": "50", "masked_share": 0.5, "cleaned": int(masks.tiers[0].touched.sum())}


def test_a_cleaner_finds_its_folder(release):
    found = hs.inspect(release / "cleaner")
    assert found.kind == "cleaner" and found.to_json()["level"] == "50" and "cleaned" not in found.to_json()
    assert steps(found) == ["seek published cleaner"] and found.bytes == (release / "cleaner").stat().st_size
    assert hs.inspect(release / "cleaner", secret=True).to_json()["cleaned"] == 36


def test_of_several_cleaners_none_is_chosen(release, tmp_path):
    shutil.copytree(release / "published", tmp_path / "published")
    for name in ("one", "other"):
        shutil.copy(release / "cleaner", tmp_path / name)
    found = hs.inspect(tmp_path / "published")
    assert len(found.fits) == 2 and steps(found)[0] == "seek published CLEANER"


def test_other_secret_files_and_who_may_read_them(release):
    generator, network, sheet = (hs.inspect(release / name) for name in ("generator", "net", "sheet.png"))
    assert generator.to_json()["image_size"] == [16, 24] and generator.next[0].options == {
        "generator": str(release / "generator")
    }
    assert "3141592" not in str(network) + str(network.to_json()) + str(generator) and "1.25" not in str(generator)
    assert hs.inspect(release / "net", secret=True).to_json()["seed"] == 3_141_592
    assert hs.inspect(release / "generator", secret=True).to_json()["strength"] == 1.25
    assert steps(network) == ["verify PUBLISHED"] and steps(sheet) == ["inspect published"]
    assert hs.inspect(release / "other.png").fits == ()
    (release / "net").chmod(0o644)
    assert any("chmod 600" in note for note in hs.inspect(release / "net").notes) and not any(
        "chmod" in one for one in network.notes
    )


def test_a_network_file_finds_the_folder_that_was_published_for_it(release, tmp_path):
    stem = hs.make_network("slim", out=tmp_path / "net").stem
    hs.make_network("slim", out=tmp_path / "stranger")
    shutil.copytree(release / "published", tmp_path / "published")
    header, *rows = read_lines(tmp_path / "published")
    write_lines(tmp_path / "published", [{**header, "authorized": {"stem": stem, "arch": "slim", "accuracy": 80.0}}, *rows])
    assert fitting(hs.inspect(tmp_path / "published")) == ["net: network file"]
    assert steps(hs.inspect(tmp_path / "net")) == ["verify published"] and hs.inspect(tmp_path / "stranger").fits == ()
    assert told(hs.inspect(tmp_path / "published"))["authorized"].endswith("learns 80.0 %")


def test_what_was_written_by_0_1_0_is_told_as_well():
    found = hs.inspect(FORMAT1 / "published")
    assert found.to_json()["format"] == 1 and "masks.safetensors: mask file" in fitting(found)


def test_shards_without_a_manifest_are_as_large_as_their_files(release, tmp_path):
    pytest.importorskip("pyarrow")
    hs.export(release / "published", out=tmp_path / "hub", layout="parquet", progress=False)
    (tmp_path / "hub/hideseek.json").unlink()
    found = hs.inspect(tmp_path / "hub")
    assert found.kind == "image folder" and found.to_json()["images"] == hs.inspect(release / "published").to_json()["images"]
    assert found.bytes == sum(path.stat().st_size for path in (tmp_path / "hub").iterdir())


def test_folders_and_tars_of_images_are_told_by_their_parts(tmp_path):
    write_images(tmp_path / "data/train", 3, 4)
    write_images(tmp_path / "data/test", 3, 2)
    (tmp_path / "data/train/class0/000.png").rename(tmp_path / "data/train/class0/bad\\name.png")
    found = hs.inspect(tmp_path / "data")
    assert found.kind == "image folder" and found.to_json()["parts"] == {"train": 11, "test": 6}
    assert steps(found) == ["hide data"] and "1 image would be refused" in found.notes[0]
    plain = hs.inspect(tmp_path / "data/test")
    assert plain.to_json()["images"] == 6 and "parts" not in plain.to_json() and told(plain)["classes"].startswith("3: class0")
    repack(tmp_path / "data/test", tmp_path / "shard.tar")
    assert hs.inspect(tmp_path / "shard.tar").to_json()["images"] == 6
    flat = hs.inspect(tmp_path / "data/test/class0")
    assert flat.to_json()["images"] == 2 and flat.next[0].options["labels"] == "LABELS.csv"


def test_a_folder_around_a_published_one_is_looked_into(release, tmp_path):
    shutil.copytree(release / "published", tmp_path / "download/published")
    found = hs.inspect(tmp_path / "download")
    assert found.kind == "published folder" and found.path == tmp_path / "download/published"


def test_the_current_folder_has_neighbours(release, monkeypatch):
    monkeypatch.chdir(release / "published")
    found = hs.inspect(".")
    assert "cleaner: cleaner" in fitting(found) and found.fits[0].path == release / "cleaner"


@pytest.mark.parametrize("name", ["gone", "notes.txt", "empty", "damaged", "torn.png", "pipe", "strange.safetensors"])
def test_what_is_none_of_ours_is_refused_with_what_can_be_inspected(release, tmp_path, name):
    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged").write_bytes((release / "masks").read_bytes()[:-100])
    (tmp_path / "strange.safetensors").write_bytes(b"\x00" * 4000)
    sheet_file.save(tmp_path / "torn.png", Image.new("RGB", (4, 4)), "no digest")
    os.mkfifo(tmp_path / "pipe")
    done = inside("inspect", name, cwd=tmp_path, code=2)
    assert done.stdout == "" and done.stderr.startswith(f"hideseek: {name} ") and done.stderr.count("\n") == 1
    with pytest.raises(InputError):
        hs.inspect(tmp_path / name)


def test_neighbours_that_are_damaged_or_hostile_are_passed_over(release, tmp_path):
    shutil.copytree(release / "published", tmp_path / "published")
    (tmp_path / "cleaner").write_bytes((release / "cleaner").read_bytes()[:-10])
    for folder, header in (("a", []), ("b", {"format": 2, "release": 3}), ("c", {"format": 2, "release": "0", "level": []})):
        (tmp_path / folder).mkdir()
        write_lines(tmp_path / folder, [header])
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert hs.inspect(tmp_path / "published").fits == ()


def test_names_in_a_manifest_move_no_cursor_and_make_no_markup(tmp_path):
    for label in ("<b>a|b", "[x](y)"):
        write_images(tmp_path / "data", 1, 2)
        (tmp_path / "data/class0").rename(tmp_path / "data" / label)
    (tmp_path / "a`b` |c").mkdir()
    shutil.move(tmp_path / "data", tmp_path / "a`b` |c/data")
    done = inside("inspect", "a`b` |c/data", "--format", "markdown", cwd=tmp_path)
    assert "a\\`b\\` \\|c/data" in done.stdout and "&lt;b&gt;a\\|b" in done.stdout and "\\[x\\](y)" in done.stdout
    assert "next: hideseek hide 'a`b` |c/data' --levels 30,50 --dry-run" in done.stderr


def test_a_command_of_a_buyer_takes_no_torch(release):
    script = f"""
import sys
from hideseek_cli.cli.app import run
code = run(["inspect", {str(release / "published")!r}, "-q", "--json"])
print(code, "torch" in sys.modules, "scipy" in sys.modules, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.split() == ["0", "False", "False"] and json.loads(done.stdout)["kind"] == "published folder"


def test_levels_of_a_manifest_are_shown_without_a_price(tmp_path):
    published = make_manifest()
    free = replace(published, offers=tuple(replace(offer, price=None) for offer in published.offers))
    (tmp_path / "hideseek.json").write_text("".join(free.lines()))
    found = hs.inspect(tmp_path)
    assert told(found)["level 50"].startswith("no price; measured 49.1 %") and found.to_json()["missing"] == 3
