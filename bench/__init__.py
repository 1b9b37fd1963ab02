"""Measurements behind the figures of docs/results/: ``python -m bench.THEME.SCRIPT`` from the root of a clone (README.md)."""
