"""What a level is worth to learners of several kinds: by the recipe, longer, larger, under attack, on a pretrained network.

    python -m bench.levels.worth DATA OUT [--levels 30 50 70] [--ways classes images] [--seeds 0 1] [--runs 2]
        [--arch resnet18] [--backbone efficientnet-lite0] [--attacks none,jpeg-50]

DATA has train/ and test/. For every way of unmasking and every seed, which decides key and trainings, a release is made, and
what is published, each level and the clean images are learnt from. OUT keeps every figure as it is measured, and what is there
already is not measured again; at the end it gets `worth.json` and `worth.md`. Recall: of the classes, by the recipe.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

import hideseek_cli as hs
from hideseek_cli.formats import manifest
from hideseek_cli.runtime.atomic import write_whole

LONGER = 4
"""Times the epochs of the recipe."""
PRETRAINED = ("probe", "knn")


@dataclass(frozen=True)
class Case:
    """A folder that is learnt from, and by whom."""

    place: Path
    seed: int
    options: argparse.Namespace

    @property
    def test(self) -> Path:
        return self.options.data / "test"

    def verify(self, **changes: Any) -> dict[str, Any]:
        """Accuracy in percent, and recall of each class."""
        found = hs.verify(self.place, self.test, runs=self.options.runs, seed=self.seed, resume=True, **changes).to_json()
        assert isinstance(found, dict), "one network is verified"
        return {name: found[name] for name in ("accuracy", "low", "high", "runs", "recall")}

    def longer(self) -> dict[str, Any]:
        """The same network, trained longer."""
        recipe = manifest.read(self.place).recipe
        return self.verify(recipe=replace(recipe, name="custom", epochs=LONGER * recipe.epochs))

    def larger(self) -> dict[str, Any]:
        """Another network, by the same recipe."""
        return self.verify(arch=self.options.arch)

    def attacked(self) -> dict[str, float | None]:
        """Accuracy under each attack."""
        names = f"{self.options.attacks},{','.join(PRETRAINED)}" if self.options.attacks else ""
        found = hs.audit(
            self.place, self.test, attacks=names, backbone=self.options.backbone, seed=self.seed, resume=True
        )  # fmt: skip
        return {one.attack.name: one.accuracy for one in found.findings}


MEASURES: dict[str, Callable[[Case], Any]] = {
    "recipe": Case.verify, "longer": Case.longer, "larger": Case.larger, "attacks": Case.attacked
}  # fmt: skip


def keep(path: Path, value: Any) -> None:
    write_whole(path, json.dumps(value, indent=1).encode())


def release(place: Path, way: str, seed: int, options: argparse.Namespace) -> list[str]:
    """Make it, or go on; the levels that were reached."""
    found, published, secret = place / "hide.json", place / "published", place / "key"
    if not found.exists():
        place.mkdir(parents=True, exist_ok=True)
        secret.write_bytes(f"{seed:032d}".encode())
        secret.chmod(0o600)
        hidden = hs.hide(
            options.data, levels=options.levels, unmask=way, out=published, masks=place / "masks.safetensors",
            key_file=secret, seed=seed, resume=not published.exists(), overwrite=published.exists(),
        )  # fmt: skip
        keep(found, hidden.to_json())
    return [f"{one['level']:g}" for one in json.loads(found.read_bytes())["levels"] if one["reachable"]]


def clean(place: Path, level: str) -> Path:
    """The folder of a level, as its buyer makes it."""
    folder = place / level
    if not folder.exists():
        bought = hs.make_cleaner(place / "masks.safetensors", level, out=place / f"{level}.safetensors", overwrite=True)
        hs.seek(place / "published", bought.path, out=folder, resume=True)
    return folder


def measure(case: Case, kept: Path) -> dict[str, Any]:
    """Every figure of a folder, those that are kept among them."""
    found: dict[str, Any] = json.loads(kept.read_bytes()) if kept.exists() else {}
    for name, learn in MEASURES.items():
        if name not in found:
            found[name] = learn(case)
            keep(kept, found)
    return {name: found[name] for name in MEASURES}


def describe(way: str, seed: int, level: str, found: dict[str, Any], options: argparse.Namespace) -> dict[str, str]:
    """A row of the table."""
    scratch = {name: value for name, value in found["attacks"].items() if name not in PRETRAINED and value is not None}
    best = max(scratch, key=scratch.__getitem__)
    recall = [*found["recipe"]["recall"].values()]
    return {
        "way": way, "seed": str(seed), "level": level, "recipe %": f"{found['recipe']['accuracy']:.1f}",
        f"{LONGER} × epochs %": f"{found['longer']['accuracy']:.1f}",
        f"{options.arch} %": f"{found['larger']['accuracy']:.1f}", "best attack %": f"{scratch[best]:.1f} ({best})",
        **{f"{name} %": "failed" if found["attacks"][name] is None else f"{found['attacks'][name]:.1f}" for name in PRETRAINED},
        "recall %": f"{min(recall):.0f} to {max(recall):.0f}", "its deviation": f"{np.std(recall):.1f}",
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--levels", type=float, nargs="+", default=[30.0, 50.0, 70.0])
    parser.add_argument("--ways", nargs="+", choices=("classes", "images"), default=["classes", "images"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--runs", type=int, default=2, help="trainings of each figure but those of attacks")
    parser.add_argument("--arch", default="resnet18", help="the larger network")
    parser.add_argument("--backbone", default="efficientnet-lite0", help="as of `hideseek audit`")
    parser.add_argument("--attacks", default="", help="from scratch, with commas; all unless given")
    options = parser.parse_args()
    rows, table = [], []
    for way, seed in product(options.ways, options.seeds):
        place = options.out / f"{way}-{seed}"
        for level in ("published", *release(place, way, seed, options), "clean"):
            folder = place / level if level == "published" else clean(place, level)
            found = measure(Case(folder, seed, options), place / f"{level}.json")
            rows.append({"way": way, "seed": seed, "level": level, **found})
            table.append(describe(way, seed, level, found, options))
            print(table[-1], flush=True)
    keep(options.out / "worth.json", rows)
    text = tabulate(table, headers="keys", tablefmt="github", disable_numparse=True)
    write_whole(options.out / "worth.md", f"{text}\n".encode())
    print(text)


if __name__ == "__main__":
    main()
