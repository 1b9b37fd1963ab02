"""Work for several hands: in order, and nothing left behind."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hideseek_cli.parallel import ROUND, in_order


def test_results_come_in_the_order_of_the_items(executor):
    def slow(number: int) -> int:
        time.sleep(0.002 * (number % 3))
        return -number

    assert list(in_order(executor, slow, range(ROUND + 10))) == [-number for number in range(ROUND + 10)]


@pytest.mark.parametrize("leave", ["fails", "is left"])
def test_nothing_goes_on_behind_a_failure_or_who_has_left(leave):
    begun, ended = [], []

    def work(number: int) -> int:
        begun.append(number)
        if leave == "fails" and number == 3:
            raise KeyError(number)
        time.sleep(0.05)
        ended.append(number)
        return number

    with ThreadPoolExecutor(4) as executor:
        results = in_order(executor, work, range(10_000))
        if leave == "fails":
            with pytest.raises(KeyError):
                list(results)
        else:
            next(results)
            results.close()
        assert len(begun) - len(ended) == (leave == "fails"), "none is under way"
        done = len(begun)
        time.sleep(0.1)
        assert len(begun) == done < ROUND
