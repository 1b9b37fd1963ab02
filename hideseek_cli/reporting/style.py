"""How figures look and how they are saved: as PNG, and as SVG whose text is text and whose colours follow the page.

matplotlib draws with the light colours of ``palette.css``; in an SVG each becomes the name that the palette has for it, so
that the same figure is read by day and by night.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from importlib.resources import files

import matplotlib
from matplotlib.figure import Figure

PALETTE = files(__package__).joinpath("palette.css").read_text()
COLOURS = dict(re.findall(r"-(\w+): (#\w{6});", PALETTE.partition("@media")[0]))
PAPER, INK, FAINT, RULE, PALE = (COLOURS[name] for name in ("paper", "ink", "faint", "rule", "pale"))
SERIES = tuple(COLOURS[name] for name in ("first", "second", "third", "fourth", "fifth", "sixth"))
WIDTH, DPI = 5.0, 200
"""Inches of a figure, and pixels of a PNG to each."""
MARK = "hideseek report"
"""What every file of a report says of itself near its beginning."""
SETTINGS = {
    "svg.fonttype": "none", "svg.hashsalt": "hideseek", "text.parse_math": False, "font.family": "DejaVu Sans",
    "font.size": 9.0, "text.color": INK, "axes.edgecolor": RULE, "axes.labelcolor": FAINT, "axes.facecolor": "none",
    "axes.titlecolor": INK, "xtick.color": FAINT, "ytick.color": FAINT, "grid.color": RULE, "grid.linewidth": 0.6,
    "axes.grid": True, "axes.axisbelow": True, "axes.spines.top": False, "axes.spines.right": False,
    "figure.constrained_layout.use": True, "legend.frameon": False, "legend.fontsize": 8.5, "lines.linewidth": 1.6,
}  # fmt: skip
FONT = re.compile(r"'DejaVu Sans'[^;\"]*")


@contextmanager
def drawing() -> Iterator[None]:
    """Figures that are made and saved in here look alike; letters that the font lacks are drawn by whoever shows them."""
    with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        yield


def save_png(figure: Figure) -> bytes:
    """On white, the same bytes for the same figure."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI, facecolor=PAPER, metadata={"Software": MARK})
    return stream.getvalue()


def save_svg(figure: Figure, name: str, words: str) -> str:
    """One element that any page can hold; ``name`` makes its marks its own, ``words`` say what it shows."""
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    text = stream.getvalue().decode()
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", text)
    text = FONT.sub("system-ui, sans-serif", text)
    for colour, value in COLOURS.items():
        text = text.replace(value, "var(-" + f"-{colour})")
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(words)}"', 1)


def make_standalone(svg: str) -> bytes:
    """The same as a file of its own, which brings the palette."""
    head, rest = svg.split(">", 1)
    return f"{head}>\n<!-- {MARK} -->\n<style>{PALETTE}</style>{rest}".encode()
