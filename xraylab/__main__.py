"""`python -m xraylab VERB`: the command line where no script is installed."""

import sys

from xraylab.cli import main

sys.exit(main())
