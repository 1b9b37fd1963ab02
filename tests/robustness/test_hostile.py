"""Every field of a cleaner and of a manifest replaced by hostile values, and names that would drive a terminal: each command
ends with a sentence, writes nothing elsewhere, and no escape byte reaches the screen. ``make test-fuzz`` tries many."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from hideseek_cli.formats import manifest
from tests.helpers.commands import on_terminal
from tests.helpers.folders import write_images
from tests.helpers.manifests import read_lines, write_lines
from tests.helpers.releases import released

COUNT = int(os.environ.get("HIDESEEK_FUZZ", "200"))
MEMORY = 600 * 2**20
VALUES: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 3, 2**31, 2**63, 2**64, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "0", "50",
    "x", "../../x", "/../../../victim/.config/autostart", "C:\\x", "\x1b[2J\x1b]0;title\x07", "50\nhideseek: exact", "\u202e05",
    "\0", "\ud800", "x" * 100_000, "published", "clean", [], [[]], {}, ["\x1b[31m"], {"\x1b": 1}, [7] * 1000,
)  # fmt: skip
ESCAPES = (b"\x1b", b"\x07", b"\x9b", "\u202e".encode())


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every field of a JSON value, and of the whole."""
    yield at
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in parts:
        yield from places(one, (*at, key))


def replaced(value: Any, at: tuple[Any, ...], by: Any) -> Any:
    """The same with the field of that path replaced; or removed, where it is replaced by ``replaced`` itself."""
    if not at:
        return by
    copy = value.copy()
    if len(at) == 1 and by is replaced:
        del copy[at[0]]
    else:
        copy[at[0]] = replaced(value[at[0]], at[1:], by)
    return copy


@pytest.fixture(scope="module")
def honest(tmp_path_factory, executor) -> Path:
    root = tmp_path_factory.mktemp("honest")
    return released(lambda name="data", **options: write_images(root / name, **options), root, executor, pattern_sets=2)


def hostile_cleaner(honest: Path, road: Path, draw: random.Random) -> None:
    content = (honest / "cleaner").read_bytes()
    text = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]["hideseek"]
    header, tensors = json.loads(text), dict(load(content))
    if draw.random() < 0.6:
        header = replaced(header, draw.choice([*places(header)][1:]), draw.choice([replaced, *VALUES]))
    else:
        name = draw.choice(sorted(tensors))
        tensors[name] = draw.choice(TENSORS)(tensors[name])
    (road / "cleaner").write_bytes(save(tensors, metadata={"hideseek": json.dumps(header)}))


TENSORS: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda old: old[:0], lambda old: old.astype(np.float16), lambda old: old.astype(np.int64), lambda old: old[None],
    lambda old: np.zeros((*old.shape, 0), old.dtype), lambda old: np.full_like(old, np.iinfo(old.dtype).max),
    lambda old: np.full_like(old, np.iinfo(old.dtype).min), lambda old: old.ravel(), lambda old: np.repeat(old, 2, 0),
    lambda old: np.zeros((2, 1, 400_000, 3), old.dtype), lambda old: np.zeros((2, 400_000, 1, 3), old.dtype),
    lambda old: np.zeros((2, 1, 1, 3), old.dtype), lambda old: np.zeros((2, 8, 0, 3), old.dtype), lambda old: np.flip(old),
)  # fmt: skip


def hostile_manifest(honest: Path, road: Path, draw: random.Random) -> None:
    (road / "published" / manifest.NAME).unlink()  # a link
    header, *rows = read_lines(honest / "published")
    number = draw.randrange(len(rows))
    what = draw.choice([replaced, *VALUES])
    if draw.random() < 0.7:
        header = replaced(header, draw.choice([*places(header)][1:]), what)
    else:
        rows[number] = replaced(rows[number], draw.choice([*places(rows[number])][1:]), what)
    write_lines(road / "published", [header, *rows])


def lay_out(honest: Path, road: Path) -> None:
    """The release once more, by links."""
    shutil.copytree(honest / "published", road / "published", copy_function=os.link)
    (road / "cleaner").symlink_to(honest / "cleaner")


def shown(road: Path, *arguments: str) -> tuple[int, bytes]:
    """Exit code and screen of a command that must end with a sentence at worst."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    code, screen = on_terminal(*arguments, cwd=road)
    assert code in (0, 1, 2, 3), screen
    assert not any(one in screen for one in ESCAPES), screen
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY
    return code, screen


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("change", [hostile_cleaner, hostile_manifest])
def test_a_field_that_is_hostile_is_refused_or_harmless(honest, tmp_path, change):
    for number in range(COUNT // 4):
        draw, road = random.Random(number), tmp_path / str(number)
        road.mkdir()
        lay_out(honest, road)
        if change is hostile_cleaner:
            (road / "cleaner").unlink()
        change(honest, road, draw)
        code, screen = shown(road, "seek", "published", "cleaner", "-j", "1")
        if code == 0:
            assert b"exact" in screen, "whatever is taken gives what the owner made"
            for made in road.glob("cleaned*"):
                shutil.rmtree(made)
        assert code == 0 or screen.count(b"\n") == 1, screen
        for asked in ("cleaner", "published"):
            shown(road, "inspect", asked, "--secret")
        assert sorted(os.listdir(road)) == ["cleaner", "published"], (screen, os.listdir(road))
        assert sorted(os.listdir(tmp_path)) == [str(number)], "nothing is written elsewhere"
        shutil.rmtree(road)


LETTERS = (
    "a", "b", " ", "\x1b", "\x1b[31m", "\n", "\r", "\t", "\x07", "\x9b", "\u202e", "\u2028", "|", "`", "[bold]", "é", "\udcff",
    "%", "'",
)  # fmt: skip


@pytest.mark.filterwarnings("ignore")
def test_no_name_drives_the_terminal(tmp_path):
    """Names of files and classes, in folders that are read and in what is said of them."""
    for number in range(max(8, COUNT // 40)):
        draw, road = random.Random(number), tmp_path / str(number)
        write_images(road / "data", 2, 4)
        names = ["".join(draw.choices(LETTERS, k=draw.randint(1, 8))).strip("/") for _ in range(3)]
        for place, name in zip(("data", "data/class0", "data/class1"), names, strict=True):
            path = road / place / (name + draw.choice((".png", ".txt", "")))
            if draw.random() < 0.3:
                path.mkdir(exist_ok=True)
            path = path / "x.png" if path.is_dir() else path
            path.write_bytes(draw.choice((b"", b"%!PS-Adobe", (road / "data/class0/000.png").read_bytes())))
        shown(road, "hide", "data", "--dry-run", "--epochs", "1")
        shown(road, "metrics", "data", "data", "--format", draw.choice(("table", "markdown", "csv", "json")))
        shutil.rmtree(road)
