"""What a look decides, and for whom it decides nothing."""

from __future__ import annotations

import pytest

from hideseek_cli.errors import InputError
from hideseek_cli.methods import select as select_method
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.looks import LOOKS, USUAL, select
from hideseek_cli.recipe import preset


@pytest.mark.parametrize(
    ("name", "numbers", "outlived"),
    [
        ("faithful", (8, 0.95, None), ()),
        ("balanced", (8, 0.985, 0.25), ("greyscale", "blur")),
        ("strong", (16, 0.95, 0.4), ("greyscale", "blur", "jpeg")),
    ],
)
def test_a_look_sets_visibility_and_robustness_together(name, numbers, outlived):
    look = select(name)
    assert (look.epsilon, look.min_ssim, look.max_visibility) == numbers
    assert look.outlived(ClassWise()) == outlived
    assert look.outlived(select_method("random")) == (), "a method that is not trained through changes"


def test_masks_of_the_paper_outlive_what_they_are_told_to_alone():
    assert select("balanced").outlived(ClassWise(schedule="alternating")) == ()


def test_an_order_is_faithful_unless_told_otherwise():
    config = HideConfig(data="data", levels=(), out="out", masks="m", recipe=preset("quick"))
    assert LOOKS["faithful"] is USUAL
    assert (config.epsilon, config.min_ssim, config.survived) == (USUAL.epsilon, USUAL.min_ssim, USUAL.robust)


def test_another_word_is_refused_with_those_that_there_are():
    with pytest.raises(InputError, match="unknown `look` 'strnog': did you mean strong?"):
        select("strnog")
