"""Figures whose text is text and whose colours follow the page."""

import re
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from hideseek_cli.reporting.style import COLOURS, INK, PALETTE, SERIES, drawing, make_standalone, save_png, save_svg


def draw(title="title"):
    figure = Figure(figsize=(2, 2))
    axes = figure.add_subplot(title=title)
    axes.plot([1, 2], "o", color=SERIES[0])
    axes.set_xticks([0, 1], ["$a$", "b"], color=INK)
    return figure


def test_colours_are_names_of_the_palette_and_text_is_text():
    with drawing():
        text = save_svg(draw(), "x", "words & more")
    assert not {*re.findall(r"#[0-9a-f]{6}", text)} & {*COLOURS.values()}
    assert "var(--first)" in text and "var(--ink)" in text
    assert ">$a$</text>" in text and "DejaVu" not in text
    assert 'aria-label="words &amp; more"' in text


def test_both_palettes_name_the_same_colours():
    light, dark = (dict(re.findall(r"-(\w+): (#\w{6});", part)) for part in PALETTE.split("@media"))
    assert light.keys() == dark.keys() and light == COLOURS
    assert len({*light.values()}) == len(light)


def test_the_same_figure_gives_the_same_bytes_and_names_of_its_own():
    with drawing():
        a, b, other = save_svg(draw(), "a", ""), save_svg(draw(), "a", ""), save_svg(draw(), "b", "")
        assert save_png(draw()) == save_png(draw())
    assert a == b
    ids, others = ({*re.findall(r' id="([^"]+)"', one)} for one in (a, other))
    assert not ids & others
    assert {*re.findall(r'href="#([^"]+)"', a)} <= ids and {*re.findall(r"url\(#([^)]+)\)", a)} <= ids


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20))
def test_any_text_gives_a_whole_file(title):
    with drawing():
        svg = save_svg(draw(title), "x", title)
    root = ET.fromstring(make_standalone(svg))
    assert root.get("aria-label") == title
    assert "".join(root.itertext()).count("url(") == 0 or "url(" in title
