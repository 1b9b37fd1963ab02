"""What data-set hubs read of a release: a card (README.md), Croissant's description and a signed statement about training.

All of it follows from the public manifest and the owner's own words, and holds no clock: the same release gives the same
bytes, but for a signature.
"""
