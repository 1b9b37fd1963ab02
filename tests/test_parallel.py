"""Work for several hands: in order, and nothing left behind."""

from __future__ import annotations

import threading
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
    running, most = threading.Semaphore(0), []

    def work(number: int) -> int:
        most.append(number)
        if leave == "fails" and number == 3:
            raise KeyError(number)
        time.sleep(0.01)
        running.release()
        return number

    with ThreadPoolExecutor(4) as executor:
        results = in_order(executor, work, range(10_000))
        if leave == "fails":
            with pytest.raises(KeyError):
                list(results)
        else:
            next(results)
            results.close()
        done = len(most)
        time.sleep(0.05)
        assert len(most) == done < ROUND
