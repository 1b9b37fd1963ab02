"""The owner's road: from a labelled folder to a release with levels that were measured."""
