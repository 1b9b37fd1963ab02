"""The files of a release: manifest, mask file, cleaner, generator, network, contact sheet, record; read as from a stranger.

Formats of images are in ``images.codec``.
"""
