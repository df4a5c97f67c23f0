"""Self-supervised whole-heart representations from sparse cine cardiac MR planes."""

__version__ = "0.1.0"
