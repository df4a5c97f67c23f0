"""Planes nobody acquired, and planes left out on purpose: what the rest of the heart says they look like."""
