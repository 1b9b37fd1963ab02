"""Records of a release as commands would have left them, without a network trained."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from hideseek_cli.formats import manifest, sheet_file
from hideseek_cli.formats.manifest import Manifest, Offer
from hideseek_cli.formats.record import Record, path_beside
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder

VERSION, DAY = "0.1.0", "2026-11-28"
RELEASED = ("cat", "dog", "$owl$ <b>")
LEVELS = (30.0, 50.0, 70.0)


def make_release(root: Path, *, images: int = 6, classes: tuple[str, ...] = RELEASED) -> Path:
    """A published folder, a level of it and a mask file, none of which holds an image."""
    digests = {(classes[number % len(classes)], f"{number:06}"): f"{number:064x}" for number in range(images)}
    about = Manifest(
        level="published", release=manifest.compute_identity(digests), classes=tuple(sorted(classes)), chance=33.3, epsilon=8,
        size=None, recipe=preset("quick"), images=tuple(sorted(digests.items())),
        offers=tuple(
            Offer(level=level, price=level / 2, accuracy=level - 1.1, low=level - 4, high=level + 2, runs=3) for level in LEVELS
        ),
    )  # fmt: skip
    _write(root / "published", about)
    _write(root / "cleaned_k50", replace(about, level="50"))
    (root / "masks.safetensors").write_bytes(b"masks")
    return root / "published"


def _write(folder: Path, about: Manifest) -> None:
    with StagedFolder(folder) as stage:
        about.write(stage)


def draw_sheet(root: Path, release: str, *, side: int = 64, noise: bool = False) -> Path:
    """A contact sheet of that release."""
    path, pixels = root / "masks.sheet.png", np.full((side, side, 3), 120, np.uint8)
    if noise:
        pixels = np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint8)
    sheet_file.save(path, Image.fromarray(pixels), release)
    return path


def measured(accuracy: float, **more: Any) -> dict[str, Any]:
    return {"accuracy": accuracy, "low": max(0.0, accuracy - 3.0), "high": min(100.0, accuracy + 3.0), "runs": 4, **more}


def verified(accuracy: float, level: float, verdict: str, recall: dict[str, float], **more: Any) -> dict[str, Any]:
    """The result of `verify` with one network."""
    return measured(
        accuracy, level=level, tolerance=8.0, one_sided=False, verdict=verdict, more_runs=None, kind=None, seed=1000,
        recipe=preset("quick").to_json(), images=480, tested=120, recall=recall, **more,
    )  # fmt: skip


def hidden(root: Path, **more: Any) -> dict[str, Any]:
    """The result of `hide`, which did not reach level 90."""
    shares = ((70.0, 0.2, True), (50.0, 0.5, True), (30.0, 0.8, True), (90.0, 0.01, False))
    return {
        "published": str(root / "published"), "masks": str(root / "masks.safetensors"), "images": 480, "classes": 3,
        "chance": 33.3, "clean_accuracy": 88.7, "published_accuracy": 35.0, "published_at_chance": True, "mse": 2.8e-4,
        "ssim": 0.9507, "linf": 8, "visibility": 0.0588, "outlives": {"gaussian": 80.1, "jpeg-50": 36.0},
        "curve": [{"share": step / 20, "accuracy": 88.0 - 2.6 * step, "runs": 1} for step in range(21)],
        "levels": [
            measured(level - 1.1, level=level, masked_share=share, reachable=reached, price=level / 2, strength=1.25,
                     cleaned={"dog": 1.0}, mse=share * 2.8e-4 if reached else None, ssim=0.98 if reached else None,
                     visibility=0.03 if reached else None)
            for level, share, reached in shares
        ],
        **more,
    }  # fmt: skip


def compared(names: tuple[str, ...] = ("cat/000000", "dog/000001"), **more: Any) -> dict[str, Any]:
    """The result of `metrics`."""
    worst = [{"image": name, "mse": 3e-4, "ssim": 0.91, "linf": 8, "visibility": 0.08} for name in names]
    seen = [{"image": "dog/000009", "mse": 3e-4, "ssim": 0.93, "linf": 8, "visibility": 0.09}]
    return {
        "images": 6, "mse": 2.8e-4, "ssim": 0.95, "linf": 8, "visibility": 0.0588, "worst": worst, "most_visible": seen, **more
    }  # fmt: skip


def audited(**more: Any) -> dict[str, Any]:
    """The result of `audit`."""
    attacks = [("none", 34.0, 88.0), ("greyscale", 36.0, 80.1), ("blur", 84.0, 86.0), ("a | b", 50.0, None)]
    found = [{"attack": name, "accuracy": accuracy, "clean_accuracy": clean} for name, accuracy, clean in attacks]
    return {"paid": 33.3, "attacks": [*found, {"attack": "mean", "accuracy": None, "clean_accuracy": None}], **more}


def keep(place: Path, command: str, result: Any, *, level: str | None = None, **more: Any) -> Path:
    """Leave a record beside a folder, or a mask file, of the release at ``published`` beside it."""
    about = manifest.read(place.parent / "published").release
    words = {"data": "data/train", "test": "data/test"} if command == "hide" else {"folder": str(place), "test": "data/test"}
    words = {"clean": "data/train", "other": str(place)} if command == "metrics" else words
    record = Record(
        **{"command": command, "date": DAY, "release": about, "level": level, "arguments": words, "hideseek": VERSION,
           "result": json.loads(json.dumps(result)), **more}
    )  # fmt: skip
    path = path_beside(place, command)
    record.write(path)
    return path


def keep_all(root: Path) -> Path:
    """A release about which everything is on record but what `verify` finds of levels 30 and 70."""
    published = make_release(root)
    classes = {name: 30.0 + 2 * number for number, name in enumerate(RELEASED)}
    keep(root / "masks.safetensors", "hide", hidden(root))
    keep(published, "verify", verified(34.5, 33.3, "pass", classes), level="published")
    keep(root / "cleaned_k50", "verify", verified(51.0, 50.0, "pass", dict.fromkeys(RELEASED, 51.0)), level="50")
    keep(published, "metrics", compared(), level="published")
    keep(published, "audit", audited(), level="published")
    draw_sheet(root, manifest.read(published).release)
    return published
