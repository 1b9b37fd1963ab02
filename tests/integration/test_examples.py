"""The examples run as they stand, on a few real images."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("sklearn", reason="needs scikit-learn, which holds the digits")

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_library_is_used_in_few_lines(tmp_path):
    script = EXAMPLES / "library.py"
    assert len(script.read_text().splitlines()) <= 15
    subprocess.run([sys.executable, EXAMPLES / "digits.py", "digits"], cwd=tmp_path, check=True)
    for part, kept in (("train", 7), ("test", 2)):
        for folder in (tmp_path / "digits" / part).iterdir():
            for number, path in enumerate(sorted(folder.iterdir())):
                if number < kept:
                    Image.open(path).resize((8, 8)).save(path)  # as scikit-learn has them; larger ones take minutes
                else:
                    path.unlink()
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("level") and "(to publish)" in done.stdout
    cleaned = sorted(tmp_path.glob("cleaned_k*"))
    assert done.stdout.count("exact") == len(cleaned) and done.stdout.count("all 70") == len(cleaned)
