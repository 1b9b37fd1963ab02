"""Hostile files: whatever is done to a mask file, a manifest or an image, it is read or refused, in little memory and time.

``make test-fuzz`` reads many; the ordinary suite some. A mutation is made from its number alone, so that a failure can be
repeated; files that once failed are kept in tests/robustness/corpus, by kind.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import tarfile
import time
import zlib
from collections.abc import Callable
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest

from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.errors import InputError
from hideseek_cli.formats import container, manifest
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.codec import Source, read_image, read_shape
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.jpeg import PREFIX
from hideseek_cli.images.stored import read_listed
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import write_images
from tests.helpers.jpegs import JPEGS
from tests.helpers.manifests import read_lines, write_lines
from tests.helpers.releases import released
from tests.robustness.zoo import TAKEN, ZOO

COUNT = int(os.environ.get("HIDESEEK_FUZZ", "200"))
CORPUS = Path(__file__).with_name("corpus")
FORMAT1 = Path(__file__).parents[1] / "data/release-format1/published"
MEMORY, SECONDS = 600 * 2**20, 20
NUMBERS = (
    "0",
    "-1",
    "1e999",
    "NaN",
    "null",
    "true",
    "[]",
    "{}",
    '"x"',
    "18446744073709551616",
    "1e-5",
    '"../../x"',
    '"\\u0000"',
)


def mutated(content: bytes, number: int) -> bytes:
    """Some bytes changed, cut, doubled, moved, or a number of its text replaced by an odd one."""
    draw = random.Random(number)
    some = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 5, 20))):
        at, length = draw.randrange(len(some) + 1), draw.choice((1, 1, 2, 4, 8, 64, 1000))
        match draw.randrange(7):
            case 0:
                some[at : at + length] = draw.randbytes(min(length, len(some) - at))
            case 1:
                del some[at : at + length]
            case 2:
                some[at:at] = some[at : at + length]
            case 3:
                some[at:at] = draw.randbytes(length)
            case 4:
                some[at : at + 8] = draw.choice((b"\xff" * 8, b"\0" * 8, (2**40).to_bytes(8, "little"), b"\x7f" * 8))
            case 5:
                digits = [place for place, byte in enumerate(some[:100_000]) if 48 <= byte < 58] or [0]
                at = draw.choice(digits)
                some[at : at + draw.choice((1, 2, 6))] = draw.choice(NUMBERS).encode()
            case _:
                some = some[:at]
        if not some:
            break
    return bytes(some)


@pytest.fixture(scope="module")
def honest(tmp_path_factory, executor) -> Path:
    root = tmp_path_factory.mktemp("honest")
    released(lambda name="data", **options: write_images(root / name, **options), root, executor, pattern_sets=2)
    (root / "shards").mkdir()
    (root / "class").write_text("class0")
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(root / f"shards/{form}.tar", "w", format=form) as tar:
            for name in ("class0/000", f"class0/{'é' * 90}"):
                tar.add(root / "data/class0/000.png", f"{name}.png")
                tar.add(root / "class", f"{name}.cls")
                tar.add(root / "class", f"{name}.class.txt")
    (root / "images").mkdir()
    for odd in ZOO:
        if odd.outcome == TAKEN and "/" not in odd.name and "link" not in odd.name and "photograph" not in odd.name:
            odd.make(root / "images" / odd.name)
    (root / "jpegs").mkdir()
    for number, jpeg in enumerate(JPEGS):
        (root / f"jpegs/{number}.jpg").write_bytes(jpeg.content)
    return root


def read_header_and_pixels(path: Source) -> None:
    read_shape(path)
    read_image(path)


def read_listed_jpeg(path: Path) -> None:
    """As ``seek``, and as ``verify``."""
    assert read_listed(path, f"{PREFIX}{0:064}", "png").pixels.size


def read_cleaner(path: Path) -> None:
    for _ in Cleaner.load(path).residuals.parts(repeat(2**20)):
        pass


def read_shard(path: Path) -> None:
    """As it is, and with the checksums of its headers put right, so that what they say is read."""
    content = bytearray(path.read_bytes())
    for at in range(0, len(content) - 511, 512):
        if content[at + 257 : at + 262] == b"ustar":
            content[at + 148 : at + 156] = b" " * 8
            content[at + 148 : at + 156] = b"%06o\0 " % sum(content[at : at + 512])
    sealed = path.with_name("sealed.tar")
    sealed.write_bytes(content)
    for archive in (path, sealed):
        with contextlib.suppress(InputError):
            for record in scan(archive).records:
                read_header_and_pixels(record.path)


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "masks": ("m.safetensors", lambda path: MaskFile.load(path).make_cleaner("clean")),
    "cleaner": ("c.safetensors", read_cleaner),
    "manifest": (manifest.NAME, lambda path: manifest.read(path.parent)),
    "image": ("p.png", read_header_and_pixels),
    "jpeg": ("p.jpg", read_listed_jpeg),
    "shard": ("s.tar", read_shard),
}
"""By kind: the name that a mutated file gets, and what reads it."""


def sources(root: Path, kind: str) -> list[Path]:
    """Honest files of a kind."""
    if kind in ("image", "jpeg", "shard"):
        return sorted((root / f"{kind}s").iterdir())
    if kind == "manifest":
        return [root / "published" / manifest.NAME, FORMAT1 / manifest.NAME]
    return [root / kind]


def tried(reader: Callable[[Path], object], path: Path) -> None:
    """Read or refused, and nothing else."""
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        reader(path)
    except InputError as error:
        assert str(error).strip()
    assert time.monotonic() - begun < SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", READERS)
def test_a_mutated_file_is_read_or_refused(honest, tmp_path, kind):
    name, reader = READERS[kind]
    contents = [source.read_bytes() for source in sources(honest, kind)]
    for number in range(COUNT // 4):
        path = tmp_path / name
        path.write_bytes(mutated(contents[number % len(contents)], number))
        try:
            tried(reader, path)
        except Exception:
            kept = CORPUS / kind / f"{number}{path.suffix}"
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, kept)
            raise


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_files_that_once_failed_are_read_or_refused(tmp_path, path):
    name, reader = READERS[path.parent.name]
    shutil.copy(path, tmp_path / name)
    tried(reader, tmp_path / name)


def lying(root: Path, change: Callable[[dict[str, np.ndarray]], None]) -> Path:
    """The cleaner of the release with its tensors changed."""
    with container.open_file(root / "cleaner", "cleaner") as (header, tensors):
        pass
    change(tensors)
    header.pop("format")
    container.write(root / "lie.safetensors", header, tensors)
    return root / "lie.safetensors"


def endless(tensors: dict[str, np.ndarray]) -> None:
    """A residual that decompresses to much more than it should, and counts that ask for it."""
    stream = zlib.compressobj(9)
    parts = [stream.compress(bytes(2**24)) for _ in range(64)]
    tensors["residual"] = np.frombuffer(b"".join([*parts, stream.flush()]), np.uint8)
    tensors["saturated"] = np.full_like(tensors["saturated"], 2**32 - 1)


@pytest.mark.parametrize(
    "change",
    [
        endless,
        lambda tensors: tensors.update(saturated=np.full_like(tensors["saturated"], 2**31)),
        lambda tensors: tensors.update({"masks.c3": np.full_like(tensors["masks.c3"], -128)}),
        lambda tensors: tensors.update({"masks.c3": tensors["masks.c3"][:, :4, :2]}),
        lambda tensors: tensors.update({"masks.c3": tensors["masks.c3"].astype(np.float32) * np.nan}),
        lambda tensors: tensors.update(which=tensors["which"] + 1000),
        lambda tensors: tensors.update(residual=tensors["residual"][::-1]),
    ],
    ids=["endless residual", "endless counts", "extreme masks", "small masks", "no numbers", "strange numbers", "backwards"],
)
def test_a_cleaner_that_lies_writes_nothing(honest, tmp_path, executor, change):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lie = lying(honest, change)
    with pytest.raises(InputError):
        seek(honest / "published", Cleaner.load(lie), tmp_path / "out", executor, Silent())
    assert not list(tmp_path.iterdir())
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a/../../x", "class0/../../x", "class0/.x", "class0/a\x00b", "class0//x", "C:\\x/y"]
)
def test_a_manifest_leads_nowhere_else(honest, tmp_path, executor, name):
    shutil.copytree(honest / "published", tmp_path / "published")
    header, *rows = read_lines(tmp_path / "published")
    label, _, rest = name.partition("/")
    header["images"] += 1
    write_lines(tmp_path / "published", [header, *rows, [label, rest, rows[0][2]]])
    with pytest.raises(InputError, match="no safe place"):
        seek(tmp_path / "published", Cleaner.load(honest / "cleaner"), tmp_path / "out", executor, Silent())
    assert os.listdir(tmp_path) == ["published"]
