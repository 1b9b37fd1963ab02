"""What a card is made of: the owner's words are checked, and the folder is walked through once."""

from __future__ import annotations

import pytest

from hideseek_cli.cards.facts import Words, gather
from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest
from tests.helpers.published import publish


@pytest.mark.parametrize("name", ["title", "contact"])
@pytest.mark.parametrize("said", ["", " ", "two\nlines", "\x1b[2J", "x" * 301])
def test_words_that_are_no_line_are_refused(name, said):
    with pytest.raises(InputError, match=f"`{name}`"):
        Words(**{name: said})


@pytest.mark.parametrize("said", ["", "CC BY", "a: b", "-x", "mit\n"])
def test_a_license_is_a_name(said):
    with pytest.raises(InputError, match="`license`"):
        Words(license=said)


def test_usual_words_are_taken():
    assert Words(title='Tiere: 100 % "echt"', license="cc-by-nc-4.0", contact="sales@example.org").license == "cc-by-nc-4.0"


def test_classes_are_counted_and_nested_images_noticed(tmp_path):
    folder = publish(tmp_path / "p", [("cat", "a"), ("cat", "b"), ("dog", "c")], jpegs=[("cat", "b")])
    found = gather(manifest.read(folder), folder, Words(), signed=False)
    assert found.suffixes == ("jpg", "png")
    assert (found.counts, found.images, found.nested, found.title) == ({"cat": 2, "dog": 1}, 3, False,
                                                                       "3 protected images of 2 classes")  # fmt: skip
    folder = publish(tmp_path / "q", [("cat", "a"), ("dog", "sub/c")])
    assert gather(manifest.read(folder), folder, Words(), signed=False).nested


def test_a_level_that_was_sold_has_no_card(tmp_path):
    folder = publish(tmp_path / "p", [("cat", "a")], level="50")
    with pytest.raises(InputError, match="level 50"):
        gather(manifest.read(folder), folder, Words(), signed=False)
