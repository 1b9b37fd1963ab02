"""Names of classes and images that a buyer on another system could not write, or would write over another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.images.portable import ALIKE, OURS, UNDER_IMAGE, UNPORTABLE, find_unportable, is_portable

WHOLE = st.text("abcXYZ019-_éß图 .", min_size=1, max_size=12).filter(lambda name: name == name.strip(" ."))


@pytest.mark.parametrize(
    "name",
    ["aux", "AUX", "nul.tar", "com1", "lpt9.x", "con ", "a:b", "c?", "a*b", 'a"b', "a<b", "a|b", "trailing ", "dot.", " front",
     "sub/aux", "sub /x", "CONOUT$"],
)  # fmt: skip
def test_what_cannot_be_written_on_windows_is_named_as_image_and_as_class(name):
    assert find_unportable([("cat", name)], ["png"]) == {UNPORTABLE: [f"cat/{name}"]}
    assert "/" in name or not is_portable((name, "x"))


@pytest.mark.parametrize(
    "name", ["auxiliary", "console", "com10", "a.b", "(1)", "100% [sure]; $HOME & 'more'", "-rf", "图片 🖼"]
)
def test_ordinary_names_are_taken(name):
    assert find_unportable([("cat", name), (name, "x")], ["png"]) == {}


@pytest.mark.parametrize(
    ("keys", "problems"),
    [
        ([("Cat", "a"), ("cat", "b")], {ALIKE: ["Cat/ and cat/"]}),
        ([("cat", "A"), ("cat", "a")], {ALIKE: ["cat/a.png"]}),
        ([("cat", "é"), ("cat", "é")], {ALIKE: ["cat/é.png"]}),
        ([("cat", "straße"), ("cat", "strasse")], {ALIKE: ["cat/strasse.png"]}),
        ([("cat", "S/a"), ("cat", "s/a")], {ALIKE: ["cat/s/a.png"]}),
        ([("cat", "a"), ("cat", "a.png/b")], {UNDER_IMAGE: ["cat/a.png/b.png"]}),
        ([("cat", "a"), ("cat", "A.PNG/c/b")], {UNDER_IMAGE: ["cat/A.PNG/c/b.png"]}),
        ([("HideSeek.json", "a")], {OURS: ["HideSeek.json/"]}),
    ],
)
def test_names_that_some_system_takes_for_one_are_named(keys, problems):
    assert find_unportable(keys, ["png"], ["hideseek.json"]) == problems


@given(st.lists(st.tuples(WHOLE, WHOLE), max_size=20))
def test_what_is_taken_makes_as_many_files_where_capitals_do_not_count(keys):
    keys = sorted(set(keys))
    problems = find_unportable(keys, ["png"])
    folded = {f"{label}/{name}.png".casefold() for label, name in keys}
    assert problems or len(folded) == len(keys)


def test_of_several_suffixes_each_may_be_that_of_an_image():
    keys = [("cat", "a"), ("cat", "a.jpg/b"), ("cat", "b"), ("cat", "b.webp/c")]
    assert find_unportable(keys, ["png", "jpg"]) == {UNDER_IMAGE: ["cat/a.jpg/b.png"]}
