"""Tars of strangers: what lies where, and what is refused by name; never is anything unpacked."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.errors import DiskError, Problems, RefusalError
from hideseek_cli.images import tar_index as tars
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.encoding import encode
from hideseek_cli.images.layout import find_layout
from hideseek_cli.images.tar_index import BLOCK, list_members
from tests.helpers.folders import draw

IMAGE = encode(draw(0, 0, 16, 3))
LETTERS = st.characters(exclude_categories=("Cs", "Cc"))
NAMES = (st.text(LETTERS, min_size=1, max_size=20) | st.text(st.sampled_from("aé/"), min_size=101, max_size=400)).filter(
    lambda name: not {"", ".", ".."} & set(name.split("/"))
)


def header(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, **more: object) -> bytes:
    """One header, whatever it claims."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    for key, value in more.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, **more: object) -> bytes:
    return header(name, len(content), kind, **more) + content + bytes(-len(content) % BLOCK)


def sample(key: str = "a", label: bytes = b"cat") -> bytes:
    return member(f"{key}.png", IMAGE) + member(f"{key}.cls", label)


def records(**pairs: str) -> bytes:
    """A POSIX header about the next member."""
    lines = []
    for key, value in pairs.items():
        body = f" {key.replace('__', '.')}={value}\n".encode()
        length = next(size for size in range(len(body), len(body) + 9) if size == len(str(size)) + len(body))
        lines.append(str(length).encode() + body)
    return member("x", b"".join(lines), tarfile.XHDTYPE)


END = bytes(2 * BLOCK)
HOSTILE: dict[str, tuple[bytes, str]] = {
    "a symbolic link": (header("l.png", kind=tarfile.SYMTYPE, linkname="/etc/passwd"), r"members .* links.*s\.tar:l\.png"),
    "a hard link": (header("l.png", kind=tarfile.LNKTYPE, linkname="a.png"), r"links, devices or sparse.*s\.tar:l\.png"),
    "a device": (header("d.png", kind=tarfile.BLKTYPE), r"links, devices or sparse.*s\.tar:d\.png"),
    "a pipe": (header("p.png", kind=tarfile.FIFOTYPE), r"links, devices or sparse.*s\.tar:p\.png"),
    "a kind that nobody knows": (member("v.png", b"x", b"V"), r"links, devices or sparse.*s\.tar:v\.png"),
    "an old sparse file": (member("s.png", bytes(512), tarfile.GNUTYPE_SPARSE), r"links, devices or sparse.*s\.tar:s\.png"),
    "a new sparse file": (
        records(GNU__sparse__major="1", GNU__sparse__minor="0") + member("s.png", IMAGE), r"sparse; pack.*s\.tar:s\.png",
    ),
    "an absolute name": (sample("/etc/x"), r"2 members .* absolute names.*s\.tar:/etc/x\.png"),
    "a name that leads out": (sample("b/../../x"), r"2 members .* names with \.\..*s\.tar:b/\.\./\.\./x\.png"),
    "an absolute name in a POSIX header": (records(path="/etc/x.png") + member("x.png", IMAGE), r"absolute.*:/etc/x\.png"),
    "an absolute long name": (
        member("L", b"/" + b"e" * 200 + b".png\0", tarfile.GNUTYPE_LONGNAME) + member("x.png", IMAGE), r"absolute.*:/eee",
    ),
    "a member twice": (sample(), r"2 members .* twice.*s\.tar:a\.png; .*s\.tar:a\.cls"),
    "two images under one key": (member("a.jpg", IMAGE), r"members .* second images.*s\.tar:a\.jpg"),
    "an image without class": (member("b.png", IMAGE), r"images of shards have no class.*s\.tar:b\.png"),
    "a class without image": (member("b.cls", b"cat"), r"classes of shards have no image.*s\.tar:b\.cls"),
    "another member": (member("a.json", b"{}"), r"members of shards are neither.*s\.tar:a\.json"),
    "a member without suffix": (member("README", b"x"), r"neither images nor \.cls.*s\.tar:README"),
    "a dot in a key": (sample("b.c"), r"2 members of shards are neither.*first dot.*s\.tar:b\.c\.png"),
    "a control character in a class": (sample("b", b"c\x1bat"), r"images have names with control characters.*s\.tar:b\.png"),
    "a slash in a class": (sample("b", b"c/at"), r"images have names with control characters.*s\.tar:b\.png"),
    "a control character in a name": (sample("b\x1b"), r"images have names with control.*s\.tar:b.*x1b\.png"),
    "a long name": (
        member("L", b"b" * 300 + b".png\0", tarfile.GNUTYPE_LONGNAME) + member("x", IMAGE)
        + member("L", b"b" * 300 + b".cls\0", tarfile.GNUTYPE_LONGNAME) + member("x", b"cat"), r"more than 240 bytes.*:bbb",
    ),
    "a class that is no text": (sample("b", b"\xff\xfe"), r"classes of shards are no text.*s\.tar:b\.cls"),
    "an empty class": (sample("b", b"\r\n"), r"classes of shards are no text.*s\.tar:b\.cls"),
    "an endless class": (sample("b", b"x" * 2000), r"at most 1024 bytes.*s\.tar:b\.cls"),
    "a name too long for a header": (
        member("L", b"b" * 70_000, tarfile.GNUTYPE_LONGNAME), r"tars are damaged.*s\.tar \(a name of 70000 bytes",
    ),
    "a huge size": (header("h.png", 2**60), r"tars are damaged.*s\.tar \(1152921504606846976 bytes at byte"),
    "a size below zero": (header("h.png", -512), r"tars are damaged.*s\.tar \(-512 bytes at byte"),
    "a huge size in a POSIX header": (records(size=str(2**70)) + member("x.png", IMAGE), r"damaged.*\(118059162071741130"),
    "a size that is none": (records(size="many") + member("x.png", IMAGE), r"tars are damaged.*s\.tar \(invalid literal"),
    "a damaged POSIX header": (member("x", b"0 path=x\n", tarfile.XHDTYPE), r"tars are damaged.*a damaged record"),
    "a damaged header": (b"x" * BLOCK, r"tars are damaged.*s\.tar \(.*"),
    "more behind the end": (END + sample("b"), r"tars are damaged.*s\.tar \(more behind its end mark at byte"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "words"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_a_tar_must_not_hold_is_refused_by_name(tmp_path, content, words):
    path = tmp_path / "s.tar"
    path.write_bytes(sample() + content + END)
    with pytest.raises(RefusalError, match=words):
        scan(path)
    assert list(tmp_path.iterdir()) == [path], "nothing is unpacked"


def test_one_name_for_all_members_is_refused(tmp_path):
    path = tmp_path / "s.tar"
    content = records(path="x.png")[BLOCK:]
    path.write_bytes(member("g", content, tarfile.XGLTYPE) + sample() + END)
    with pytest.raises(RefusalError, match="one name or size for all members"):
        scan(path)
    path.write_bytes(member("g", records(comment="made by git")[BLOCK:], tarfile.XGLTYPE) + sample() + END)
    assert len(scan(path).records) == 1


@pytest.mark.parametrize("suffix", [".tar.gz", ".tgz", ".tar.xz", ".TAR.ZST", ".tar.bz2"])
def test_a_compressed_tar_must_be_unpacked_first(tmp_path, suffix):
    (tmp_path / f"s{suffix}").write_bytes(b"")
    for place in (tmp_path, tmp_path / f"s{suffix}"):
        with pytest.raises(RefusalError, match=rf"shards are compressed.*unpack them to \.tar first.*s{suffix}"):
            scan(place)


def test_a_download_beside_the_folders_that_came_of_it_is_passed_over(make_folder):
    root = make_folder("data/train", classes=2, each=1).parent
    for place in (root, root / "train"):
        (place / "train.tar.gz").touch()
    assert find_layout(root).parts == {"train": root / "train"} and len(scan(root / "train").records) == 2
    (root / "train/0.tar").write_bytes(sample() + END)
    with pytest.raises(RefusalError, match="2 folders lie beside shards"):
        scan(root / "train")


def test_a_disk_that_fails_is_not_a_damaged_tar(tmp_path, monkeypatch):
    def fails(*_: object) -> None:
        raise OSError(5, "Input/output error")

    (tmp_path / "s.tar").write_bytes(sample() + END)
    monkeypatch.setattr(tars.TarRef, "open", fails)
    with pytest.raises(DiskError, match=r"s\.tar:a\.cls cannot be read: Input/output error; check the disk"):
        scan(tmp_path)
    monkeypatch.setattr(tars, "_read_headers", fails)
    with pytest.raises(DiskError, match=r"s\.tar cannot be read: Input/output error; check the disk"):
        scan(tmp_path)


def test_an_image_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("hideseek_cli.images.webdataset.MAX_IMAGE", len(IMAGE) - 1)
    (tmp_path / "s.tar").write_bytes(sample() + END)
    with pytest.raises(RefusalError, match=r"members of shards are larger than .*s\.tar:a\.png"):
        scan(tmp_path)


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    kinds = ["a device", "an absolute name", "two images under one key", "a class without image", "another member"]
    (tmp_path / "1.tar").write_bytes(sample() + b"".join(HOSTILE[kind][0] for kind in kinds) + END)
    (tmp_path / "2.tar").write_bytes(sample()[:-BLOCK])
    (tmp_path / "3.tar.gz").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RefusalError) as refused:
        scan(tmp_path)
    assert len(refused.value.problems) == len(kinds) + 3
    assert all(name in str(refused.value) for name in ("1.tar:d.png", "2.tar (", "3.tar.gz", "folders lie beside"))


def test_a_tar_that_is_cut_off_anywhere_is_refused(tmp_path):
    whole = sample() + sample("b") + END
    path = tmp_path / "s.tar"
    for length in [*range(0, len(whole) - 2 * BLOCK, 97), *range(0, len(whole) - BLOCK, BLOCK)]:
        path.write_bytes(whole[:length])
        with pytest.raises(RefusalError, match=r"damaged, compressed or cut off"):
            scan(path)


def write(path: Path, files: Iterable[tuple[str, bytes]], form: int) -> None:
    with tarfile.open(path, "w", format=form) as tar:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@pytest.mark.slow
@given(st.dictionaries(NAMES, st.binary(max_size=1500), max_size=5), st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
def test_members_are_those_that_were_packed(tmp_path_factory, files, form):
    path = tmp_path_factory.getbasetemp() / "members.tar"
    write(path, files.items(), form)
    problems: Problems = {}
    found = list_members(path, problems)
    assert not problems and [(one.member, one.open().read()) for one in found] == list(files.items())


def test_a_header_takes_no_more_memory_than_a_name_may(tmp_path, monkeypatch):
    reads: list[int] = []

    class Counting(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            reads.append(-1 if size is None else size)
            return super().read(size)

    content = sample() + member("L", b"b" * 70_000, tarfile.GNUTYPE_LONGNAME) + END
    with pytest.raises(tarfile.ReadError):
        list(tars._read_headers(Counting(content)))
    assert 0 < max(reads) <= tars.MAX_PADDING + 1 and min(reads) >= 0
