"""What is laid out for hubs is what was published, to `datasets` and to every command; whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hideseek_cli as hs
from hideseek_cli.cleaning import export as exporting
from hideseek_cli.cleaning.export import LAYOUTS, choose_each, export
from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest as manifests
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.images.codec import decode, digest_pixels
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.encoding import encode
from hideseek_cli.images.notes import NO_NOTES
from hideseek_cli.images.output_format import OutputFormat
from hideseek_cli.images.stored import Raster
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent
from tests.helpers.commands import contents, inside
from tests.helpers.folders import draw, write_images
from tests.helpers.manifests import make_manifest, read_lines
from tests.helpers.progress import Listener
from tests.helpers.published import publish as publish_mixed
from tests.helpers.releases import released

HOSTILE = [("'=1+1'", 'a, "b"'), ("1", "nested/test"), ("train", "é\u200d"), ("日本", "@x")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, executor: Executor) -> Path:
    """A release, and both layouts of it."""
    root = tmp_path_factory.mktemp("export")
    released(lambda name, **how: write_images(root / name, **how), root, executor, pattern_sets=1, placement="keyed")
    for layout in LAYOUTS:
        export(root / "published", root / layout, layout, executor, Silent())
    return root


def publish(root: Path, keys: list[tuple[str, str]], form: OutputFormat = OutputFormat()) -> Path:  # noqa: B008
    """A published folder of images that nobody masked."""
    images = {key: draw(0, number, 8, 3) for number, key in enumerate(sorted(keys))}
    listed = replace(make_manifest({key: digest_pixels(image) for key, image in images.items()}), output_format=form)
    with StagedFolder(root) as stage:
        with form.open_writer(stage, listed.classes) as (write, finish):
            for key, image in images.items():
                finish(write(key, Raster(image, NO_NOTES)))
        listed.write(stage)
    return root


def read_pixels(folder: Path) -> dict[tuple[str, str], str]:
    return {record.key: digest_pixels(decode(record.path)) for record in scan(folder).records}


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """``datasets.load_dataset``, in a cache of its own and without a network."""
    datasets = pytest.importorskip("datasets", reason="needs the library datasets")
    datasets.disable_progress_bars()
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)

    def load(kind: str, **where: object) -> object:
        return datasets.load_dataset(kind, split="train", cache_dir=str(tmp_path / "cache"), **where)

    yield load


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_cleaner_applies_to_a_layout_and_gives_the_same_level_in_it(place, executor, tmp_path, layout):
    """Law 1."""
    found = seek(place / layout, Cleaner.load(place / "cleaner"), tmp_path / "k50", executor, Silent())
    assert found.exact and read_pixels(tmp_path / "k50") == read_pixels(place / "k50")
    assert sorted(contents(tmp_path / "k50")) == sorted(contents(place / layout))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_has_the_manifest_and_the_pixels_and_nothing_else(place, layout):
    (header, *rows), (ours, *same) = read_lines(place / layout), read_lines(place / "published")
    layouts = {"imagefolder": {"table": True}, "parquet": {"shard": 72, "container": "parquet"}}
    assert header == {**ours, **layouts[layout]} and rows == same
    assert read_pixels(place / layout) == read_pixels(place / "published")
    listed = manifests.read(place / layout)
    assert sorted(listed.files()) == sorted(contents(place / layout))


def test_image_files_are_the_published_ones_also_on_the_way_back(place, executor, tmp_path):
    export(place / "parquet", tmp_path / "back", "imagefolder", executor, Silent())
    assert contents(tmp_path / "back") == contents(place / "imagefolder")
    export(place / "imagefolder", tmp_path / "again", "parquet", executor, Silent())
    assert contents(tmp_path / "again") == contents(place / "parquet")
    both = contents(place / "imagefolder"), contents(place / "published")
    assert {name: both[0][name] for name in both[1] if name != manifests.NAME} == {
        name: content for name, content in both[1].items() if name != manifests.NAME
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_level_is_laid_out_too(place, executor, tmp_path, layout):
    found = export(place / "k50", tmp_path / "out", layout, executor, Silent())
    assert found.level == "50" == manifests.read(tmp_path / "out").level
    assert read_pixels(tmp_path / "out") == read_pixels(place / "k50")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_datasets_loads_the_pixels_and_classes_that_were_published(place, load, layout):
    rows = load(layout, data_dir=str(place / layout))
    listed = manifests.read(place / "published")
    name = rows.features["label"].int2str if layout == "parquet" else str
    assert [name(row["label"]) for row in rows] == [key[0] for key, _ in listed.images]
    assert [digest_pixels(np.asarray(row["image"])) for row in rows] == [digest for _, digest in listed.images]
    if layout == "parquet":
        assert rows.features["label"].names == list(listed.classes)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_hostile_names_reach_datasets_unchanged(load, executor, tmp_path, layout):
    export(publish(tmp_path / "p", HOSTILE), tmp_path / "out", layout, executor, Silent())
    where = {"data_dir": str(tmp_path / "out")} if layout == "parquet" else {"data_files": str(tmp_path / "out/metadata.csv")}
    rows = load(layout, **where)
    name = rows.features["label"].int2str if layout == "parquet" else str
    found = [(name(row["label"]), digest_pixels(np.asarray(row["image"]))) for row in rows]
    assert found == [(key[0], digest) for key, digest in manifests.read(tmp_path / "p").images]
    assert read_pixels(tmp_path / "out") == read_pixels(tmp_path / "p")


def test_what_datasets_writes_is_read(place, load, tmp_path):
    rows = load("parquet", data_dir=str(place / "parquet"))
    rows.to_parquet(str(tmp_path / "own.parquet"))
    assert read_pixels(tmp_path / "own.parquet") == read_pixels(place / "published")


def test_names_of_parts_are_warned_of(executor, tmp_path):
    listener = Listener()
    export(publish(tmp_path / "p", HOSTILE), tmp_path / "out", "imagefolder", executor, listener)
    (line,) = listener.told
    assert "1/nested/test.png" in line and "and 1 more" in line and "metadata.csv" in line
    export(tmp_path / "p", tmp_path / "out2", "parquet", executor, listener)
    export(publish(tmp_path / "q", [("a", "attest"), ("b", "protest_1")]), tmp_path / "out3", "imagefolder", executor, listener)
    assert listener.told == [line]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("form", [OutputFormat(), OutputFormat(shard=2)])
def test_jpegs_stay_what_they_are_beside_other_images(executor, tmp_path, load, form, layout):
    folder = publish_mixed(tmp_path / "p", HOSTILE, form, jpegs=HOSTILE[1:3])
    export(folder, tmp_path / "out", layout, executor, Silent())
    assert read_pixels(tmp_path / "out") == read_pixels(folder)
    assert manifests.read(tmp_path / "out").digests == manifests.read(folder).digests
    where = {"data_dir": str(tmp_path / "out")} if layout == "parquet" else {"data_files": str(tmp_path / "out/metadata.csv")}
    assert sorted(digest_pixels(np.asarray(row["image"])) for row in load(layout, **where)) == sorted(
        read_pixels(folder).values()
    )
    export(tmp_path / "out", tmp_path / "back", "imagefolder", executor, Silent())
    files = {path.suffix: path for path in (tmp_path / "back").rglob("*.??g")}
    assert sorted(files) == [".jpg", ".png"]


@pytest.mark.parametrize("form", [OutputFormat(encoding="webp"), OutputFormat(shard=2), OutputFormat(shard=2, encoding="webp")])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_webp_and_tars_are_laid_out_too(executor, tmp_path, form, layout):
    folder = publish(tmp_path / "p", HOSTILE, form)
    export(folder, tmp_path / "out", layout, executor, Silent())
    assert read_pixels(tmp_path / "out") == read_pixels(folder)
    assert manifests.read(tmp_path / "out").output_format.encoding == form.encoding


def test_files_have_no_more_bytes_than_they_may():
    sizes = np.array([1] * 90 + [50] * 10)
    each = choose_each(sizes, 100)
    assert max(sizes[at : at + each].sum() for at in range(0, 100, each)) <= 100 and each > 1
    assert choose_each(sizes, 10**6) == 100 and choose_each(sizes, 3) == 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_was_interrupted_goes_on_to_the_same_bytes(executor, tmp_path, monkeypatch, layout):
    monkeypatch.setattr(exporting, "FILE_IMAGES", 2)
    folder, out = publish(tmp_path / "p", [("a", f"{number}") for number in range(9)]), tmp_path / "out"

    class Interrupting(Silent):
        def step(self, name: str, done: int, total: int) -> None:
            if done == 5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(folder, out, layout, executor, Interrupting())
    assert not out.exists() and (tmp_path / ".out.export").exists()
    written: list[str] = []
    monkeypatch.setattr(exporting, "read_listed", lambda *which, **how: written.append(str(which[0])) or read(*which, **how))
    export(folder, out, layout, executor, Silent(), resume=True)
    assert 0 < sum(place.startswith(str(folder)) for place in written) < 9
    monkeypatch.undo()
    monkeypatch.setattr(exporting, "FILE_IMAGES", 2)
    export(folder, tmp_path / "whole", layout, executor, Silent())
    assert contents(out) == contents(tmp_path / "whole")
    assert sorted(os.listdir(tmp_path)) == ["out", "p", "whole"]


read = exporting.read_listed


def test_refusals_say_what_to_do_and_leave_nothing(place, executor, tmp_path):
    def refused(words: str, folder: Path = place / "published", layout: str = "parquet", out: str = "out") -> None:
        with pytest.raises(InputError, match=words):
            export(folder, tmp_path / out, layout, executor, Silent())

    refused("hideseek.json", place / "data")
    refused("choose imagefolder or parquet", layout="zip")
    copy = shutil.copytree(place / "published", tmp_path / "copy")
    (copy / "class0/000.png").write_bytes(encode(draw(5, 5, 16, 3)))
    refused("class0/000.png is not as it is listed", copy)
    refused("lies inside the input folder", copy, out="copy/out")
    (copy / "class0/000.png").unlink()
    refused("images are missing|image.* missing from .*class0/000.png", copy)
    refused("has a class metadata.csv", publish(tmp_path / "m", [("Metadata.csv", "1")]), layout="imagefolder")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/mine").touch()
    refused("not empty", out="taken")
    assert sorted(os.listdir(tmp_path)) == ["copy", "m", "taken"] and os.listdir(tmp_path / "taken") == ["mine"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_what_hideseek_wrote_is_replaced(place, executor, tmp_path, layout):
    for other in LAYOUTS:
        export(place / "published", tmp_path / "out", other, executor, Silent(), overwrite=True)
    export(place / "published", tmp_path / "out", layout, executor, Silent(), overwrite=True)
    assert contents(tmp_path / "out") == contents(place / layout)
    (tmp_path / "out/mine").touch()
    with pytest.raises(InputError, match="did not write, mine"):
        export(place / "published", tmp_path / "out", layout, executor, Silent(), overwrite=True)


def test_what_others_put_into_a_file_stays_behind(place, executor, tmp_path):
    copy = shutil.copytree(place / "published", tmp_path / "copy")
    with (copy / "class0/000.png").open("ab") as file:
        file.write(b"a secret")
    export(copy, tmp_path / "out", "imagefolder", executor, Silent())
    assert contents(tmp_path / "out") == contents(place / "imagefolder")


def test_the_command_says_what_it_would_do_and_does_it(place, tmp_path):
    words = ("export", place / "published", "--hub", "out", "--layout", "parquet", "--json")
    planned = json.loads(inside(*words, "--dry-run", cwd=tmp_path).stdout)
    assert os.listdir(tmp_path) == []
    assert json.loads(inside(*words, cwd=tmp_path).stdout) == planned
    assert planned == {"layout": "parquet", "level": "published", "images": 72, "files": 1, "path": "out"}
    assert "--overwrite" in inside(*words, cwd=tmp_path, code=2).stderr
    assert json.loads(inside("metrics", place / "published", "out", "--json", cwd=tmp_path).stdout)["linf"] == 0
    done = inside("export", "out", cwd=tmp_path)
    assert done.stdout == "exported: 72 images, published, in 72 files as imagefolder\n"


def test_no_word_is_lost_about_the_table(place, tmp_path):
    told = inside("metrics", place / "published", place / "imagefolder", cwd=tmp_path).stderr
    assert "imagefolder: 72 images" in told and "passed over" not in told


def test_a_plan_looks_where_it_would_write(place, tmp_path):
    planned = hs.plan_export(place / "imagefolder", out=tmp_path / "out")
    assert planned.images == 72 and not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="lies inside"):
        hs.plan_export(place / "imagefolder", out=place / "imagefolder/out")
