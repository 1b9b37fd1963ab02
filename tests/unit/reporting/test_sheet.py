"""The contact sheet in a page."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.errors import InputError
from hideseek_cli.reporting import sheet
from hideseek_cli.reporting.sheet import embed


def decode(found):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(found.uri.split(",")[1]))).convert("RGB"))


@pytest.fixture
def noise(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "sheet.png")
    return tmp_path / "sheet.png", pixels


def test_a_sheet_is_shown_to_the_pixel(noise):
    path, pixels = noise
    found = embed(path)
    assert (found.width, found.height) == (60, 40) and (decode(found) == pixels).all()


def test_a_heavy_one_is_made_smaller_until_it_is_not(noise, monkeypatch):
    monkeypatch.setattr(sheet, "HEAVIEST", 3_000)
    found = embed(noise[0])
    assert found.width < 60 and abs(found.width / found.height - 1.5) < 0.1
    assert len(base64.b64decode(found.uri.split(",")[1])) <= 3_000 and decode(found).shape[:2] == (found.height, found.width)


def test_a_damaged_one_is_refused_with_a_sentence(noise):
    noise[0].write_bytes(noise[0].read_bytes()[:3000])
    with pytest.raises(InputError, match="cannot be read as a contact sheet"):
        embed(noise[0])
