"""The commands as a user meets them: one whole road on small images, and what each says when something is wrong."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.cli.verify import EXIT
from hideseek_cli.evaluation.verify_result import find_worst
from hideseek_cli.formats.record import Record
from hideseek_cli.images.codec import decode
from hideseek_cli.images.dataset import scan
from tests.helpers.commands import FAST, contents, inside, run
from tests.helpers.folders import write_images
from tests.helpers.manifests import read_lines

HIDE = ["--levels", "55,70", "--prices", "55=10", "--offer-anyway", "--max-runs", "16", "--robust", "blur", *FAST]


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every command has been run once. Its images are small, coloured and grey, PNG."""
    place = tmp_path_factory.mktemp("road")
    write_images(place / "data/train", 3, 16, mode="mixed")
    write_images(place / "data/test", 3, 8, mode="mixed")
    (place / "key").write_bytes(bytes(range(32)))
    before = contents(place / "data")
    done = run("hide", "data", *HIDE, "--key-file", "key", "--placement", "keyed", "--json", cwd=place, code=None)
    assert done.returncode in (0, 1), done.stderr
    (place / "hide.json").write_text(done.stdout)
    (place / "hide.log").write_text(done.stderr)
    assert contents(place / "data") == before, "law 5: inputs are never touched"
    return place


def test_hide_writes_a_release_and_says_what_it_found(road):
    found = json.loads((road / "hide.json").read_text())
    assert {
        "published", "masks", "images", "classes", "clean_accuracy", "published_accuracy", "mse", "ssim", "levels", "seconds",
    } <= set(found)  # fmt: skip
    assert found["images"] == 48 and found["classes"] == 3 and found["linf"] <= 8 and found["generator"] is None
    for level in found["levels"]:
        assert {"level", "accuracy", "low", "high", "runs", "strength", "masked_share", "reachable"} <= set(level)
    published = scan(road / "published")
    assert [e.key for e in published.records] == [e.key for e in scan(road / "data/train").records]
    manifest = read_lines(road / "published")[0]
    assert {offer["level"]: offer["price"] for offer in manifest["offers"]}.get(55.0, 10) == 10
    kept = Record.read(road / "masks.hide.json")
    assert kept.result == found and kept.release == found["release"] == read_lines(road / "published")[0]["release"]
    assert kept.arguments["levels"] == "55,70" and kept.arguments["data"] == "data"
    measured = {one["accuracy"] for one in found["curve"]}
    assert {0.0, 1.0} <= {one["share"] for one in found["curve"]} and found["published_accuracy"] in measured
    for secret in ("masks.safetensors", found["sheet"], "masks.hide.json"):
        assert (road / secret).stat().st_mode & 0o777 == 0o600
    assert "masks.safetensors and masks.sheet.png (secret)" in (road / "hide.log").read_text()
    assert not list(road.rglob(".*")), "no partial file and no journal is left"


def test_a_level_cleans_whole_classes_and_parts_of_two_at_most(road):
    found = {one["level"]: one["cleaned"] for one in json.loads((road / "hide.json").read_text())["levels"] if one["reachable"]}
    offers = read_lines(road / "published")[0]["offers"]
    assert {offer["level"]: offer["clean_classes"] for offer in offers} == {
        level: sum(share == 1 for share in cleaned.values()) for level, cleaned in found.items()
    }
    for level, cleaned in found.items():
        assert cleaned and sum(share < 1 for share in cleaned.values()) <= 2, "the last two lose masks together"
        assert all(f" {name}" in (road / "hide.log").read_text() for name in cleaned), f"level {level:g} is said to clean them"


def test_no_written_pixel_moves_by_more_than_the_bound(road):
    moved = [
        np.abs(decode(a.path).astype(int) - decode(b.path)).max()
        for a, b in zip(scan(road / "data/train").records, scan(road / "published").records, strict=True)
    ]
    assert 0 < max(moved) <= 8


def test_every_level_is_sought_exactly_and_clean_gives_the_originals(road, tmp_path):
    made = json.loads(run("cleaner", "masks.safetensors", "--all", "-o", tmp_path, "--json", cwd=road).stdout)
    assert made[-1]["level"] == "clean" and all(row["bytes"] == Path(row["path"]).stat().st_size for row in made)
    for row in made:
        out = tmp_path / f"out_{row['level']}"
        sought = json.loads(run("seek", "published", row["path"], "-o", out, "--json", cwd=road).stdout)
        assert sought == {"level": row["level"], "images": 48, "exact": True, "path": str(out), "missing": 0}
    for original, cleaned in zip(scan(road / "data/train").records, scan(tmp_path / "out_clean").records, strict=True):
        assert np.array_equal(decode(original.path), decode(cleaned.path))
        assert Image.open(original.path).mode == Image.open(cleaned.path).mode


def test_an_audit_of_nothing_is_refused(road):
    refused = inside(
        "audit", "published", "--test", "data/test", "--attacks", "plaintext", "--max-accuracy", "20", cwd=road, code=2
    )
    assert "plaintext is left out" in refused.stderr and "nothing was measured" in refused.stderr


def test_a_cleaner_replaces_no_other_file_and_what_is_cleaned_not_its_own_input(road):
    (road / "mine.txt").write_text("precious")
    run("cleaner", "masks.safetensors", "--level", "clean", "-o", "mine.safetensors", cwd=road)
    before = contents(road)
    for place in ("masks.safetensors", "mine.txt", "published/hideseek.json"):
        refused = run("cleaner", "masks.safetensors", "--level", "clean", "-o", place, "--overwrite", cwd=road, code=2)
        assert f"{place} is no cleaner file of hideseek's" in refused.stderr
    for place in ("published", "published/inside"):
        refused = run("seek", "published", "mine.safetensors", "-o", place, "--overwrite", cwd=road, code=2)
        assert "lies inside the input folder" in refused.stderr
    assert contents(road) == before
    run("cleaner", "masks.safetensors", "--level", "clean", "-o", "mine.safetensors", "--overwrite", cwd=road)


def test_defaults_name_the_files(road):
    run("cleaner", "masks.safetensors", "--level", "clean", "--overwrite", cwd=road)
    done = run("seek", "published", "cleaner_clean.safetensors", "--overwrite", cwd=road)
    assert done.stdout.strip() == "cleaned: 48 images of level clean, exact"


def test_metrics_compares_and_names_the_worst(road):
    found = json.loads(run("metrics", "data", "published", "--json", cwd=road).stdout)
    assert found["images"] == 48 and 0 < found["linf"] <= 8 and 0.5 <= found["ssim"] < 1 and len(found["worst"]) == 5
    written = json.loads((road / "hide.json").read_text())
    assert found["mse"] == pytest.approx(written["mse"]) and found["ssim"] == pytest.approx(written["ssim"])
    table = run("metrics", "data/train", "published", "--format", "csv", cwd=road).stdout
    assert table.splitlines()[0] == "images,MSE,PSNR dB,SSIM,Linf,visibility" and len(table.splitlines()) == 13


def test_verify_gives_a_verdict_and_its_exit_code(road):
    """On originals trained until every run is right, so that no verdict hangs on the luck of a seed or a processor."""
    options = ["--test", "data/test", "--threads", "1", "--runs", "4", "--json"]
    seeds = set()
    for level, tolerance, verdict, code in ((90, 45, "pass", 0), (10, 1, "fail", 1), (95, 0.01, "inconclusive", 3)):
        promise = ["--level", level, "--tolerance", tolerance, "--epochs", "12", *FAST[2:4]]
        found = json.loads(run("verify", "data", *options, *promise, cwd=road, code=code).stdout)
        assert {"accuracy", "low", "high", "runs", "level", "tolerance", "verdict", "recipe"} <= set(found)
        assert found["verdict"] == verdict and found["more_runs"] is None, "no number of runs tells 95 from 95.01"
        seeds.add(found["seed"])
    assert len(seeds) == 3, "law 3: unless one is given, each verification draws its own seed"


def test_verify_holds_a_published_folder_to_chance_by_its_own_recipe(road):
    options = ["--test", "data/test", "--threads", "1", "--runs", "2", "--json"]
    one_sided = json.loads(run("verify", "published", *options, cwd=road, code=None).stdout)
    assert one_sided["one_sided"] and one_sided["level"] == pytest.approx(100 / 3)
    assert one_sided["recipe"] == read_lines(road / "published")[0]["recipe"]
    first, again = (json.loads(run("verify", "data", *options, "--seed", 3, *FAST[:4], cwd=road).stdout) for _ in range(2))
    assert first["accuracies"] == again["accuracies"] and first["verdict"] is None


def test_the_same_seed_and_key_give_the_same_bytes_whatever_the_workers(road, tmp_path, monkeypatch):
    """Law 6; and law 3: the second run has no test part to look at, and nothing cached."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    arguments = [*HIDE, "--key-file", "key", "--placement", "keyed"]
    out = ["-o", tmp_path / "published", "--masks", tmp_path / "masks.safetensors"]
    shutil.copytree(road / "data/train", tmp_path / "data/train")
    run("hide", tmp_path / "data", *arguments, *out, "-j", "1", cwd=road, code=None)
    assert contents(tmp_path / "published") == contents(road / "published")
    for secret in ("masks.safetensors", "masks.sheet.png"):
        assert (tmp_path / secret).read_bytes() == (road / secret).read_bytes()
    for jobs in (1, 2):
        run("cleaner", "masks.safetensors", "--level", "clean", "-o", tmp_path / f"c{jobs}", cwd=road)
        run("seek", "published", tmp_path / f"c{jobs}", "-j", jobs, "-o", tmp_path / f"out{jobs}", cwd=road)
    assert contents(tmp_path / "out1") == contents(tmp_path / "out2")


def test_an_interrupted_hide_resumes_to_the_same_bytes(road, tmp_path, tmp_path_factory, monkeypatch):
    """Law 4: killed in the middle of its retrainings, resumed, and byte-identical to a run that was not."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    arguments = ["hide", road / "data", *HIDE, "--key-file", road / "key", "--placement", "keyed"]
    process = subprocess.Popen(
        [sys.executable, "-m", "hideseek_cli", *map(str, arguments)], cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background jobs of a shell ignore it
    )  # fmt: skip
    journal = tmp_path / ".masks.safetensors.journal"
    deadline = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            if b"run 2" in journal.read_bytes():
                break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130 and "--resume" in errors, (process.returncode, errors)
    assert sorted(os.listdir(tmp_path)) == [journal.name]
    assert journal.stat().st_mode & 0o777 == 0o600
    refused = run(*arguments, "--resume", "--epsilon", "9", cwd=tmp_path, code=2)
    assert re.search("had other values of .*epsilon.?;", refused.stderr) and journal.exists()
    refused = run(*arguments, "--resume", "--train-images", "24", cwd=tmp_path, code=2)
    assert re.search("had other values of .*train.images.?;", refused.stderr) and journal.exists()
    refused = run(*arguments, "--resume", "--keep-exif", "--shards", 5, cwd=tmp_path, code=2)
    assert re.search("had other values of .*keep.exif.?, .*shards.?;", refused.stderr) and journal.exists()
    refused = run(*arguments, "--epsilon", "9", cwd=tmp_path, code=2)
    assert re.search("had other values of .*epsilon.?;", refused.stderr) and journal.exists()
    resumed = run(*arguments, cwd=tmp_path, code=None)
    assert re.search(r"resumes: \d+ retrainings.* are done already", resumed.stderr)
    assert contents(tmp_path / "published") == contents(road / "published")
    for secret in ("masks.safetensors", "masks.sheet.png"):
        assert (tmp_path / secret).read_bytes() == (road / secret).read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["masks.hide.json", "masks.safetensors", "masks.sheet.png", "published"]
    assert "no run is left to resume" in run(*arguments, "--resume", cwd=tmp_path, code=2).stderr


def test_a_part_of_a_release_is_cleaned_when_asked(road, tmp_path):
    part = tmp_path / "part"
    subprocess.run(["cp", "-r", road / "published", part], check=True)
    (part / "class1/003.png").unlink()
    run("cleaner", "masks.safetensors", "--level", "clean", "-o", tmp_path / "c", cwd=road)
    refused = run("seek", part, tmp_path / "c", "-o", tmp_path / "out", cwd=tmp_path, code=2)
    assert "class1/003.png" in refused.stderr and "--allow-missing" in refused.stderr and not (tmp_path / "out").exists()
    found = json.loads(
        run("seek", part, tmp_path / "c", "-o", tmp_path / "out", "--allow-missing", "--json", cwd=tmp_path).stdout
    )
    assert found["images"] == 47 and found["missing"] == 1 and found["exact"] is False
    original = {record.key: record.path for record in scan(road / "data/train").records}
    assert all(np.array_equal(decode(e.path), decode(original[e.key])) for e in scan(tmp_path / "out").records)


def test_paper_calibration_runs_and_reports(road, tmp_path):
    arguments = ["--levels", "70", "--schedule", "alternating", "--calibration", "stop", "--inner-steps", "3", *FAST]
    done = run("hide", road / "data", *arguments, "--json", cwd=tmp_path, code=None)
    assert done.returncode in (0, 1)
    (level,) = json.loads(done.stdout)["levels"]
    assert level["runs"] == 2 and level["cleaned"] == {}, "every image is masked, by the level's own mask"
    assert "take any buyer to be able to reach every level" in done.stderr


def test_images_beyond_those_that_are_held_are_published_and_sought_exactly(road, tmp_path):
    """Trained on half of them; and a run goes on only with as many."""
    arguments = ["hide", road / "data/train", "--levels", "55", "--max-runs", "13", "--robust", "none", *FAST, "--json"]
    found = json.loads(run(*arguments, "--train-images", 24, cwd=tmp_path, code=None).stdout)
    assert found["images"] == 48 and found["train_images"] == 24
    elsewhere = ["-o", "other", "--masks", "other.safetensors", "--dry-run", "--train-images", 31]
    assert json.loads(run(*arguments, *elsewhere, cwd=tmp_path).stdout)["train_images"] <= 31
    for row in json.loads(run("cleaner", "masks.safetensors", "--all", "--json", cwd=tmp_path).stdout):
        sought = json.loads(run("seek", "published", row["path"], "-o", row["level"], "--json", cwd=tmp_path).stdout)
        assert sought["exact"] and sought["images"] == 48
    for original, cleaned in zip(scan(road / "data/train").records, scan(tmp_path / "clean").records, strict=True):
        assert original.key == cleaned.key and np.array_equal(decode(original.path), decode(cleaned.path))


def test_hide_dry_run_writes_nothing(road, tmp_path):
    planned = json.loads(run("hide", road / "data", *HIDE, "--dry-run", "--json", cwd=tmp_path).stdout)
    assert planned["images"] == 48 and planned["retrainings_at_most"] == 16 and planned["seconds_about"] >= 0
    assert planned["class_sizes"] == {"class0": 16, "class1": 16, "class2": 16} and planned["bargains"] == []
    assert 0.7 < planned["bytes_about"] / sum(map(len, contents(road / "published").values())) < 1.5
    shutil.copytree(road / "data", tmp_path / "data")
    (tmp_path / "data/train/README.md").write_text("notes")
    told = run("hide", "data", *HIDE, "--dry-run", cwd=tmp_path).stdout
    for line in ("class class1", "not read, not published", "train/", "README.md", "on the disk", "min"):
        assert line in told
    assert os.listdir(tmp_path) == ["data"]


def test_progress_is_silent_where_it_should_be(road):
    done = run("metrics", "data", "published", "-q", cwd=road)
    assert done.stderr == ""


def test_verify_on_several_networks_prints_one_row_each_and_the_worst_verdict_counts(road):
    options = ["--test", "data/test", "--runs", "2", "--arch", "slim, resnet10", "--epochs", "12", *FAST[2:4]]
    done = run("verify", "data", *options, "--level", "10", "--tolerance", "1", "--json", cwd=road, code=1)
    found = json.loads(done.stdout)
    assert [one["recipe"]["arch"] for one in found] == ["slim", "resnet10"] and len({one["seed"] for one in found}) == 1
    table = run("verify", "data", *options, "--format", "csv", cwd=road).stdout.splitlines()
    assert [row.split(",")[1] for row in table] == ["network", "slim", "resnet10"]
    wrong = run("verify", "data", "--test", "data/test", "--arch", "slim,nothing", cwd=road, code=2)
    assert "unknown architecture 'nothing'" in wrong.stderr


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [(["pass", "fail"], 1), (["inconclusive", "pass"], 3), (["fail", "inconclusive"], 1), (["pass", "pass"], 0), ([None], 0)],
)
def test_the_worst_verdict_of_several_networks_is_the_exit_code(verdicts, code):
    assert EXIT[find_worst(verdicts)] == code


def test_levels_of_several_networks_are_of_their_mean(tmp_path):
    write_images(tmp_path / "data/train", 2, 12)
    options = ["--levels", "75", "--max-runs", "13", "--arch", "slim,resnet10", *FAST]
    done = run("hide", "data", *options, "--json", cwd=tmp_path, code=None)
    assert done.returncode in (0, 1), done.stderr
    assert json.loads(done.stdout)["recipe"]["arch"] == "slim,resnet10"
    assert read_lines(tmp_path / "published")[0]["recipe"]["arch"] == "slim,resnet10"
    done = run(
        "verify", "published", "--test", "data/train", "--runs", "1", "--threads", "1", "--json", cwd=tmp_path, code=None
    )
    assert done.returncode in (0, 1, 3), done.stderr
    assert json.loads(done.stdout)["recipe"]["arch"] == "slim,resnet10"
