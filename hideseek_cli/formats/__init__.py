"""The files of a release: manifest, mask file, cleaner, generator, authorized network; read as from a stranger."""
