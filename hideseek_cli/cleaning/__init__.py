"""The buyer's road: published folder and cleaner in, the bought level out. Imports no torch."""
