"""The command line: `xraylab VERB`, one verb a step, one file a group of verbs."""

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code; Ctrl+C stops it, also while it loads."""
    try:
        from xraylab.cli.command import main as run

        return run(argv)
    except KeyboardInterrupt as stopped:  # of a training it says what is kept
        print(f"\nxraylab: stopped. {stopped}".rstrip(), file=sys.stderr)
        return 130
