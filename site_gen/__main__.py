"""`python -m site_gen …`, which is all that the Makefile calls."""

from __future__ import annotations

import sys

from site_gen.cli import main

if __name__ == "__main__":
    sys.exit(main())
