"""xraylab: take a 96 % chest X-ray classifier apart, and build one that holds.

Data walks down the page::

    names       what a file name tells: kind and child
    sources     the three layouts, recognised by structure
    phantom     the built-in, simulated images and their truth
    pixels      a file -> one grey square; all files -> one array on disk
    manifest    one table, one row a file
    duplicates  the same image in several files -> image_id
    splits      groups of children, four protocols, proof that none leaks
    merging     all of the above: a folder -> one checked table and a report
    audit       what else differs between the classes; probes
    batches     rows of the cache -> augmented batches
    models      named networks
    training    Recipe and fit: the loop, the schedule
    runs        a finished run on disk
    looks       the visitors' book of the test set
    experiments merge + protocol + recipe -> run -> predictions, looks counted
    evaluation  labels and scores -> numbers with intervals and floors
    explain     what moves the answer
    predict     one new image -> an answer
    figures     every drawing
    widgets     the same with buttons
    lesson      what a notebook needs: data, sizes, sealed guesses
    lessons     the notebooks themselves: list, build, run, copy
    results     what was measured on real images
    verbs       what each command does
    cli         xraylab VERB

For teaching and research. Not for clinical use.
"""

__version__ = "0.1.0"
