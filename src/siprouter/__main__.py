"""`python -m siprouter` is the `siprouter` command."""

import sys

from siprouter.cli.main import main

sys.exit(main())
