"""The card of a published folder: ``README.md`` with the header that data-set hubs read, in YAML, and a text for people.

Each value of the header is written as JSON, which is YAML too, so that no name of a stranger becomes anything else.
"""

from __future__ import annotations

import json
from importlib.resources import files
from itertools import islice
from string import Template
from typing import Any

from hideseek_cli.cards.facts import Facts
from hideseek_cli.cards.markdown import escape, tabulate
from hideseek_cli.errors import count
from hideseek_cli.formats.card_files import CREDENTIALS, SEAL, seal
from hideseek_cli.formats.levels import CLEAN, spell_level

SHOWN = 100
"""Classes that are named at most."""
CITATION = """@misc{xu-hide-and-seek,
  title = {Hide-and-Seek: Data Sharing with Customizable Machine Learnability and Privacy},
  author = {Xu, Hairuo and Shu, Tao}
}"""
CROISSANT_EXAMPLE = """```python
import mlcroissant

images = mlcroissant.Dataset(jsonld="published/croissant.json").records("images")
```"""
SIZES = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
GATE = (
    "Everyone may look at these images. They are protected so that networks that train on them learn next to nothing "
    "that was not sold. Levels that can be learnt are sold by the owner."
)
GATE_FIELDS = {
    "Name": "text",
    "What I want to do with the images": "text",
    "I will train on these images only at a level that I have bought": "checkbox",
}


def draw_readme(facts: Facts) -> str:
    """The whole file."""
    header = "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in _describe(facts).items())
    body = Template((files(__package__) / "card.md").read_text("utf-8")).substitute(_tell(facts))
    return seal(f"---\n# {SEAL}\n{header}---\n\n{body}")


def name_size(images: int) -> str:
    """How hubs call so many.

    >>> name_size(999), name_size(1000), name_size(50_000), name_size(10**12)
    ('n<1K', '1K<n<10K', '10K<n<100K', 'n>1T')
    """
    above = sum(images >= 1000 * 10**power for power in range(len(SIZES)))
    if above == 0:
        return f"n<{SIZES[0]}"
    return f"n>{SIZES[-1]}" if above == len(SIZES) else f"{SIZES[above - 1]}<n<{SIZES[above]}"


def _describe(facts: Facts) -> dict[str, Any]:
    """The header."""
    shard, stated = facts.manifest.output_format.shard, facts.words.license
    patterns = ["*.tar"] if shard else [f"**/*.{one}" for one in facts.suffixes]
    labelled = {} if shard else {"drop_labels": facts.nested}
    return {
        "pretty_name": facts.title,
        **({"license": stated} if stated else {"license": "other", "license_name": "not-stated"}),
        "task_categories": ["image-classification"],
        "size_categories": [name_size(facts.images)],
        "tags": ["hideseek", "hide-and-seek", "unlearnable-examples", "data-protection"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": patterns}], **labelled}],
        "extra_gated_prompt": GATE,
        "extra_gated_fields": GATE_FIELDS,
    }


def _tell(facts: Facts) -> dict[str, str]:
    """What stands in the text's gaps."""
    manifest, words = facts.manifest, facts.words
    level = spell_level(manifest.offers[0].level) if manifest.offers else CLEAN
    name = f"k{level}" if manifest.offers else level
    contact = f"Levels are sold by {escape(words.contact)}." if words.contact else "Ask whoever publishes this data set."
    return {
        "title": escape(facts.title), "images": count(facts.images, "image"), "classes": count(len(facts.counts), "class"),
        "epsilon": str(manifest.epsilon), "chance": f"{manifest.chance:.1f}", "authorized": _tell_authorized(facts),
        "table": _tell_classes(facts), "levels": _tell_levels(facts), "recipe": escape(manifest.recipe.name),
        "arch": manifest.recipe.arch, "epochs": count(manifest.recipe.epochs, "epoch"), "contact": contact,
        "cleaner": f"cleaner_{name}.safetensors", "cleaned": f"cleaned_{name}" if manifest.offers else "cleaned",
        "loading": _tell_loading(facts), "croissant": _tell_croissant(facts), "release": f"`{manifest.release}`",
        "statement": _tell_statement(facts), "license": _tell_license(facts), "citation": CITATION,
    }  # fmt: skip


def _tell_authorized(facts: Facts) -> str:
    allowed = facts.manifest.authorized
    return "" if allowed is None else (
        f"- Networks with the owner's secret first layer learn all the same: {escape(allowed.arch)} to "
        f"{allowed.accuracy:.1f} %.\n"
    )  # fmt: skip


def _tell_classes(facts: Facts) -> str:
    table = tabulate(["class", "images"], islice(facts.counts.items(), SHOWN))
    more = len(facts.counts) - SHOWN
    return f"{table}\n\nand {count(more, 'other class')}." if more > 0 else table


def _tell_levels(facts: Facts) -> str:
    """What is offered; accuracies in percent."""
    clean = "The clean images are a level too (`clean`)."
    if not facts.manifest.offers:
        return f"No level in between is sold. {clean}"
    head = ["level", "price", "accuracy %", "95 % interval", "runs", "classes without masks"]
    rows = [
        (f"{one.level:g}", "ask" if one.price is None else f"{one.price:g}", f"{one.accuracy:.1f}",
         f"{one.low:.1f} to {one.high:.1f}", one.runs, one.clean_classes)
        for one in facts.manifest.offers
    ]  # fmt: skip
    return f"A level is the test accuracy, in percent, that it was sold for.\n\n{tabulate(head, rows)}\n\n{clean}"


def _tell_loading(facts: Facts) -> str:
    if facts.manifest.output_format.shard:
        return "The images lie in tar shards, as WebDataset has them: `NAME.cls` numbers a class and `NAME.class.txt` names it."
    if facts.nested:
        return "`datasets.load_dataset` gives the images without their classes, since some lie in folders below their class's."
    return '`datasets.load_dataset("published")` gives images and classes.'


def _tell_croissant(facts: Facts) -> str:
    """mlcroissant opens no WebP, and takes the shards of one data set for those of another where they have the same names."""
    plain = "webp" not in facts.suffixes and facts.manifest.output_format.shard is None
    told = "`croissant.json` describes the files and their classes for loaders of Croissant"
    return f"{told}:\n\n{CROISSANT_EXAMPLE}" if plain else f"{told}."


def _tell_statement(facts: Facts) -> str:
    return "" if not facts.signed else (
        f"- `{CREDENTIALS}`: a signed statement of the owner about `hideseek.json`, and so about every image that it lists:\n"
        "  no training and no data mining (C2PA, `cawg.training-mining`).\n"
    )  # fmt: skip


def _tell_license(facts: Facts) -> str:
    stated = facts.words.license
    return f"`{stated}`" if stated else "None is stated: ask the owner before you do more than look."
