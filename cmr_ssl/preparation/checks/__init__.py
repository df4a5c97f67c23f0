"""Checks of prepared planes: each measures one thing, and `limits` says from where on somebody should know."""
