"""What systems and programs leave in folders unasked. It is no image of a data set: it is passed over where images are read.

Some of it is worthless, and no obstacle where a folder is replaced. A wastebasket is not: what its user threw away may be
wanted back.

>>> [name for name in ("cat.png", ".DS_Store", "Thumbs.db", "@eaDir", "._cat.png") if is_clutter(name)]
['.DS_Store', 'Thumbs.db', '@eaDir', '._cat.png']
"""

from __future__ import annotations

from pathlib import Path

KNOWN = frozenset({
    ".ds_store", ".spotlight-v100", ".trashes", ".fseventsd", "icon\r", "__macosx", "network trash folder",  # macOS
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "$recycle.bin", "system volume information",  # Windows
    "@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot",  # network storage
    ".directory", "lost+found",  # KDE, ext4
})  # fmt: skip
"""In small letters."""


WORTHLESS_FILES = frozenset({".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", ".directory"})
WORTHLESS_FOLDERS = frozenset({"@eadir"})
"""What its system makes again."""


def is_worthless(path: Path) -> bool:
    """Whether nobody misses it; what macOS keeps beside a file (``._NAME``) is worthless where the file is there."""
    name = path.name.lower()
    if path.is_symlink() or not path.is_file():
        return name in WORTHLESS_FOLDERS and not path.is_symlink()
    return name in WORTHLESS_FILES or (name.startswith("._") and path.with_name(path.name[2:]).is_file())


def is_clutter(name: str) -> bool:
    """Whether a file or folder of that name is such."""
    return name.lower() in KNOWN or name.startswith("._")
