"""Tar archives as from a stranger: where their files lie, by offset and length. Nothing is ever unpacked.

Headers are walked one by one and no further than the archive reaches: a size that it cannot hold, a name of more than a
header may take, or data behind its end is a problem that is reported, and no work.

This is not left to ``tarfile``, whose reader silently stops at a damaged header: all images behind it would be published
nowhere.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from hideseek_cli.errors import DiskError, Problems
from hideseek_cli.images.members import MemberRef

BLOCK = tarfile.BLOCKSIZE
MAX_HEADER, MAX_PADDING = 2**16, 2**20
"""Bytes that a long name may take, and that may follow the end of an archive (zeros, up to its last record)."""
BROKEN = "tars are damaged, compressed or cut off; get them again"
SPECIAL = "members of tars are links, devices or sparse; pack plain files alone"
PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
BARE = (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE)
"""Kinds of members that have content, and that have none whatever size they claim."""
ABOUT_NEXT = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
OUTSIDE = "members of tars have absolute names or names with ..; pack them with names below one folder"


@dataclass(frozen=True)
class TarRef(MemberRef):
    """A file within an archive: ``length`` bytes at ``offset``."""

    offset: int
    length: int

    def open(self, mode: Literal["rb"] = "rb", /) -> io.BytesIO:
        """Its content. Raises OSError."""
        with self.archive.open(mode) as file:
            file.seek(self.offset)
            return io.BytesIO(file.read(self.length))


def list_members(archive: Path, problems: Problems) -> list[TarRef]:
    """The files of an uncompressed archive, in its order, none where it is damaged; adds what is wrong to ``problems``.

    Raises DiskError where the disk fails.
    """
    found: list[TarRef] = []
    try:
        with archive.open("rb") as file:
            for header, offset in _read_headers(file):
                span = TarRef(archive, PurePosixPath(header.name).as_posix(), offset, header.size)
                if header.isdir():
                    continue
                if header.type not in PLAIN:
                    problems.setdefault(SPECIAL, []).append(str(span))
                elif span.member.startswith("/") or ".." in span.member.split("/"):
                    problems.setdefault(OUTSIDE, []).append(str(span))
                else:
                    found.append(span)
    except OSError as error:
        raise DiskError(f"{archive} cannot be read: {error.strerror}; check the disk and your rights") from error
    except (tarfile.TarError, ValueError) as error:
        problems.setdefault(BROKEN, []).append(f"{archive} ({error})")
        return []
    return found


def _read_headers(file: io.BufferedIOBase) -> Iterator[tuple[tarfile.TarInfo, int]]:
    """Every member with the offset of its content. Raises TarError and ValueError where the archive is not whole."""
    reach, at = file.seek(0, os.SEEK_END), 0
    said: dict[str, str] = {}
    while True:
        file.seek(at)
        block = file.read(BLOCK)
        if len(block) < BLOCK:
            raise tarfile.ReadError(f"no end mark at byte {at}")
        if not block.strip(b"\0"):
            rest = file.read(MAX_PADDING + 1)
            if len(rest) > MAX_PADDING or rest.strip(b"\0"):
                raise tarfile.ReadError(f"more behind its end mark at byte {at}")
            return
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        content = at + BLOCK
        header.size = int(said.get("size", header.size))
        if not 0 <= header.size <= reach - content:
            raise tarfile.ReadError(f"{header.size} bytes at byte {content} of {reach}")
        if header.type in (*ABOUT_NEXT, tarfile.XGLTYPE):
            if header.size > MAX_HEADER:
                raise tarfile.ReadError(f"a name of {header.size} bytes at byte {content}")
            found = _read_extension(header.type, file.read(header.size))
            if header.type in ABOUT_NEXT:
                said |= found
            elif "path" in found or "size" in found:
                raise tarfile.ReadError(f"one name or size for all members at byte {content}")
        else:
            header.name = said.get("path", header.name)
            if any(key.startswith("GNU.sparse.") for key in said):
                header.type = tarfile.GNUTYPE_SPARSE
            said = {}
            yield header, content
        at = content if header.type in BARE else content + -(-header.size // BLOCK) * BLOCK


def _read_extension(kind: bytes, content: bytes) -> dict[str, str]:
    """What a header says about the next member: the path of GNU, or the records ``LENGTH KEY=VALUE`` of POSIX."""
    if kind in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
        name = content.partition(b"\0")[0].decode("utf-8", "surrogateescape")
        return {"path": name} if kind == tarfile.GNUTYPE_LONGNAME else {}
    found: dict[str, str] = {}
    while content.strip(b"\0"):
        length, _, rest = content.partition(b" ")
        end = int(length) - len(length) - 1
        key, equals, value = rest[: max(0, end)].decode("utf-8", "surrogateescape").partition("=")
        if not equals or not value.endswith("\n"):
            raise tarfile.ReadError("a damaged record about a member")
        content = rest[end:]
        found[key] = value[:-1]
    return found
