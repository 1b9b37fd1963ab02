"""Bad input: a sentence, exit code 2, and the disk as it was."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.numpy import save
from typer.main import get_command

from hideseek_cli.api.machine import open_workers
from hideseek_cli.cli.app import COMMANDS, program
from hideseek_cli.errors import InputError
from tests.helpers.commands import FAST, contents, inside, run
from tests.helpers.folders import write_images

LEVELS = ["--levels", "70", *FAST]


def _empty(root: Path) -> None:
    for path in (root / "data").rglob("*.png"):
        path.unlink()


def _only_one_class(root: Path) -> None:
    for label in (1, 2):
        for path in (root / f"data/class{label}").iterdir():
            path.unlink()
        (root / f"data/class{label}").rmdir()


def _truncate(root: Path) -> None:
    path = root / "data/class0/000.png"
    path.write_bytes(path.read_bytes()[:40])


def _fill_output(root: Path) -> None:
    (root / "published").mkdir()
    (root / "published/mine.txt").touch()


def _few(root: Path) -> None:
    for path in sorted((root / "data/class1").iterdir())[2:]:
        path.unlink()


def _rewrite(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


HIDE: dict[str, tuple[list[str], Callable[[Path], object], str]] = {
    "no such folder": (["hide", "absent", *LEVELS], lambda root: None, "absent is not a folder"),
    "an empty folder": (["hide", "data", *LEVELS], _empty, "hold no images"),
    "one class only": (["hide", "data", *LEVELS], _only_one_class, "has one class, class0"),
    "a class of two images": (["hide", "data", *LEVELS], _few, "fewer than 4 images cannot be trained: class1"),
    "an unreadable image": (["hide", "data", *LEVELS], _truncate, "data/class0/000.png cannot be read as an image"),
    "an unknown method": (["hide", "data", "--method", "x"], lambda root: None, "unknown --method 'x'"),
    "an unknown scope": (["hide", "data", "--scope", "x"], lambda root: None, "has no --scope x: give class"),
    "an option of another method": (
        ["hide", "data", "--method", "random", "--pgd-steps", "2"],
        lambda root: None,
        "--pgd-steps is no option of --method random",
    ),
    "the placement of what no class shares": (
        ["hide", "data", "--method", "random", "--scope", "sample", "--placement", "keyed"],
        lambda root: None,
        "--placement keyed is for patterns that a class shares",
    ),
    "several patterns of an image": (
        ["hide", "data", "--method", "random", "--scope", "sample", "--patterns", "2"],
        lambda root: None,
        "--patterns is for patterns that a class shares",
    ),
    "noise through changes": (
        ["hide", "data", "--method", "random", "--robust", "greyscale"], lambda root: None, "--robust does not apply"
    ),
    "the paper's stopping rule for another method": (
        ["hide", "data", *LEVELS[:2], "--method", "random", "--calibration", "stop"], lambda root: None, "class-wise emn"
    ),
    "the paper's stopping rule without levels": (
        ["hide", "data", "--schedule", "alternating", "--calibration", "stop"], lambda root: None, "give some"
    ),
    "a generator file in the way": (
        ["hide", "data", *LEVELS],
        lambda root: (root / "masks.generator.safetensors").touch(),
        "masks.generator.safetensors exists already",
    ),
    "a contact sheet in the way": (
        ["hide", "data", *LEVELS], lambda root: (root / "masks.sheet.png").touch(), "masks.sheet.png exists already"
    ),
    "another image where the contact sheet is to be": (
        ["hide", "data", *LEVELS, "--overwrite"],
        lambda root: shutil.copy(root / "data/class0/000.png", root / "masks.sheet.png"),
        "masks.sheet.png is no sheet file of hideseek's",
    ),
    "a level that is no number": (["hide", "data", "--levels", "high", *FAST], lambda root: None, "not a list of percentages"),
    "a level above 100": (["hide", "data", "--levels", "30,130", *FAST], lambda root: None, "130 is out of range"),
    "a level that is not a number": (["hide", "data", "--levels", "nan", *FAST], lambda root: None, "out of range"),
    "a level as a share": (["hide", "data", "--levels", "0.5", *FAST], lambda root: None, "did you mean 50?"),
    "a level at chance": (["hide", "data", "--levels", "33", *FAST], lambda root: None, "not above chance, which is 33.3 %"),
    "a level twice": (["hide", "data", "--levels", "50,50", *FAST], lambda root: None, "given twice"),
    "a price without level": (["hide", "data", *LEVELS, "--prices", "60=1"], lambda root: None, "names level 60"),
    "a price that is none": (["hide", "data", *LEVELS, "--prices", "70"], lambda root: None, "not a list of level=price"),
    "a level with two prices": (["hide", "data", *LEVELS, "--prices", "50=1,50=2"], lambda root: None, "names a level twice"),
    "a tolerance of nothing": (["hide", "data", *LEVELS, "--tolerance", "0"], lambda root: None, "--tolerance 0 is out of"),
    "a bound that no accuracy has": (
        ["audit", "data", "--test", "data", "--max-accuracy", "101"], lambda root: None, "--max-accuracy"
    ),
    "an epsilon of 0": (["hide", "data", *LEVELS, "--epsilon", "0"], lambda root: None, "--epsilon 0 is out of range"),
    "an unknown placement": (["hide", "data", *LEVELS, "--placement", "x"], lambda root: None, "choose fixed or keyed"),
    "an unknown order": (["hide", "data", *LEVELS, "--unmask", "x"], lambda root: None, "classes or images"),
    "too many patterns": (["hide", "data", *LEVELS, "--patterns", "65"], lambda root: None, "--patterns 65 is out of range"),
    "several patterns by the paper's rule": (
        ["hide", "data", *LEVELS, "--patterns", "2", "--schedule", "alternating", "--calibration", "stop"],
        lambda root: None,
        "has one pattern a class",
    ),
    "an unknown change": (["hide", "data", *LEVELS, "--robust", "gray,x"], lambda root: None, "did you mean greyscale?"),
    "an unknown recipe": (["hide", "data", *LEVELS, "--recipe", "x"], lambda root: None, "unknown recipe 'x'"),
    "an unknown network": (["hide", "data", *LEVELS, "--arch", "x"], lambda root: None, "unknown architecture 'x'"),
    "an unknown device": (["hide", "data", *LEVELS, "--device", "x"], lambda root: None, "unknown --device 'x'"),
    "a GPU that is not there": (["hide", "data", *LEVELS, "--device", "cuda:99"], lambda root: None, "is not there"),
    "the wrong schedule": (["hide", "data", *LEVELS, "--calibration", "stop"], lambda root: None, "--schedule alternating"),
    "nothing to train on": (["hide", "data", *LEVELS, "--train-images", "0"], lambda root: None, "0 trains on none"),
    "too little to train on": (
        ["hide", "data", *LEVELS, "--train-images", "11"], lambda root: None, "11 is too few for 3 classes; give at least 12"
    ),
    "masks of images that are not held": (
        ["hide", "data", "--method", "random", "--scope", "sample", "--train-images", "20"],
        lambda root: None, "each of the 36 images, and 18 are held: give --train-images 36",
    ),
    "too few runs": (["hide", "data", *LEVELS, "--max-runs", "3"], lambda root: None, "too few for 1 level; give at least 13"),
    "a full output folder": (["hide", "data", *LEVELS], _fill_output, "published is not empty"),
    "a full output folder, before anything is done": (["hide", "data", *LEVELS, "--dry-run"], _fill_output, "is not empty"),
    "an output below a file": (
        ["hide", "data", *LEVELS, "-o", "f/out"], lambda root: (root / "f").touch(), "f is a file; choose another place"
    ),
    "the current folder as output": (
        ["hide", "data", *LEVELS, "-o", ".", "--masks", "../m"], lambda root: None, ". is the current folder or holds it"
    ),
    "the current folder as output, before anything is done": (
        ["hide", "data", *LEVELS, "-o", ".", "--masks", "../m", "--dry-run"], lambda root: None, "choose another place"
    ),
    "a folder where the masks are to be": (
        ["hide", "data", *LEVELS, "--masks", "."], lambda root: None, ". cannot be the mask file"
    ),
    "a foreign output folder": (["hide", "data", *LEVELS, "--overwrite"], _fill_output, "hideseek did not write, mine.txt"),
    "a mask file in the way": (
        ["hide", "data", *LEVELS], lambda root: (root / "masks.safetensors").touch(), "masks.safetensors exists already"
    ),
    "a folder that is published already": (
        ["hide", "data", *LEVELS], lambda root: (root / "data/hideseek.json").touch(), "masked already"
    ),
    "an output inside the input": (["hide", "data", *LEVELS, "-o", "data/out"], lambda root: None, "lies inside the input"),
    "masks inside what is published": (
        ["hide", "data", *LEVELS, "-o", "out", "--masks", "out/m.safetensors"],
        lambda root: None,
        "is secret, would lie inside out",
    ),
    "another file where the masks are to be": (
        ["hide", "data", *LEVELS, "--overwrite"],
        lambda root: (root / "masks.safetensors").touch(),
        "is no masks file of hideseek's",
    ),
    "a class that is a link": (
        ["hide", "data", *LEVELS], lambda root: (root / "data/again").symlink_to(root / "data/class0"), "folders are links"
    ),
    "a size of nothing": (["verify", "data", "--test", "data", "--size", "3"], lambda root: None, "--size"),
    "a size beyond all": (["metrics", "data", "data", "--size", "5000"], lambda root: None, "--size"),
    "a key of the wrong size": (
        ["hide", "data", *LEVELS, "--key-file", "key"], lambda root: (root / "key").write_bytes(b"x"), "exactly 32 bytes"
    ),
    "a key of the wrong size, before anything is done": (
        ["hide", "data", *LEVELS, "--key-file", "key", "--dry-run"], lambda root: (root / "key").write_bytes(b"x"), "exactly 32"
    ),
    "a key that is not there": (["hide", "data", *LEVELS, "--key-file", "key"], lambda root: None, "/dev/urandom > key"),
    "two sizes by the paper's stopping rule": (
        ["hide", "data", *LEVELS, "--calibration", "stop", "--schedule", "alternating"],
        lambda root: write_images(root / "data/x", 1, 5, side=20), "needs images of one size",
    ),
    "an unknown option": (["hide", "data", "--level", "50"], lambda root: None, "did you mean --levels?"),
    "no test folder": (["verify", "data", "--test", "absent"], lambda root: None, "absent is not a folder"),
    "other classes in the test": (
        ["verify", "data", "--test", "t"], lambda root: write_images(root / "t", 4, 2), "are not in the training part"
    ),
    "no test part": (
        ["verify", "data", "--test", "t"], lambda root: write_images(root / "t/train", 3, 2), "but no test part",
    ),
    "no runs": (["verify", "data", "--test", "data", "--runs", "0"], lambda root: None, "--runs"),
    "a mask file that is none": (
        ["cleaner", "m", "--all"], lambda root: (root / "m").write_bytes(save({})), "not one of hideseek"
    ),
    "no mask file": (["cleaner", "absent", "--all"], lambda root: None, "absent cannot be read"),
    "no level for the cleaner": (["cleaner", "absent"], lambda root: None, "say which cleaner to make"),
    "a folder that was not published": (["seek", "data", "c"], lambda root: None, "c cannot be read"),
    "images without counterpart": (
        ["metrics", "data", "o"], lambda root: write_images(root / "o", 4, 2), "have no counterpart"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "change", "words"), HIDE.values(), ids=HIDE.keys())
def test_bad_input_is_refused_with_a_sentence_and_the_disk_left_alone(tmp_path, arguments, change, words):
    write_images(tmp_path / "data", 3, 12)
    change(tmp_path)
    before = contents(tmp_path)
    done = inside(*arguments, cwd=tmp_path, code=2)
    assert words in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == ""
    assert contents(tmp_path) == before


def test_a_level_above_the_clean_accuracy_is_refused_and_nothing_is_left(tmp_path):
    write_images(tmp_path / "data", 3, 12)
    before = contents(tmp_path)
    arguments = ["--levels", "99.5", "--epochs", "1", "--batch-size", "32", "--threads", "1"]
    done = run("hide", "data", *arguments, cwd=tmp_path, code=2)
    assert "level 99.5 is above the clean accuracy" in done.stderr
    assert "learn next to nothing" in done.stderr and "sell at most" not in done.stderr, "after one epoch"
    assert contents(tmp_path) == before


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with its clean cleaner, and another release of other images."""
    place = tmp_path_factory.mktemp("release")
    for name, label in (("one", 0), ("two", 40)):
        write_images(place / name / "data", 3, 8, side=16 + label // 5)
        run("hide", "data", "--levels", "60", "--max-runs", "13", *FAST, cwd=place / name, code=None)
        run("cleaner", "masks.safetensors", "--level", "clean", cwd=place / name)
    return place


SEEK: dict[str, tuple[Callable[[Path], object], str]] = {
    "a cleaner of another release": (
        lambda root: (root / "cleaner_clean.safetensors").write_bytes((root / "../two/cleaner_clean.safetensors").read_bytes()),
        "this cleaner belongs to release",
    ),
    "a changed image": (
        lambda root: (root / "published/class1/003.png").write_bytes((root / "published/class1/004.png").read_bytes()),
        "published/class1/003.png is not as it was published",
    ),
    "a damaged image": (lambda root: (root / "published/class1/003.png").write_bytes(b"x"), "cannot be read as an image"),
    "a class missing": (
        lambda root: [path.unlink() for path in (root / "published/class2").iterdir()], "8 published images are missing"
    ),
    "a changed manifest": (
        lambda root: _rewrite(root / "published/hideseek.json", '", "003"', '", "0030"'),
        "do not add up to its release",
    ),
    "a manifest out of order": (
        lambda root: _rewrite(root / "published/hideseek.json", '", "003"', '", "9"'),
        "twice, or not in order of class and name",
    ),
    "no manifest": (lambda root: (root / "published/hideseek.json").unlink(), "cannot be read"),
    "a full output folder": (lambda root: write_images(root / "cleaned", 1, 1), "cleaned is not empty"),
    "a mask file for a cleaner": (
        lambda root: (root / "cleaner_clean.safetensors").write_bytes((root / "masks.safetensors").read_bytes()),
        "is a masks file, and a cleaner file is needed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("plan", [(), ("--dry-run",)], ids=["run", "plan"])
@pytest.mark.parametrize("place", [".", "..", "published/.."])
def test_seek_does_not_begin_to_clean_into_a_folder_that_cannot_be_replaced(release, place, plan):
    before = contents(release)
    done = inside("seek", "published", "cleaner_clean.safetensors", "-o", place, *plan, cwd=release / "one", code=2)
    assert f"{place} is the current folder or holds it" in done.stderr or "lies inside the input" in done.stderr
    assert contents(release) == before


@pytest.mark.parametrize(("change", "words"), SEEK.values(), ids=SEEK.keys())
def test_what_does_not_belong_together_is_refused(release, tmp_path, change, words):
    for name in ("one", "two"):
        for path, content in contents(release / name).items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_bytes(content)
    root = tmp_path / "one"
    change(root)
    before = contents(root)
    done = inside("seek", "published", "cleaner_clean.safetensors", cwd=root, code=2)
    assert words in done.stderr and "Traceback" not in done.stderr
    if words == "cleaned is not empty":
        planned = inside("seek", "published", "cleaner_clean.safetensors", "--dry-run", cwd=root, code=2)
        assert planned.stderr == done.stderr, "a plan says so too"
    assert contents(root) == before and not list(root.glob(".cleaned.*"))


def test_a_cluster_without_its_extra_is_refused_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "hideseek_cli.runtime.dask_executor", raising=False)
    with pytest.raises(InputError, match=r"`engine` needs distributed; install it with: pip install 'hideseek\[cluster\]'"):
        open_workers(0, "tcp://127.0.0.1:1").__enter__()


def test_a_fault_of_ours_has_its_own_exit_code_and_a_traceback_on_request(tmp_path, monkeypatch):
    write_images(tmp_path / "data", 2, 4)
    (tmp_path / "sitecustomize.py").write_text(
        "import hideseek_cli.api.metrics as m\ndef broken(*a, **k): raise RuntimeError('deliberate')\nm.compare = broken\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    plain = run("metrics", "data", "data", cwd=tmp_path, code=101)
    verbose = run("metrics", "data", "data", "-v", cwd=tmp_path, code=101)
    assert "a fault of ours, RuntimeError: deliberate" in plain.stderr and "Traceback" not in plain.stderr
    assert "Traceback" in verbose.stderr


def test_every_command_and_every_option_has_help():
    group = get_command(program(*COMMANDS))
    for name in COMMANDS:
        command = group.commands[name]  # type: ignore[attr-defined]
        assert command.help and len(command.help) > 40
        assert all(getattr(parameter, "help", None) for parameter in command.params), name
