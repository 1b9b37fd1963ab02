"""The commonest changes of images: what `hide` tries on the published folder, by the names that `audit` knows them by."""

TRIED = {"greyscale": "greyscale", "gaussian": "blur", "jpeg-50": "JPEG of quality 50"}
"""And what sentences call them."""
