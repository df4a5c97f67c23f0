"""Prepare acquired series as planes of one size, pixel spacing and number of frames, in the heart frame."""
