"""Watch other processes."""

import os
import time

import pytest

PATIENCE_S = 120


def wait_until(happened):
    """Return when something has happened; fail the test if it does not."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if happened():
            return
        time.sleep(0.02)
    pytest.fail(f"it did not happen within {PATIENCE_S} s")


def group_is_alive(group):
    """Tell whether any process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
