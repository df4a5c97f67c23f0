"""Predictions, made here or elsewhere, beside the truth, and one acquisition beside another of the same people.

Everything has a 95 % interval over subjects. A subject that cannot be compared is set aside and named with the reason.
"""
