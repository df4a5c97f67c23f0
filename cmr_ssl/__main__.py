"""``python -m cmr_ssl``."""

import sys

from cmr_ssl.cli import main

if __name__ == "__main__":
    sys.exit(main())
