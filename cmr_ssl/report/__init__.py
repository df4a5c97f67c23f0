"""Figures, pictures and tables of results."""
