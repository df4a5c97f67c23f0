"""How fast things are; what they are worth is measured by `experiments`."""
