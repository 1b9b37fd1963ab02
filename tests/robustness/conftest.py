"""What the commands that are struck leave when nothing strikes them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.helpers.commands import run
from tests.helpers.folders import write_images
from tests.robustness.struck import COMMANDS, FIRST, HIDE, KILLS, LAST, NEEDS, awaited, started


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[float, float]]]:
    """All three commands run to their ends, the journal as it was before the first write, and how long each takes to its
    first write and from there to its last."""
    place = tmp_path_factory.mktemp("finished")
    write_images(place / "data", 3, 40 if KILLS > 60 else 16)
    (place / "key").write_bytes(bytes(range(32)))
    run(*HIDE, cwd=place, code=None)
    shutil.rmtree(place / "published")
    for secret in ("masks.safetensors", "masks.sheet.png"):
        (place / secret).unlink()
    times = {}
    for name in COMMANDS:
        begun = time.monotonic()
        process = started(name, place)
        awaited(FIRST[name], place, process)
        if name == "hide":
            shutil.copy(place / NEEDS["hide"][2], place / "journal")
        first = time.monotonic()
        awaited(LAST[name], place, process)
        times[name] = (first - begun, time.monotonic() - first)
        assert process.wait() in (0, 1)
    (place / "journal").rename(place / NEEDS["hide"][2])
    return place, times
