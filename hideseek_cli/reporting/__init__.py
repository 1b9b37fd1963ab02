"""A release on one page: what `hide`, `verify`, `metrics` and `audit` left as records, in words, tables and figures."""
