"""A published folder in Croissant 1.1 (JSON-LD): which files there are, and how images and classes are read from them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from hideseek_cli.cards.facts import Facts
from hideseek_cli.cards.readme import CITATION
from hideseek_cli.errors import InputError, count
from hideseek_cli.formats.card_files import SEAL, seal
from hideseek_cli.formats.manifest import NAME

CONTEXT = {
    "@language": "en", "@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/", "rai": "http://mlcommons.org/croissant/RAI/", "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo", "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"}, "name": {"@container": "@language"},
    **{
        name: f"cr:{name}"
        for name in (
            "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject",
            "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
            "parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
            "source", "subField", "transform",
        )
    },
}  # fmt: skip
"""Croissant's own, whole: readers warn of another."""
FILES, IMAGES, CLASSES = "image-files", "images", "classes"
"""Identities of the set of files and of the two sets of records."""
FORMATS = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
"""What files of each suffix are."""


def draw_croissant(facts: Facts, folder: Path) -> str:
    """The whole file. ``folder``: where the manifest and shards lie, whose digests it has. Raises InputError."""
    manifest, words = facts.manifest, facts.words
    shards = list(manifest.output_format.files(manifest.images)) if manifest.output_format.shard else []
    files = [_describe_file(folder, NAME, "application/jsonlines")]
    files += [_describe_file(folder, shard, "application/x-tar") for shard in shards]
    document = {
        "@context": CONTEXT, "@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": facts.title, "identifier": SEAL, "version": "1.0.0", "citeAs": CITATION,
        "license": words.license or "not stated; ask the owner",
        "description": f"{count(facts.images, 'image')} of {count(len(facts.counts), 'class')} under masks, made so that a "
        "network that is trained on them learns next to nothing that was not sold; see README.md.",
        "distribution": [*files, _describe_files(facts, shards)],
        "recordSet": [_describe_images(), _describe_classes(facts)],
    }  # fmt: skip
    return seal(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _describe_file(folder: Path, name: str, kind: str) -> dict[str, Any]:
    try:
        with (folder / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"{folder / name} cannot be read ({error.strerror}); a card is of the whole published folder"
        ) from error
    return {"@type": "cr:FileObject", "@id": name, "name": name, "contentUrl": name, "encodingFormat": kind, "sha256": digest}


def _describe_files(facts: Facts, shards: list[str]) -> dict[str, Any]:
    """All images: those below the folder, or in shards."""
    inside = {"containedIn": [{"@id": shard} for shard in shards]} if shards else {}
    return {"@type": "cr:FileSet", "@id": FILES, "name": FILES, **inside,
            "encodingFormat": [FORMATS[one] for one in facts.suffixes],
            "includes": [f"**/*.{one}" for one in facts.suffixes]}  # fmt: skip


def _describe_images() -> dict[str, Any]:
    """A record an image: its pixels, its path and its class, the first part of the path."""

    def field(name: str, kind: str, what: str, **more: Any) -> dict[str, Any]:
        source = {"fileSet": {"@id": FILES}, "extract": {"fileProperty": what}, **more}
        return {"@type": "cr:Field", "@id": f"{IMAGES}/{name}", "name": name, "dataType": kind, "source": source}

    return {
        "@type": "cr:RecordSet", "@id": IMAGES, "name": IMAGES, "key": {"@id": f"{IMAGES}/path"},
        "field": [
            field("path", "sc:Text", "fullpath"),
            field("image", "sc:ImageObject", "content"),
            field("label", "sc:Text", "fullpath", transform={"regex": "^([^/]+)/"}),
        ],
    }  # fmt: skip


def _describe_classes(facts: Facts) -> dict[str, Any]:
    """A record a class: its name."""
    name = f"{CLASSES}/name"
    return {
        "@type": "cr:RecordSet", "@id": CLASSES, "name": CLASSES, "dataType": "sc:Enumeration", "key": {"@id": name},
        "field": [{"@type": "cr:Field", "@id": name, "name": "name", "dataType": "sc:Text"}],
        "data": [{name: label} for label in facts.counts],
    }  # fmt: skip
