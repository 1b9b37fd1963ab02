"""Work for several hands: in order, and nothing left behind."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

from hideseek_cli.runtime.executors import AT_ONCE, ordered_map


def test_results_come_in_the_order_of_the_items(executor):
    def slow(number: int) -> int:
        time.sleep(0.002 * (number % 3))
        return -number

    assert list(ordered_map(executor, slow, range(AT_ONCE + 10))) == [-number for number in range(AT_ONCE + 10)]


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
        results = ordered_map(executor, work, range(10_000))
        if leave == "fails":
            with pytest.raises(KeyError):
                list(results)
        else:
            next(results)
            results.close()
        assert len(begun) - len(ended) == (leave == "fails"), "none is under way"
        done = len(begun)
        time.sleep(0.1)
        assert len(begun) == done < AT_ONCE


def test_who_is_let_go_after_the_executor_waits_for_nobody():
    """A traceback holds the results of an interrupted command until the program ends."""
    executor = ThreadPoolExecutor(1)
    results = ordered_map(executor, lambda number: time.sleep(0.05), range(20))
    next(results)
    executor.shutdown(cancel_futures=True)
    closing = Thread(target=results.close, daemon=True)
    closing.start()
    closing.join(20)
    assert not closing.is_alive()


def test_so_many_items_are_under_way_and_no_more(executor):
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    for done, _ in enumerate(ordered_map(executor, abs, items(), at_once=8), 1):
        assert len(taken) == min(100, done - 1 + 8)
