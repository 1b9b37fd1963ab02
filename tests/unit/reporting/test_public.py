"""A public report holds none of what is secret: canaries in everything that a report is made from."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

import hideseek_cli as hs
from hideseek_cli.formats import manifest, sheet_file
from hideseek_cli.formats.record import Record
from hideseek_cli.reporting.public import make_public
from tests.helpers.records import audited, compared, hidden, keep, make_release, verified

CANARIES = ("canary-key", "canary-class", "canary-image", "canary-path", "canary-option", "canary-failure")
SECRET = 0.31337
"""Of every share, strength and similarity of a level."""
COLOUR = (201, 77, 143)
FILES = ("html", "md", "svg", "png")


@pytest.fixture
def kept(tmp_path):
    """A release with canaries in its key, its records, the classes of its levels, its images and its paths."""
    root = tmp_path / "canary-path"
    root.mkdir()
    classes = ("canary-class", "other")
    published = make_release(root, classes=classes)
    recall = {"canary-class": 31.337, "other": 40.0}
    found = hidden(root, strength=SECRET, canary="canary-key", curve=[{"share": SECRET, "accuracy": 50.0, "runs": 1}])
    for level in found["levels"]:
        level |= {"masked_share": SECRET, "strength": SECRET, "mse": SECRET, "ssim": SECRET, "visibility": SECRET,
                  "cleaned": {"canary-class": SECRET}}  # fmt: skip
    words = {"data": "/home/canary-path", "key_file": "canary-key", "test": "canary-option"}
    keep(root / "masks.safetensors", "hide", found, level="published", arguments=words)
    keep(published, "verify", verified(34.5, 33.3, "pass", recall), level="published", arguments=words)
    keep(root / "cleaned_k50", "verify", verified(51.0, 50.0, "pass", recall), level="50", arguments=words)
    keep(published, "metrics", compared(("canary-class/canary-image",)), level="published", arguments=words)
    keep(root / "cleaned_k50", "metrics", compared(mse=SECRET, ssim=SECRET), level="50", arguments=words)
    attacks = audited(folder="/canary-path")
    attacks["attacks"][-1]["failure"] = "canary-failure"
    keep(published, "audit", attacks, level="published", arguments=words)
    attacks["attacks"][0]["attack"] = "canary-option"
    keep(root / "cleaned_k50", "audit", attacks, level="50", arguments=words)
    sheet_file.save(root / "masks.sheet.png", Image.new("RGB", (64, 64), COLOUR), manifest.read(published).release)
    return root


def everything(folder):
    """All that is in files, also what is packed into them; and the colours of every image."""
    content, images = b"", []
    for path in sorted(folder.iterdir()):
        raw = path.read_bytes()
        packed = [base64.b64decode(one) for one in re.findall(rb"base64,([A-Za-z0-9+/=]+)", raw)]
        content += b"\n".join([raw, *packed])
        images += [raw] if path.suffix == ".png" else packed
    colours = set()
    for one in images:
        pixels = np.asarray(Image.open(io.BytesIO(one)).convert("RGB")).reshape(-1, 3)
        colours |= set(map(tuple, pixels[:: max(1, len(pixels) // 5000)].tolist()))
    return content, colours


def test_no_canary_is_in_a_public_report_and_every_one_in_the_owners(kept, tmp_path):
    for public in (True, False):
        (tmp_path / str(public)).mkdir()
        hs.report(kept / "published", out=tmp_path / str(public) / "report.html", public=public, formats=FILES)
    content, colours = everything(tmp_path / "True")
    assert [one for one in (*CANARIES, "31337", "31.3", str(tmp_path)) if one.encode() in content] == []
    assert COLOUR not in colours
    content, colours = everything(tmp_path / "False")
    assert [one for one in CANARIES if one.encode() in content] == list(CANARIES[:-1])
    assert COLOUR in colours and b"31.3" in content


def test_what_is_said_of_a_public_report_holds_no_path(kept, tmp_path):
    said = hs.report(kept / "published", out=tmp_path / "report.html", public=True).to_json()
    assert "canary" not in json.dumps({**said, "files": []})


def test_a_public_report_says_what_everyone_may_know(kept, tmp_path):
    hs.report(kept / "published", out=tmp_path / "report.html", public=True)
    text = (tmp_path / "report.html").read_text()
    assert all(one in text for one in ("34.5 %", "51.0 %", "blur", "88.7", "0.9500", "may be published"))


def test_what_is_new_in_a_record_stays_at_home():
    record = Record(
        command="verify", date="2026-11-28", release=None, level=None, arguments={"folder": "x"},
        result=verified(1.0, 2.0, "pass", {"a": 1.0}, news="canary"),
    )  # fmt: skip
    left = make_public(record)
    assert left is not None and left.arguments == {} and "news" not in left.results[0] and left.results[0]["recall"] == {}
