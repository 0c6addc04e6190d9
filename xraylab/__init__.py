"""xraylab: take a 96 % chest X-ray classifier apart, and build one that holds.

A folder is a room, a room is a step of the course, and data walks down the page::

    labels       what 0 and 1 mean
    phantom      the built-in, simulated images and their truth
    images       a file -> pixels, header, thumbnail, cache
    duplicates   the same image in several files -> image_id
    data         folders -> one checked table, merged and split
    evaluation   labels, scores, groups -> figures with intervals
    plots        every drawing
    audit        what could replace the lung: shortcuts and leakage
    training     a recipe -> a run -> its scores, test readings logged
    explanation  what moves the answer
    prediction   one new image -> an answer
    results      what was measured on real images
    claim        a run's figures, and one page with all they rest on
    course       what a notebook needs, and the notebooks themselves
    cli          the command line: xraylab VERB

For teaching and research. Not for clinical use.
"""

import os
import sys

__version__ = "0.1.0"
# Where the course is published. A fork changes it here, then says `make stamp`.
REPOSITORY = "https://github.com/xraylab/xraylab"

# Threads that wait for each other spin by default, and beside any other work training
# is then far slower. They read how long they may spin when torch is loaded: GNU's in
# turns, Intel's and LLVM's (Windows, macOS) in milliseconds. A short spin costs
# little when all is quiet, where none at all would cost about twice as much.
_SHORT_SPIN = {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "1"}
if "torch" not in sys.modules and "OMP_WAIT_POLICY" not in os.environ:
    for _name, _value in _SHORT_SPIN.items():
        os.environ.setdefault(_name, _value)
