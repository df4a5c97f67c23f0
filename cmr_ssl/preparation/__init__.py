"""From series as they were acquired to planes of one size, pixel spacing and number of frames, in the heart frame."""
