"""The built-in images: simulated chest X-rays of children, with their truth.

Data walks down the page::

    plants     doses of the planted class-linked differences
    banks      noise and vessel textures, built once a process
    anatomy    one child's body
    geometry   where each pixel lies in the chest
    disease    what pneumonia takes from the lungs
    shots      one exposure: everything that is not disease
    organs     soft tissue and lungs as fields of thickness
    bones      ribs, spine, collar bones, shoulder blades, arms
    film       scatter, noise, reader, display, marker
    image    an image with masks, and its disease-free twin
    export     size, shape, quality and mode of the file
    children   who is in the set, and what the files are called
    truth      draw a written image again: masks, twin
    write      three sources and their truth on disk
    builtin    the same in the user's cache, written once
    likeness   how near the images come to real ones

The images are simulated: a number measured on them says nothing about
clinical performance.
"""

from xraylab.phantom.anatomy import draw_anatomy
from xraylab.phantom.builtin import builtin_data
from xraylab.phantom.disease import draw_lesion
from xraylab.phantom.image import Masks, Rendering, render, twin
from xraylab.phantom.plants import CLEAN, REAL_LIKE, Plants
from xraylab.phantom.shots import draw_shot
from xraylab.phantom.truth import masks_for, read_truth, redraw
from xraylab.phantom.write import write_phantom

__all__ = [
    "CLEAN",
    "REAL_LIKE",
    "Masks",
    "Plants",
    "Rendering",
    "builtin_data",
    "draw_anatomy",
    "draw_lesion",
    "draw_shot",
    "masks_for",
    "read_truth",
    "redraw",
    "render",
    "twin",
    "write_phantom",
]
