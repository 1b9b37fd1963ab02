"""What is got right, class by class, adds up to the accuracy."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.training.score import Score
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import count_correct, find_correct, train
from tests.helpers.toys import TINY, toy


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_classes_weighted_by_their_images_are_the_accuracy(images):
    labels = torch.tensor([label for label, *_ in images])
    test = TensorDataset(torch.zeros(len(images), 1, 1, 1, dtype=torch.uint8), labels, 5)
    correct = [torch.tensor(one) for one in list(zip(*images, strict=True))[1:]]
    found = Score.of(correct, test)
    assert len(found.right) == 5
    for label, right in enumerate(found.right):
        assert right == sum((int(one[labels == label].sum()) for one in correct), 0) / 2
    assert 100 * sum(found.right) / len(images) == pytest.approx(found.accuracy, abs=1e-12)
    assert Score.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_what_is_correct_is_the_same_in_batches_of_any_size():
    data = toy(8)
    network = train(data, TINY, seed=0)
    whole = find_correct(network, data)
    assert whole.shape == (24,) and torch.equal(whole, find_correct(network, data, 5))
    assert count_correct(network, data) == int(whole.sum())
    assert torch.equal(whole, network(data.images.float()).argmax(1) == data.labels)
