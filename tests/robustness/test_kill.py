"""Law 4 by force: SIGKILL at any moment leaves nothing or a whole thing, and the next run ends with the same bytes.

``make test-kill`` strikes often; the ordinary suite a few times.
"""

from __future__ import annotations

import random
import shutil
import signal
import time
import warnings
from collections import Counter

from tests.helpers.commands import contents, run
from tests.robustness.struck import COMMANDS, FIRST, KILLS, LAST, NEEDS, ORDER, RECORD, awaited, made, started


def test_a_killed_command_leaves_nothing_or_a_whole_thing_and_the_next_run_the_same_bytes(finished, tmp_path):
    whole, times = finished
    draw, struck = random.Random(0), Counter()
    for number in range(KILLS):
        name = ORDER[number % len(ORDER)]
        place = tmp_path / str(number)
        place.mkdir()
        for need in NEEDS[name]:
            (shutil.copytree if (whole / need).is_dir() else shutil.copy)(whole / need, place / need)
        before, after = times[name]
        process = started(name, place)
        if number % 15 < 12:
            awaited(FIRST[name], place, process)
            time.sleep(draw.uniform(0, 0.9 * after))
        else:
            time.sleep(draw.uniform(0, before + after))
        process.send_signal(signal.SIGKILL)
        process.wait()
        begun = any(place.glob(FIRST[name])) or made(place, name)
        struck[name, "after" if (place / LAST[name]).exists() else "while" if begun else "before"] += 1
        expected, found = made(whole, name), made(place, name)
        assert set(found.items()) <= set(expected.items()), "whatever is there is whole"
        for folder in ("published", "cleaned"):
            there = {file for file in found if file.startswith(f"{folder}/")}
            assert there in (set(), {file for file in expected if file.startswith(f"{folder}/")}), "a folder is whole or absent"
        run(*COMMANDS[name], cwd=place, code=None)
        assert made(place, name) == expected
        left = {path.name for path in place.iterdir()} - set(NEEDS[name]) - {RECORD, *(file.split("/")[0] for file in expected)}
        assert not left, "nothing is left beside"
        assert contents(place / "data") == contents(whole / "data") if name == "hide" else True, "law 5"
        shutil.rmtree(place)
    told = "; ".join(f"{name} {count} {when} it wrote" for (name, when), count in sorted(struck.items()))
    warnings.warn(f"{KILLS} times SIGKILL: {told}", stacklevel=1)
    assert KILLS < 60 or sum(count for (_, when), count in struck.items() if when == "while") >= 0.6 * KILLS
