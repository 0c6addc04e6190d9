"""The command line: `xraylab VERB`, one verb a step, one file a group of verbs."""

from xraylab.cli.command import main as main
