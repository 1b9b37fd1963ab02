"""The public manifest: what it says, that it survives, and that a stranger's is checked."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest as manifests
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.manifest import Authorized, Manifest, Offer, compute_identity
from hideseek_cli.images.codec import digest_pixels
from hideseek_cli.images.index import is_safe
from hideseek_cli.images.output_format import PNG_FILES, OutputFormat
from hideseek_cli.recipe import preset

DIGESTS = {("cat", "a"): "0" * 64, ("cat", "sub/b"): "1" * 64, ("dog", "ü"): "2" * 64}


def published(digests=DIGESTS) -> Manifest:
    return Manifest(
        level="published", release=compute_identity(digests), classes=("cat", "dog"), chance=66.7, epsilon=8, size=None,
        recipe=preset("quick"), images=tuple(digests.items()),
        offers=(Offer(level=50.0, price=25.0, accuracy=49.1, low=47.0, high=51.2, runs=3, clean_classes=1),),
    )  # fmt: skip


def text(manifest: Manifest = published()) -> str:  # noqa: B008
    return "".join(manifest.text())


def test_a_manifest_survives_its_file(tmp_path):
    (tmp_path / manifests.NAME).write_text(text())
    found = manifests.read(tmp_path)
    assert replace(found, images=tuple(found.images)) == published()
    assert len(found.images) == 3 and found.digests == DIGESTS
    assert list(manifests.owned_files(tmp_path)) == ["hideseek.json", "cat/a.png", "cat/sub/b.png", "dog/ü.png"]


@pytest.mark.parametrize(
    ("output_format", "said", "files"),
    [(PNG_FILES, {}, ["cat/a.png", "cat/sub/b.png", "dog/ü.png"]),
     (OutputFormat(encoding="webp"), {"encoding": "webp"}, ["cat/a.webp", "cat/sub/b.webp", "dog/ü.webp"]),
     (OutputFormat(shard=2), {"shard": 2}, ["000000.tar", "000001.tar"]),
     (OutputFormat(encoding="webp", shard=3), {"encoding": "webp", "shard": 3}, ["000000.tar"])],
)  # fmt: skip
def test_a_manifest_says_the_form_and_one_without_means_png_files(tmp_path, output_format, said, files):
    plain = json.loads(text())
    (tmp_path / manifests.NAME).write_text(text(replace(published(), output_format=output_format)))
    assert json.loads((tmp_path / manifests.NAME).read_text()) == {**plain, **said}
    assert manifests.read(tmp_path).output_format == output_format and list(manifests.owned_files(tmp_path)) == [
        "hideseek.json",
        *files,
    ]


def test_a_manifest_says_who_is_authorized_and_nothing_of_their_lens(tmp_path):
    network = AuthorizedNetwork.drawn("slim", bytes(32))
    allowed = Authorized(lens=network.identity, arch="slim", accuracy=58.9)
    (tmp_path / manifests.NAME).write_text(text(replace(published(), authorized=allowed)))
    assert manifests.read(tmp_path).authorized == allowed
    assert json.loads((tmp_path / manifests.NAME).read_text()) == {
        **json.loads(text()), "authorized": {"lens": network.identity, "arch": "slim", "accuracy": 58.9}
    }  # fmt: skip


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


def test_a_manifest_holds_no_secret():
    """Law 9: no key, pattern, seed or strength, and digests of published pixels alone."""
    document = json.loads(text())
    assert set(document) == {
        "format", "kind", "level", "release", "classes", "chance", "epsilon", "size", "recipe", "offers", "pictures",
    }  # fmt: skip
    assert set(document["offers"][0]) == {"level", "price", "accuracy", "low", "high", "runs", "clean_classes"}
    assert not {"seed", "strength", "key"} & set(document["recipe"])


def damaged(**change):
    def apply(document):
        document.update(change)

    return apply


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/passwd", "cat/../../evil", "cat//x", "cat/.hidden", ".cat/x", "cat", "cat/", "/x", "cat/a\\b",
     "cat/a\nb", "cat/" + "x" * 300, "cat/a\x00b", "cat/ ", ""],
)  # fmt: skip
def test_an_image_that_leads_out_of_the_folder_is_refused(tmp_path, name):
    document = json.loads(text())
    document["pictures"][name] = "4" * 64
    (tmp_path / manifests.NAME).write_text(json.dumps(document))
    with pytest.raises(InputError, match="no safe place for an image"):
        manifests.read(tmp_path)


@pytest.mark.parametrize(
    "change",
    [damaged(format=2), damaged(kind="other"), damaged(release="1" * 64), damaged(release="short"), damaged(classes=["cat"]),
     damaged(pictures={"cat/a": 7}), damaged(pictures=[]), damaged(recipe={}), damaged(offers=[{"level": 1}]),
     damaged(authorized={"lens": "x", "arch": "slim", "accuracy": 50.0}), damaged(authorized=[]),
     damaged(authorized={"lens": "0" * 64, "arch": "slim", "accuracy": 101.0}), damaged(authorized={"lens": "0" * 64}),
     damaged(chance=None), damaged(size="big"), damaged(size=float("inf")), damaged(shard=0),
     damaged(shard=None), damaged(encoding="jpg"), lambda document: document.pop("epsilon")],
)  # fmt: skip
def test_a_damaged_manifest_is_refused(tmp_path, change):
    document = json.loads(text())
    change(document)
    (tmp_path / manifests.NAME).write_text(json.dumps(document))
    with pytest.raises(InputError, match="damaged or from another version"):
        manifests.read(tmp_path)


def test_images_may_stand_anywhere_but_in_order_and_once(tmp_path):
    document = json.loads(text())
    moved = {"pictures": document["pictures"], **document, "later": {"versions": ["may", "say", "more"]}}
    (tmp_path / manifests.NAME).write_text(json.dumps(moved))
    assert manifests.read(tmp_path).digests == DIGESTS
    for change in (lambda rows: reversed(rows.items()), lambda rows: [*rows.items(), ("dog/b", "3" * 64)]):
        (tmp_path / manifests.NAME).write_text(json.dumps({**document, "pictures": dict(change(document["pictures"]))}))
        with pytest.raises(InputError, match="twice, or not in order"):
            manifests.read(tmp_path)
    row = f'  "cat/a": "{"0" * 64}",\n'
    for twice in (text().replace(row, 2 * row), text().replace("{\n", '{\n "level": "clean",\n', 1)):
        (tmp_path / manifests.NAME).write_text(twice)
        with pytest.raises(InputError, match="twice"):
            manifests.read(tmp_path)


def test_a_manifest_that_changes_while_it_is_used_is_checked_again(tmp_path):
    (tmp_path / manifests.NAME).write_text(text())
    found = manifests.read(tmp_path)
    for change in ("cat/sub/b", "../evil"), ('"pictures"', '"names"'):
        (tmp_path / manifests.NAME).write_text(text().replace(*change))
        with pytest.raises(InputError):
            list(found.images)


PARTS = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="\\/."), min_size=1, max_size=5)
DIGEST = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(st.dictionaries(st.tuples(PARTS, PARTS).filter(is_safe), DIGEST, max_size=5), st.data())
def test_what_is_read_row_by_row_is_what_json_says(tmp_path_factory, digests, data):
    """Written as ``json`` would, read as ``json`` does; what one changed character leaves is read the same, or refused."""
    folder = tmp_path_factory.getbasetemp()
    digests = dict(sorted({**digests, ("dog", "ü"): "2" * 64}.items()))
    known = replace(
        published(),
        release=compute_identity(digests),
        classes=tuple(sorted({key[0] for key in digests})),
        images=tuple(digests.items()),
    )
    content = text(known)
    assert content == json.dumps(json.loads(content), indent=1, ensure_ascii=False) + "\n"
    (folder / manifests.NAME).write_text(content)
    found = manifests.read(folder)
    assert replace(found, images=tuple(found.images)) == known
    at = data.draw(st.integers(0, len(content) - 1))
    changed = content[:at] + data.draw(st.sampled_from('"{}[],:0a \\\nü')) + content[at + data.draw(st.integers(0, 1)) :]
    (folder / manifests.NAME).write_text(changed)
    try:
        found = manifests.read(folder)
    except InputError:
        return
    assert {"/".join(key): digest for key, digest in found.images} == json.loads(changed)["pictures"]


@pytest.mark.parametrize("content", [b"", b"[1,2", b"\xff\xfe", b"[" * 100_000, b"null", b"[]"])
def test_what_is_no_manifest_is_refused(tmp_path, content):
    (tmp_path / manifests.NAME).write_bytes(content)
    with pytest.raises(InputError):
        manifests.read(tmp_path)


def test_a_folder_without_manifest_is_not_ours(tmp_path):
    assert not [*manifests.owned_files(tmp_path)]
    with pytest.raises(InputError, match="is .* a folder that hideseek wrote"):
        manifests.read(tmp_path)


def test_a_cleaned_folder_keeps_the_identity_of_its_release(tmp_path):
    cleaned = replace(published(), level="50", images=((("cat", "a"), "5" * 64), (("dog", "ü"), "6" * 64)))
    (tmp_path / manifests.NAME).write_text(text(cleaned))
    assert manifests.read(tmp_path).release == compute_identity(DIGESTS)
