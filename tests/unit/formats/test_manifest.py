"""The public manifest: what it says, that it survives, and that a stranger's is checked."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest as manifests
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.manifest import Authorized, Manifest, compute_identity
from hideseek_cli.formats.manifest_rows import MAX_HEADER, MAX_ROW, encode_row
from hideseek_cli.images.codec import digest_pixels
from hideseek_cli.images.index import MAX_NAME, MAX_PATH, is_safe
from hideseek_cli.images.output_format import PNG_FILES, OutputFormat
from tests.helpers.manifests import DIGESTS, make_manifest, read_lines, write_lines


def write(folder: Path, manifest: Manifest = make_manifest()) -> list[Any]:  # noqa: B008
    """Write it as ``hide`` does; returns its lines as JSON reads them."""
    (folder / manifests.NAME).write_text("".join(manifest.lines()))
    return read_lines(folder)


def test_a_manifest_survives_its_file(tmp_path):
    header, *rows = write(tmp_path)
    assert header["format"] == 2 and header["images"] == 3
    assert rows == [[*key, digest] for key, digest in DIGESTS.items()]
    found = manifests.read(tmp_path)
    assert replace(found, images=tuple(found.images)) == make_manifest()
    assert len(found.images) == 3 and found.digests == DIGESTS
    assert list(manifests.list_owned_files(tmp_path)) == ["hideseek.json", "cat/a.png", "cat/sub/b.png", "dog/ü.png"]
    assert (tmp_path / manifests.NAME).read_bytes().isascii()


@pytest.mark.parametrize(
    ("output_format", "said", "files"),
    [(PNG_FILES, {}, ["cat/a.png", "cat/sub/b.png", "dog/ü.png"]),
     (OutputFormat(encoding="webp"), {"encoding": "webp"}, ["cat/a.webp", "cat/sub/b.webp", "dog/ü.webp"]),
     (OutputFormat(shard=2), {"shard": 2}, ["000000.tar", "000001.tar"]),
     (OutputFormat(encoding="webp", shard=3), {"encoding": "webp", "shard": 3}, ["000000.tar"])],
)  # fmt: skip
def test_a_manifest_says_the_form_and_one_without_means_png_files(tmp_path, output_format, said, files):
    plain, *_ = write(tmp_path)
    header, *_ = write(tmp_path, replace(make_manifest(), output_format=output_format))
    assert header == {**plain, **said}
    assert manifests.read(tmp_path).output_format == output_format
    assert list(manifests.list_owned_files(tmp_path)) == ["hideseek.json", *files]


def test_a_manifest_says_who_is_authorized_and_nothing_of_their_secret_stem(tmp_path):
    network = AuthorizedNetwork.draw("slim", bytes(32))
    allowed = Authorized(stem=network.identity, arch="slim", accuracy=58.9)
    plain, *_ = write(tmp_path)
    header, *_ = write(tmp_path, replace(make_manifest(), authorized=allowed))
    assert manifests.read(tmp_path).authorized == allowed
    assert header == {**plain, "authorized": {"stem": network.identity, "arch": "slim", "accuracy": 58.9}}


def test_an_identity_is_that_of_the_first_releases_and_covers_the_lines_as_they_are_written(tmp_path):
    write(tmp_path)
    lines = (tmp_path / manifests.NAME).read_text().splitlines()[1:]
    assert hashlib.sha256(f"[{', '.join(lines)}]".encode()).hexdigest() == compute_identity(DIGESTS)
    assert compute_identity(DIGESTS) == "5dd5ac31986519f43e40f9fdeea1dc71fa74ff0dbcf0db5de3f625dbbcfe59e5"


def test_the_identity_covers_class_name_and_pixels():
    base = compute_identity(DIGESTS)
    assert compute_identity(dict(reversed(DIGESTS.items()))) == base
    changed = [
        {**DIGESTS, ("cat", "a"): "3" * 64},
        {("dog", "a"): "0" * 64, **{key: DIGESTS[key] for key in list(DIGESTS)[1:]}},
        {("cat", "c"): "0" * 64, **{key: DIGESTS[key] for key in list(DIGESTS)[1:]}},
        {key: DIGESTS[key] for key in list(DIGESTS)[1:]},
        {**{key: DIGESTS[key] for key in list(DIGESTS)[:2]}, ("eel", "ü"): "2" * 64},
    ]
    assert len({base, *map(compute_identity, changed)}) == 6


def test_a_pixel_digest_covers_shape_and_pixels():
    flat = np.arange(2 * 6 * 1, dtype=np.uint8)
    shapes = [flat.reshape(2, 6, 1), flat.reshape(6, 2, 1), flat.reshape(2, 2, 3), flat.reshape(2, 6, 1) + 1]
    assert len({digest_pixels(image) for image in shapes}) == 4


def test_a_manifest_holds_no_secret(tmp_path):
    """Law 9: no key, pattern, seed or strength, and digests of published pixels alone."""
    header, *_ = write(tmp_path)
    assert set(header) == {
        "format", "kind", "level", "release", "classes", "chance", "epsilon", "size", "recipe", "offers", "images",
    }  # fmt: skip
    assert set(header["offers"][0]) == {"level", "price", "accuracy", "low", "high", "runs", "clean_classes"}
    assert not {"seed", "strength", "key"} & set(header["recipe"])


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/passwd", "cat/../../evil", "cat//x", "cat/.hidden", ".cat/x", "cat", "cat/", "/x", "cat/a\\b",
     "cat/a\nb", "cat/" + "x" * 300, "cat/a\x00b", "cat/ ", "", "cat/" + "x/" * (MAX_PATH // 2) + "x"],
)  # fmt: skip
def test_an_image_that_leads_out_of_the_folder_is_refused(tmp_path, name):
    header, *rows = write(tmp_path)
    label, _, rest = name.partition("/")
    write_lines(tmp_path, [{**header, "images": 4}, *rows, [label, rest, "4" * 64]])
    with pytest.raises(InputError, match="no safe place for an image"):
        manifests.read(tmp_path)


CHANGES: list[dict[str, Any]] = [
    {"format": 3}, {"format": "2"}, {"kind": "other"}, {"release": "1" * 64}, {"release": "short"}, {"classes": ["cat"]},
    {"classes": 7}, {"recipe": {}}, {"authorized": []}, {"authorized": {"stem": "x", "arch": "slim", "accuracy": 50.0}},
    {"authorized": {"stem": "0" * 64, "arch": "slim", "accuracy": 101.0}}, {"authorized": {"stem": "0" * 64}},
    {"authorized": {"stem": "0" * 64, "arch": "resnet99", "accuracy": 50.0}},
    {"authorized": {"lens": "0" * 64, "arch": "slim", "accuracy": 50.0}}, {"level": "x"}, {"level": "nan"}, {"level": "101"},
    {"level": 50}, {"chance": None}, {"chance": float("nan")}, {"chance": -1}, {"chance": True}, {"size": "big"},
    {"size": float("inf")}, {"size": 0}, {"epsilon": "8"}, {"epsilon": 8.5}, {"shard": 0}, {"shard": None}, {"shard": 2.5},
    {"encoding": "jpg"}, {"images": 0}, {"images": -3}, {"images": 2}, {"images": 4}, {"images": 10**30}, {"images": "3"},
    {"images": True}, {"images": None}, {"later": float("inf")},
]  # fmt: skip
OFFER = {"level": 50.0, "price": 25.0, "accuracy": 49.1, "low": 47.0, "high": 51.2, "runs": 3}
CHANGES += [{"offers": [{**OFFER, name: value}]} for name, value in (
    ("level", 101), ("level", "50"), ("price", -1), ("price", "x"), ("accuracy", None), ("low", float("nan")), ("high", []),
    ("runs", 2.5), ("runs", -1), ("clean_classes", "x"),
)]  # fmt: skip
CHANGES += [{"offers": [{"level": 1}]}, {"offers": 7}]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_damaged_header_is_refused(tmp_path, change):
    header, *rows = write(tmp_path)
    write_lines(tmp_path, [{**header, **change}, *rows])
    with pytest.raises(InputError, match="damaged or from another version"):
        manifests.read(tmp_path)


@pytest.mark.parametrize(
    "name", ("format", "kind", "level", "release", "classes", "chance", "epsilon", "size", "recipe", "offers", "images")
)
def test_nothing_is_missing(tmp_path, name):
    header, *rows = write(tmp_path)
    del header[name]
    write_lines(tmp_path, [header, *rows])
    with pytest.raises(InputError, match=f"another version of hideseek .it does not say its .{name}"):
        manifests.read(tmp_path)


def test_a_header_and_its_offers_may_say_more(tmp_path):
    header, *rows = write(tmp_path)
    write_lines(tmp_path, [{"later": {"versions": ["may", "say", "more"]}, **header, "offers": [{**OFFER, "later": 1}]}, *rows])
    assert manifests.read(tmp_path).offers == (replace(make_manifest().offers[0], clean_classes=0),)


ROWS: dict[str, tuple[Callable[[list[Any]], list[Any]], str]] = {
    "backwards": (lambda rows: rows[::-1], "twice, or not in order"),
    "twice": (lambda rows: [rows[0], rows[0], rows[2]], "twice, or not in order"),
    "names out of order": (lambda rows: [rows[1], rows[0], rows[2]], "twice, or not in order"),
    "a strange digest": (lambda rows: [[*rows[0][:2], "7" * 63], *rows[1:]], "is no SHA-256 digest"),
    "a number for a digest": (lambda rows: [[*rows[0][:2], 7], *rows[1:]], "is no SHA-256 digest"),
    "another digest": (lambda rows: [[*rows[0][:2], "7" * 64], *rows[1:]], "do not add up to its release"),
    "no digest": (lambda rows: [rows[0][:2], *rows[1:]], "is no image"),
    "too much": (lambda rows: [[*rows[0], 1], *rows[1:]], "is no image"),
    "an object": (lambda rows: [dict.fromkeys("abc", "x"), *rows[1:]], "is no image"),
    "a number": (lambda rows: [7, *rows[1:]], "is no image"),
    "one too few": (lambda rows: rows[:-1], "ends after 2 of its 3 images"),
    "one too many": (lambda rows: [*rows, ["dog", "z", "3" * 64]], "more follows behind its 3 images"),
    "none": (lambda rows: [], "ends after 0 of its 3 images"),
}


@pytest.mark.parametrize(("change", "words"), ROWS.values(), ids=ROWS.keys())
def test_rows_that_are_not_those_of_the_release_are_refused(tmp_path, change, words):
    header, *rows = write(tmp_path)
    write_lines(tmp_path, [header, *change(rows)])
    with pytest.raises(InputError, match=f"damaged or from another version of hideseek .*{words}"):
        manifests.read(tmp_path)


@pytest.mark.parametrize("more", ["\n", " ", "x", '["dog", "z", "' + "3" * 64 + '"]'])
def test_nothing_follows_behind_the_last_image(tmp_path, more):
    write(tmp_path)
    with (tmp_path / manifests.NAME).open("a") as file:
        file.write(more)
    with pytest.raises(InputError, match="more follows behind its 3 images"):
        manifests.read(tmp_path)


def test_lines_may_end_as_other_systems_end_them(tmp_path):
    write(tmp_path)
    content = (tmp_path / manifests.NAME).read_bytes()
    for changed in (content.replace(b"\n", b"\r\n"), content[:-1], b"\xef\xbb\xbf" + content):
        (tmp_path / manifests.NAME).write_bytes(changed)
        assert manifests.read(tmp_path).digests == DIGESTS


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', "[" * 100_000, "NaN", "-Infinity", "1e999", "9" * 5000, '"\\x"', "", '["cat", "a"', "\xff"]
)
def test_a_line_that_is_no_json_of_ours_is_refused(tmp_path, place, text):
    write(tmp_path)
    lines = (tmp_path / manifests.NAME).read_text().splitlines()
    lines[place] = text
    (tmp_path / manifests.NAME).write_text("\n".join(lines), encoding="latin-1")
    with pytest.raises(InputError):
        manifests.read(tmp_path)


def test_no_line_is_read_that_is_longer_than_one_may_be(tmp_path):
    header, *rows = write(tmp_path)
    room = MAX_ROW - len(json.dumps(rows[-1]) + "\n")
    for spaces in (room, room + 1):
        lines = [json.dumps(line) for line in (header, *rows)]
        lines[-1] += " " * spaces
        (tmp_path / manifests.NAME).write_text("\n".join(lines) + "\n")
        if spaces == room:
            assert manifests.read(tmp_path).digests == DIGESTS
    with pytest.raises(InputError, match=f"more than {MAX_ROW} bytes"):
        manifests.read(tmp_path)
    with (tmp_path / manifests.NAME).open("r+b") as file:
        file.truncate(2**28)
    tracemalloc.start()
    with pytest.raises(InputError, match=f"more than {MAX_ROW} bytes"):
        manifests.read(tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    (tmp_path / manifests.NAME).write_bytes(b"")
    with (tmp_path / manifests.NAME).open("r+b") as file:
        file.truncate(2**28)
    with pytest.raises(InputError, match=f"more than {MAX_HEADER} bytes"):
        manifests.read(tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 4 * MAX_HEADER
    tracemalloc.stop()


def test_every_safe_name_fits_into_a_line():
    """Also where JSON writes twelve letters for a character of four bytes, six for one of two."""
    for character in ("é", "\N{GRINNING FACE}", '"'):
        part = character * (MAX_NAME // len(character.encode()))
        name = "/".join([part] * (MAX_PATH // (MAX_NAME + 1) - 1))
        assert is_safe((part, name)) and not is_safe((part, f"{name}/{part}/{part}"))
        assert len(encode_row((part, name), "0" * 64)) < MAX_ROW


def test_classes_that_no_header_has_room_for_are_not_written(tmp_path):
    many = tuple(f"{number:0240}" for number in range(MAX_HEADER // 240))
    with pytest.raises(ValueError, match="a header of"):
        next(replace(make_manifest(), classes=many).lines())
    assert len(next(replace(make_manifest(), classes=tuple(name[-230:] for name in many)).lines())) < MAX_HEADER


@pytest.mark.slow
def test_many_images_take_no_memory(tmp_path):
    header, *_ = write(tmp_path)
    digests = {("cat", f"{number:06}"): f"{number:064x}" for number in range(4_000)}
    header |= {"classes": ["cat"], "images": len(digests), "release": compute_identity(digests)}
    write_lines(tmp_path, [header, *([*key, digest] for key, digest in digests.items())])
    tracemalloc.start()
    found = manifests.read(tmp_path)
    assert sum(1 for _ in found.images) == len(digests)
    assert tracemalloc.get_traced_memory()[1] < 2**18, "some 300 bytes an image if all were held"
    tracemalloc.stop()


def test_a_manifest_that_changes_while_it_is_used_is_checked_again(tmp_path):
    header, *rows = write(tmp_path)
    found = manifests.read(tmp_path)
    for lines in ([header, *rows[:2], ["dog", "../evil", "2" * 64]], [header, *rows[::-1]], [header, *rows[:2]], [*rows]):
        write_lines(tmp_path, lines)
        with pytest.raises(InputError, match=str(tmp_path)):
            list(found.images)


PARTS = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="\\/."), min_size=1, max_size=5)
DIGEST = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(st.dictionaries(st.tuples(PARTS, PARTS).filter(is_safe), DIGEST, max_size=5), st.data())
def test_what_is_read_row_by_row_is_what_json_says(tmp_path_factory, digests, data):
    """What one changed character leaves is read as ``json`` reads its lines, or refused."""
    folder = tmp_path_factory.getbasetemp() / "manifest"
    folder.mkdir(exist_ok=True)
    known = make_manifest({**digests, ("dog", "ü"): "2" * 64})
    write(folder, known)
    found = manifests.read(folder)
    assert replace(found, images=tuple(found.images)) == known
    content = (folder / manifests.NAME).read_text()
    at = data.draw(st.integers(0, len(content) - 1))
    changed = content[:at] + data.draw(st.sampled_from('"{}[],:0a \\\nü')) + content[at + data.draw(st.integers(0, 1)) :]
    (folder / manifests.NAME).write_text(changed)
    try:
        found = manifests.read(folder)
    except InputError:
        return
    assert [[*key, digest] for key, digest in found.images] == read_lines(folder)[1:]


@pytest.mark.parametrize("content", [b"", b"[1,2", b"\xff\xfe", b"[" * 100_000, b"null", b"[]", b"{}", b"\n", b"7"])
def test_what_is_no_manifest_is_refused(tmp_path, content):
    (tmp_path / manifests.NAME).write_bytes(content)
    with pytest.raises(InputError):
        manifests.read(tmp_path)


def test_a_folder_without_manifest_is_not_ours(tmp_path):
    assert not [*manifests.list_owned_files(tmp_path)]
    with pytest.raises(InputError, match="is .* a folder that hideseek wrote"):
        manifests.read(tmp_path)


def test_a_cleaned_folder_keeps_the_identity_of_its_release(tmp_path):
    write(tmp_path, replace(make_manifest(), level="50", images=((("cat", "a"), "5" * 64), (("dog", "ü"), "6" * 64))))
    assert manifests.read(tmp_path).release == compute_identity(DIGESTS)
