"""The command line: `xraylab VERB`, one verb a step."""

from xraylab.cli.main import main as main
