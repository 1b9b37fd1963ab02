"""What systems and programs leave in folders unasked. It is nobody's data: it is passed over where images are read, and
is no obstacle where a folder is replaced.

>>> [name for name in ("cat.png", ".DS_Store", "Thumbs.db", "@eaDir", "._cat.png") if is_clutter(name)]
['.DS_Store', 'Thumbs.db', '@eaDir', '._cat.png']
"""

from __future__ import annotations

KNOWN = frozenset({
    ".ds_store", ".spotlight-v100", ".trashes", ".fseventsd", "icon\r", "__macosx", "network trash folder",  # macOS
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "$recycle.bin", "system volume information",  # Windows
    "@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot",  # network storage
    ".directory", "lost+found",  # KDE, ext4
})  # fmt: skip
"""In small letters."""


def is_clutter(name: str) -> bool:
    """Whether a file or folder of that name is such."""
    return name.lower() in KNOWN or name.startswith("._")
