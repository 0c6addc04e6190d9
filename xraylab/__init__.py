"""xraylab: take a 96 % chest X-ray classifier apart, and build one that holds.

A folder is a room, a room is a step of the course, and data walks down the page::

    images       a file -> pixels, header, thumbnail, cache
    duplicates   the same image in several files -> image_id
    data         folders -> one checked table, merged and split
    evaluation   labels, scores, groups -> figures with intervals
    plots        every drawing
    audit        what could replace the lung: shortcuts and leakage
    training     a recipe -> a run -> its scores, test readings logged
    explanation  what moves the answer
    prediction   one new image -> an answer
    phantom      the built-in, simulated images and their truth
    results      what was measured on real images
    course       what a notebook needs, and the notebooks themselves
    cli          the command line: xraylab VERB

For teaching and research. Not for clinical use.
"""

__version__ = "0.1.0"
