"""Folders are compared over all images, a few are judged by FLIP, and the worst are named."""

from __future__ import annotations

import json
from math import log10

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from hideseek_cli.errors import InputError
from hideseek_cli.images import visibility
from hideseek_cli.images.codec import decode
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.folder_comparison import compare
from hideseek_cli.images.visibility import choose_sample, measure_jpeg_visibility, measure_visibility
from hideseek_cli.runtime.progress import Silent


def test_folders_are_compared_over_all_images_and_the_worst_is_named(make_folder, executor):
    a, b = make_folder("a"), make_folder("b")
    changed = np.asarray(Image.open(b / "class1/003.png")).copy()
    changed[4:8, 4:8] ^= 64
    Image.fromarray(changed).save(b / "class1/003.png")
    found = compare(scan(a), scan(b), executor, Silent())
    assert found.images == 36 and found.linf == 64
    assert found.worst[0][0] == "class1/003.png" and found.worst[0][1].ssim < 1 == found.worst[1][1].ssim
    assert found.mse == pytest.approx(found.worst[0][1].mse / 36)
    assert found.psnr == pytest.approx(-10 * log10(found.mse))
    original = np.asarray(Image.open(a / "class1/003.png"))
    single = peak_signal_noise_ratio(original, changed, data_range=255)
    assert single == pytest.approx(-10 * log10(found.worst[0][1].mse))


def test_identical_folders_have_no_psnr(make_folder, executor):
    root = make_folder()
    assert compare(scan(root), scan(root), executor, Silent()).psnr is None


def test_what_has_no_counterpart_or_another_shape_is_refused(make_folder, executor):
    a, b = make_folder("a"), make_folder("b")
    (a / "class1/003.png").unlink()
    with pytest.raises(InputError, match=r"images have no counterpart.*class1/003.png"):
        compare(scan(a), scan(b), executor, Silent())
    Image.new("RGB", (20, 20)).save(a / "class1/003.png")
    with pytest.raises(InputError, match="differ in shape"):
        compare(scan(a), scan(b), executor, Silent())


def test_a_few_images_are_judged_beside_what_jpeg_shows_and_the_worst_of_them_are_named(make_folder, executor):
    a, b = make_folder("a"), make_folder("b")
    for number, moved in ((0, 40), (1, 90), (18, 5)):  # of class0, of which the second is not judged, and of class1
        path = scan(b).records[number].path
        with Image.open(path) as image:
            Image.fromarray(np.asarray(image) ^ moved).save(path)
    found = compare(scan(a), scan(b), executor, Silent(), worst=2)
    judged = choose_sample(36).tolist()
    assert len(judged) == found.judged == visibility.JUDGED and {0, 18} < set(judged) and 1 not in judged
    pairs = [[decode(scan(root).records[number].path) for root in (a, b)] for number in judged]
    assert found.visibility == pytest.approx(np.mean([measure_visibility(*pair) for pair in pairs]))
    assert found.jpeg_visibility == pytest.approx(np.mean([measure_jpeg_visibility(clean) for clean, _ in pairs]))
    assert [name for name, _ in found.worst] == ["class0/001.png", "class0/000.png"]
    assert [name for name, _ in found.most_visible] == ["class0/000.png", "class1/006.png"]
    document = json.loads(json.dumps(found.to_json()))
    assert (document["visibility"], document["visibility_jpeg_75"]) == (found.visibility, found.jpeg_visibility)
    assert [one.get("visibility") for one in document["worst"]] == [None, found.most_visible[0][1].visibility]
    assert [one["visibility"] for one in document["most_visible"]] == [one.visibility for _, one in found.most_visible]


def test_a_table_names_jpeg_and_the_worst_by_both_measures(make_folder, executor):
    root = make_folder(classes=2, each=2)
    found = compare(scan(root), scan(root), executor, Silent(), worst=1)
    rows = found.rows()
    assert [row["images"] for row in rows[:2]] == ["all 4", "as JPEG of quality 75"] and len(rows) == 4
    assert rows[0]["visibility"] == "0.0000" < rows[1]["visibility"]
    assert len({tuple(row) for row in rows}) == 1, "every row has every column"
    assert "FLIP at 67 pixels a degree, 4 images evenly spread" in str(found)
    assert len(compare(scan(root), scan(root), executor, Silent(), worst=0).rows()) == 2
