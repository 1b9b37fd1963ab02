"""Attacks are listed by what they need, and the next one is one file more."""

from __future__ import annotations

import sys

from hideseek_cli import attacks
from hideseek_cli.attacks import NEEDS, list_attacks


def test_attacks_that_need_least_stand_first():
    needs = [attack.needs for attack in list_attacks().values()]
    assert needs == sorted(needs, key=NEEDS.index) and set(needs) == set(NEEDS) and next(iter(list_attacks())) == "none"


def test_an_attack_is_one_file_whatever_that_is_called(tmp_path, monkeypatch):
    monkeypatch.setattr(attacks, "__path__", [*attacks.__path__, str(tmp_path)])
    (tmp_path / "aaa.py").write_text(
        '"""Attacks."""\n\nfrom hideseek_cli.attacks import Attack\n\n'
        'ATTACKS = (Attack(name="new", needs="originals"), Attack(name="newer"))\n'
    )
    try:
        names = list(list_attacks())
    finally:
        sys.modules.pop("hideseek_cli.attacks.aaa", None)
    assert names.index("newer") < names.index("new") < names.index("releases")
