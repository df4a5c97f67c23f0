"""Checks of prepared planes: each measures one quantity, whose limit is in `limits`."""
