"""The built-in images: simulated chest X-rays of children, with their truth.

Data walks down the page::

    plants     doses of the planted class-linked differences
    banks      noise and vessel textures, built once a process
    anatomy    one child's body
    lesion     one child's pneumonia, as drawn
    shots      one exposure: everything that is not disease
    geometry   where each pixel lies in the chest
    disease    what pneumonia takes from the lungs
    organs     soft tissue and lungs as fields of thickness
    bones      ribs, spine, collar bones, shoulder blades, arms
    film       scatter, noise, reader, display, marker
    image      an image with masks, and its disease-free twin
    export     size, shape, quality and mode of the file
    children   who is in the set, and what the files are called
    truth      whose image a file is; draw it again: masks, twin
    write      three sources and their truth on disk
    builtin    the same in the user's cache, written once
    likeness   how near the images come to real ones

The images are simulated: a number measured on them says nothing about
clinical performance.
"""

from xraylab.phantom.builtin import builtin_data as builtin_data
from xraylab.phantom.image import twin as twin
from xraylab.phantom.plants import CLEAN as CLEAN
from xraylab.phantom.plants import REAL_LIKE as REAL_LIKE
from xraylab.phantom.plants import Plants as Plants
from xraylab.phantom.truth import find_sets as find_sets
from xraylab.phantom.truth import masks_for as masks_for
from xraylab.phantom.truth import read_truth as read_truth
from xraylab.phantom.truth import redraw as redraw
from xraylab.phantom.write import write_phantom as write_phantom
