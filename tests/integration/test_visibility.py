"""`hide` keeps the eye's limit on the files that it writes, says which limit binds, and tells no buyer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from hideseek_cli.images import visibility
from tests.helpers.commands import inside

HIDE = (
    "hide", "digits", "--method", "random", "--epochs", "1", "--batch-size", "16", "--threads", "1", "--tolerance", "45",
    "--levels", "70", "--unmask", "images", "--max-runs", "13", "--min-ssim", "0", "--epsilon", "24", "--json",
)  # fmt: skip
"""Noise on 60 digits, as strong as the eye allows; one level."""


@pytest.fixture
def digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(visibility, "JUDGED", 12)
    found = load_digits()
    for label in (0, 1, 2):
        (tmp_path / "digits" / str(label)).mkdir(parents=True)
        for number, pixels in enumerate(found.images[found.target == label][:20]):
            image = Image.fromarray((pixels * 15).astype(np.uint8)).resize((32, 32), Image.Resampling.BICUBIC)
            image.save(tmp_path / f"digits/{label}/{number:02}.png")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("given", [None, "0.03"])
def test_what_is_written_is_as_visible_as_is_allowed_and_no_more(digits, given):
    """Unless told otherwise, as a JPEG of the same folder."""
    options = [] if given is None else ["--max-visibility", given]
    hidden = json.loads(inside(*HIDE, *options, cwd=digits, code=None).stdout)
    seen = json.loads(inside("metrics", "digits", "published", "--json", cwd=digits).stdout)
    limit = seen["visibility_jpeg_75"] if given is None else float(given)
    assert hidden["visibility_limit"] == pytest.approx(limit) and hidden["limit"] == "visibility"
    assert 0.9 * limit < seen["visibility"] <= limit and seen["visibility_images"] == 12
    assert hidden["visibility"] == pytest.approx(seen["visibility"])
    (level,) = hidden["levels"]
    assert level["reachable"] and 0 <= level["visibility"] <= hidden["visibility"]
    public = (digits / "published/hideseek.json").read_text()
    assert not [word for word in ("visibility", "strength", "limit") if word in public], "law 9"
    inside("cleaner", "masks.safetensors", "--level", "clean", cwd=digits)
    inside("seek", "published", "cleaner_clean.safetensors", cwd=digits)
    clean = json.loads(inside("metrics", "digits", "cleaned", "--json", cwd=digits).stdout)
    assert clean["visibility"] == 0 < clean["visibility_jpeg_75"]


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "nan"])
def test_a_limit_out_of_range_is_refused_with_a_sentence(digits, given):
    told = inside(*HIDE, "--max-visibility", given, cwd=digits, code=2)
    assert f"--max-visibility {float(given):g} is out of range: above 0 and at most 1" in told.stderr + told.stdout
    assert not (digits / "published").exists()
