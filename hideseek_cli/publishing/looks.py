"""How visible masks may be and what they are to outlive, decided together by one word; each number can still be given."""

from __future__ import annotations

from dataclasses import dataclass

from hideseek_cli.errors import unknown
from hideseek_cli.methods import Method


@dataclass(frozen=True, kw_only=True)
class Look:
    """What an owner chooses by its name."""

    name: str
    epsilon: int
    """Most that a pixel may move, in grey levels."""
    min_ssim: float
    """Mean SSIM that the published folder keeps."""
    max_visibility: float | None
    """What the eye may see of masks on average (FLIP, 0 to 1). None: as much as of a JPEG of quality 75."""
    robust: tuple[str, ...] | None
    """Changes that masks are trained to survive, of ``training.transforms.ROBUST``. None: those that the method is for."""

    def outlived(self, method: Method) -> tuple[str, ...]:
        """The changes that masks of a method are trained to survive; none where it cannot train through any."""
        if not method.changeable:
            return ()
        return method.robust if self.robust is None else self.robust


LOOKS = {
    look.name: look
    for look in (
        Look(name="faithful", epsilon=8, min_ssim=0.95, max_visibility=None, robust=()),
        Look(name="balanced", epsilon=8, min_ssim=0.985, max_visibility=0.25, robust=None),
        Look(name="strong", epsilon=16, min_ssim=0.95, max_visibility=0.4, robust=("greyscale", "blur", "jpeg")),
    )
}
"""The least visible first."""
USUAL = next(iter(LOOKS.values()))


def select(name: str) -> Look:
    """The look of that name. Raises InputError that says which there are where there is none."""
    if name not in LOOKS:
        raise unknown("`look`", name, LOOKS)
    return LOOKS[name]
