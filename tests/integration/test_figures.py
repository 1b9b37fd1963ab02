"""The images of the README are made by one command, from a release that it makes itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.commands import FAST, contents
from tests.helpers.folders import write_images

ROOT = Path(__file__).parents[2]
WRITTEN = {"levels.png", "curve.png", "designed-achieved.png"}


def test_the_readme_shows_what_is_written():
    shown = set(re.findall(r"!\[[^]]*\]\(docs/images/([\w-]+\.png)\)", (ROOT / "README.md").read_text()))
    assert shown and shown <= WRITTEN


@pytest.mark.slow
def test_all_are_made_of_the_photographs_that_there_are(tmp_path):
    for part, first in (("train", 0), ("test", 10)):
        write_images(tmp_path / "trashnet" / part, classes=6, each=10, first=first)
    with tarfile.open(tmp_path / "trashnet-photos.tar", "w") as tar:
        tar.add(tmp_path / "trashnet", "trashnet")
    before = contents(ROOT / "docs/images")
    command = [sys.executable, ROOT / "docs/figures.py", "made", "--images", "images", *FAST, "--passes", "1", "--offer-anyway"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "HIDESEEK_DATA": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "images").iterdir()} == WRITTEN and contents(ROOT / "docs/images") == before
    columns = 3 + len({path.name for path in (tmp_path / "made").glob("cleaned_*")})
    with Image.open(tmp_path / "images/levels.png") as page:
        assert columns > 4 and page.width == 108 + columns * (190 + 8)
    drawn = (tmp_path / "made/report.curve.png").read_bytes()
    assert (tmp_path / "images/curve.png").read_bytes() == drawn
    again = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False)
    assert again.returncode != 0 and "made" in again.stderr
