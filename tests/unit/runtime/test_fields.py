"""What may be passed for a field, what it becomes, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hideseek_cli.errors import InputError
from hideseek_cli.runtime.fields import NAMES, PATH, PATHS, at_least, between, one_of, settle, within


@dataclass(frozen=True, kw_only=True)
class Config:
    place: object = field(default=None, metadata=PATH)
    places: object = field(default=(), metadata=PATHS)
    names: object = field(default=(), metadata=NAMES)
    epsilon: int = field(default=8, metadata=between(1, 63, "grey levels"))
    share: float = field(default=0.5, metadata=within(lambda share: 0 < share < 1, "a share between 0 and 1"))
    runs: int | None = field(default=None, metadata=at_least(1, "measures nothing; give at least 1"))
    unmask: str = field(default="classes", metadata=one_of("classes", "images"))

    def __post_init__(self) -> None:
        settle(self)


def test_text_becomes_paths_and_lists_become_tuples():
    found = Config(place="a", places=["b", Path("c")], names=["d"])
    assert found == Config(place=Path("a"), places=(Path("b"), Path("c")), names=("d",))
    assert found.place == Path("a") and found.names == ("d",) and Config().place is None


def test_the_home_folder_is_known_and_a_folder_called_like_it_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    found = Config(place="~/a", places=["~", "./~", "./~/b", "~no-such-user/c", "d/~"])
    assert found.place == tmp_path / "home/a"
    named = (tmp_path / "home", tmp_path / "~", tmp_path / "~/b", tmp_path / "~no-such-user/c", Path("d/~"))
    assert found.places == named == Config(places=found.places).places


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epsilon": 0}, "`epsilon` 0 is out of range: 1 to 63 grey levels"),
        ({"epsilon": 64}, "`epsilon` 64 is out of range: 1 to 63 grey levels"),
        ({"share": 1.0}, "`share` 1 is out of range: a share between 0 and 1"),
        ({"share": float("nan")}, "`share` nan is out of range: a share between 0 and 1"),
        ({"runs": 0}, "`runs` 0 measures nothing; give at least 1"),
        ({"unmask": "image"}, "unknown `unmask` 'image': did you mean images?"),
        ({"unmask": "x"}, "unknown `unmask` 'x': choose classes or images"),
    ],
)
def test_what_is_out_of_range_is_refused_by_the_name_of_the_argument(options, words):
    with pytest.raises(InputError) as refused:
        Config(**options)
    assert str(refused.value) == words
