"""``seek`` goes on where it was killed, with the same bytes, and only with the same folder, cleaner and images."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.output_format import OutputFormat
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.release import write_release
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.executors import thread_pool
from hideseek_cli.runtime.progress import Silent
from tests.helpers.commands import contents, run
from tests.helpers.folders import write_images

EACH, SHARD = 120, 20
LEFT = ".clean.*.partial/content"
SEEK = ("seek", "published", "cleaner", "-o", "clean", "-j", "1", "-q")


@pytest.fixture(scope="module", params=[None, SHARD], ids=["files", "shards"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with two cleaners, and what one of them leads to."""
    place = tmp_path_factory.mktemp("whole")
    write_images(place / "data", 2, EACH, side=48)
    with thread_pool(2) as executor:
        source = load_source(place / "data", None, None, executor, Silent(), OutputFormat(shard=request.param))
        renderer = MaskRenderer(source, 8, source.thresholds(bytes(32), 2), None)
        unmasking = source.unmasking(bytes(32), pattern_sets=2)
        masks = renderer.masks(np.random.default_rng(0).normal(0, 4, renderer.thresholds.shape), 1.0)
        levels = ReleaseMasks(epsilon=8, published=masks, which=unmasking.which([0.5]), strength=1.0, own={}, shifts=None,
                        tiers={"75": unmasking.touched(0.5)})  # fmt: skip
        with StagedFolder(place / "published") as stage:
            write_release(
                source, levels, stage, executor, Silent(), recipe=preset("quick"), offers=(), masks=place / "masks", origin={}
            )  # fmt: skip
    for name, level in (("cleaner", "clean"), ("other", "75")):
        MaskFile.load(place / "masks").make_cleaner(level).save(place / name)
    run(*SEEK, cwd=place)
    return place


def made(folder: Path) -> dict[str, tuple[int, int]]:
    """The files of a folder by name: which they are to the disk, and when they were written."""
    states = {path.relative_to(folder).as_posix(): path.stat() for path in folder.rglob("*.*")}
    return {name: (state.st_ino, state.st_mtime_ns) for name, state in states.items()}


def left(place: Path) -> dict[str, tuple[int, int]]:
    """Those that are finished when it was killed."""
    return made(stage(place)) if any(place.glob(LEFT)) else {}


def stage(place: Path) -> Path:
    """The folder that is being filled."""
    return next(place.glob(LEFT))


def struck(whole: Path, place: Path, by: signal.Signals) -> int:
    """Send a signal to that on the way; the exit code."""
    for name in ("published", "cleaner", "other"):
        (shutil.copytree if name == "published" else shutil.copy)(whole / name, place / name)
    many = 3 if list((whole / "published").glob("*.tar")) else 30
    process = subprocess.Popen(
        [sys.executable, "-m", "hideseek_cli", *SEEK], cwd=place, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background jobs of a shell ignore it
    )  # fmt: skip
    while process.poll() is None and len(left(place)) < many:
        time.sleep(0.0005)
    process.send_signal(by)
    process.wait()
    assert many <= len(left(place)) < len(contents(whole / "clean"))
    return process.returncode


@pytest.fixture
def killed(whole: Path, tmp_path: Path) -> Path:
    """A place where that was killed on the way."""
    assert struck(whole, tmp_path, signal.SIGKILL) == -signal.SIGKILL
    return tmp_path


def test_a_killed_seek_goes_on_to_the_same_bytes(whole, killed):
    """What was finished is not made again; of shards the last may not be whole."""
    found = left(killed)
    if any(name.endswith(".tar") for name in found):
        del found[max(found)]
    done = run(*SEEK[:-1], "--resume", cwd=killed)
    images = len(found) * (SHARD if min(found).endswith(".tar") else 1)
    assert f"resumes: {images} of {2 * EACH} images are cleaned already" in done.stderr
    assert contents(killed / "clean") == contents(whole / "clean")
    assert found.items() <= made(killed / "clean").items()
    assert sorted(os.listdir(killed)) == ["clean", "cleaner", "other", "published"]


def test_an_interrupted_seek_leaves_what_it_finished(whole, tmp_path):
    assert struck(whole, tmp_path, signal.SIGINT) == 130
    run(*SEEK, "--resume", cwd=tmp_path)
    assert contents(tmp_path / "clean") == contents(whole / "clean")
    assert sorted(os.listdir(tmp_path)) == ["clean", "cleaner", "other", "published"]


def test_without_being_asked_it_starts_again(whole, killed):
    found = left(killed)
    run(*SEEK, cwd=killed)
    assert contents(killed / "clean") == contents(whole / "clean")
    assert not found.items() & made(killed / "clean").items()
    assert sorted(os.listdir(killed)) == ["clean", "cleaner", "other", "published"]


def test_another_cleaner_or_set_of_images_does_not_go_on(whole, killed):
    (killed / ".clean.lock").unlink()
    before = contents(killed)
    done = run("seek", "published", "other", "-o", "clean", "--resume", cwd=killed, code=2)
    assert "had other values of CLEANER;" in done.stderr and contents(killed) == before
    gone = next(path for path in sorted((killed / "published").rglob("*.*")) if path.suffix in (".png", ".tar"))
    gone.rename(killed / "aside")
    done = run(*SEEK, "--resume", "--allow-missing", cwd=killed, code=2)
    assert "had other values of set of images;" in done.stderr and left(killed)
    (killed / "aside").rename(gone)
    run(*SEEK, "--resume", cwd=killed)
    assert contents(killed / "clean") == contents(whole / "clean")


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_what_was_left_and_is_damaged_does_not_come_into_the_folder(whole, killed, damage):
    victim = stage(killed) / min(left(killed))
    if damage == "cut":
        victim.write_bytes(victim.read_bytes()[: victim.stat().st_size // 2])
    else:
        shutil.copy(whole / "published" / victim.relative_to(stage(killed)), victim)
    done = run(*SEEK, "--resume", cwd=killed, code=None)
    if done.returncode:
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and "start again without --resume" in done.stderr
        assert sorted(os.listdir(killed)) == ["cleaner", "other", "published"], "nothing of it remains"
        run(*SEEK, "--resume", cwd=killed)
    assert contents(killed / "clean") == contents(whole / "clean")
