"""Images of one shape, as their files hold them, and the masks that are laid on them and taken off again.

Pixels have the arithmetic of ``masks.arithmetic``, and what clipping lost is put back; coefficients of JPEGs that of
``masks.jpeg_grid``, where nothing is lost and one number says how far an image's pixels may move (``bound``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Int, Int8, UInt8, UInt16

from hideseek_cli.errors import InputError
from hideseek_cli.images.codec import Images, attach_alpha, drop_alpha, take_alpha
from hideseek_cli.images.jpeg import Coefficients
from hideseek_cli.images.stored import Jpeg, Raster, Stored
from hideseek_cli.masks.arithmetic import apply, compute_residuals, place, place_on, restore, subtract_masks
from hideseek_cli.masks.chunked import Patterns
from hideseek_cli.masks.jpeg_grid import choose_bound, compute_change

Lost = list[Int8[np.ndarray, " _"]]
"""Of each image what a cleaner says besides its mask."""


@dataclass(frozen=True, eq=False)
class Laid:
    """Which masks: of each image the number of its pattern, and its shift."""

    patterns: Patterns
    which: Int[np.ndarray, " n"]
    shifts: UInt16[np.ndarray, "n 2"] | None

    def place_on(self, images: UInt8[np.ndarray, "n y x _"]) -> Int8[np.ndarray, "n y x c"]:
        return place_on(images, self.patterns, self.which, self.shifts)


class Canvas(ABC):
    """Images of one shape."""

    @property
    @abstractmethod
    def images(self) -> Sequence[Stored]:
        """Each as it is written."""

    @cached_property
    def pixels(self) -> UInt8[np.ndarray, "n y x _"]:
        """As people see them."""
        return np.stack([one.pixels for one in self.images])

    @property
    def colours(self) -> Images:
        """As networks see them, without alpha."""
        return drop_alpha(self.pixels)

    @property
    def digests(self) -> list[str]:
        return [one.digest for one in self.images]

    @abstractmethod
    def mask(self, laid: Laid, epsilon: int) -> Canvas:
        """The same images under masks that move no pixel by more than ``epsilon`` grey levels."""

    @abstractmethod
    def lead(self, published: Canvas, laid: Laid | None) -> tuple[Canvas, Lost]:
        """These images at a level, under other masks or none, and what leads there from ``published``, which are these under
        masks."""

    @abstractmethod
    def clean(self, laid: Laid, lost: Lost, *, sparing: bool) -> Canvas:
        """What published images become by a cleaner (Equation 6). ``sparing``: they have no mask where they are wholly
        transparent. Raises InputError where cleaner and images do not belong together."""


def make_canvas(images: Sequence[Stored]) -> Canvas:
    """Of images of one shape and one kind."""
    rasters, jpegs = [one for one in images if isinstance(one, Raster)], [one for one in images if isinstance(one, Jpeg)]
    if jpegs:
        return JpegCanvas(tuple(jpegs))
    return PixelCanvas(tuple(rasters))


@dataclass(frozen=True, eq=False)
class PixelCanvas(Canvas):
    """Of pixels."""

    rasters: tuple[Raster, ...]
    placed: Int8[np.ndarray, "n y x c"] | None = None
    """The masks under which they are, at their size."""
    laid: Laid | None = None
    """The same, at the size of patterns."""

    @property
    def images(self) -> tuple[Raster, ...]:
        return self.rasters

    def mask(self, laid: Laid, epsilon: int) -> PixelCanvas:
        placed = laid.place_on(self.pixels)
        return replace(self._show(apply(self.colours, placed)), placed=placed, laid=laid)

    def lead(self, published: Canvas, laid: Laid | None) -> tuple[PixelCanvas, Lost]:
        """The level is what the cleaner leads to: where masks of its own are resampled, a grey level beside them."""
        assert isinstance(published, PixelCanvas), "masks were laid on images of another kind"
        assert published.placed is not None and published.laid is not None, "nothing was laid on other images"
        if laid is None:
            return self, compute_residuals(published.colours, -published.placed, self.colours)
        change = _subtract(laid, published.laid).place_on(self.pixels)
        target = apply(self.colours, published.placed + change)
        return self._show(target), compute_residuals(published.colours, change, target)

    def clean(self, laid: Laid, lost: Lost, *, sparing: bool) -> PixelCanvas:
        mask = laid.place_on(self.pixels if sparing else self.colours)
        return self._show(restore(self.colours, mask, np.concatenate(lost)))

    def _show(self, colours: Images) -> PixelCanvas:
        """The same images in other colours."""
        pixels = attach_alpha(colours, self.pixels)
        return PixelCanvas(tuple(Raster(one, own.notes) for one, own in zip(pixels, self.rasters, strict=True)))


@dataclass(frozen=True, eq=False)
class JpegCanvas(Canvas):
    """Of coefficients."""

    jpegs: tuple[Jpeg, ...]
    bounds: tuple[int, ...] = ()
    """By how many half grey levels the mask of each was let move its pixels, before rounding."""
    laid: Laid | None = None
    """The masks under which they are."""

    @property
    def images(self) -> tuple[Jpeg, ...]:
        return self.jpegs

    def mask(self, laid: Laid, epsilon: int) -> JpegCanvas:
        found, bounds = [], []
        for one, mask in zip(self.jpegs, self._take(laid), strict=True):
            for bound in range(choose_bound(epsilon), -1, -1):
                masked = _add(one, mask, bound)
                if not bound or (masked.coefficients.codable and _measure_move(one, masked) <= epsilon):
                    break
            found.append(masked)
            bounds.append(bound)
        return JpegCanvas(tuple(found), tuple(bounds), laid)

    def lead(self, published: Canvas, laid: Laid | None) -> tuple[JpegCanvas, Lost]:
        """The level is what the cleaner leads to: where masks of its own are rounded, a step of a coefficient beside them."""
        assert isinstance(published, JpegCanvas) and published.laid is not None, "nothing was laid on other images"
        lost = [np.array([bound], np.int8) for bound in published.bounds]
        if laid is None:
            return self, lost
        return published.clean(_subtract(laid, published.laid), lost, sparing=True), lost

    def clean(self, laid: Laid, lost: Lost, *, sparing: bool) -> JpegCanvas:
        found = []
        for one, mask, said in zip(self.jpegs, self._take(laid), lost, strict=True):
            if said.shape != (1,) or said[0] < 0:
                raise InputError("the cleaner's residual does not belong to these published pixels")
            found.append(_add(one, mask, int(said[0])))
        return JpegCanvas(tuple(found))

    def _take(self, laid: Laid) -> Int8[np.ndarray, "n s t c"]:
        """The mask of each image, at the size of patterns."""
        channels = self.jpegs[0].coefficients.grid.channels
        return place(laid.patterns[channels], laid.which, laid.shifts)


def _subtract(laid: Laid, published: Laid) -> Laid:
    """The cleaner of masks (Equation 5), of each image its own."""
    kinds = published.patterns.keys()
    found = {kind: subtract_masks(laid.patterns[kind][laid.which], published.patterns[kind][published.which]) for kind in kinds}
    return Laid(found, np.arange(len(laid.which)), laid.shifts)


def _add(image: Jpeg, mask: Int8[np.ndarray, "s t c"], bound: int) -> Jpeg:
    grid, blocks = image.coefficients.grid, image.coefficients.blocks
    change = compute_change(mask, grid, bound)
    return image.replace(Coefficients(grid, tuple(one + more for one, more in zip(blocks, change, strict=True))))


def _measure_move(before: Jpeg, after: Jpeg) -> int:
    """Grey levels by which decoded pixels differ at most."""
    a, b = before.pixels, after.pixels
    return int((np.maximum(a, b) - np.minimum(a, b)).max(initial=0))


def find_transparent(canvas: Canvas) -> list[bool]:
    """Whether each image is wholly transparent somewhere."""
    return [not take_alpha(one).all() for one in canvas.pixels]
