"""What a notebook needs, and the notebooks themselves: list, copy, build and run.

A lesson begins with `from xraylab.course import lesson`. Building and running is in
`xraylab.course.build`, which needs the packages for notebooks.
"""

from xraylab.course.copies import copies_widget as copies_widget
from xraylab.course.copies import list_copies as list_copies
from xraylab.course.notebooks import copy_lessons as copy_lessons
from xraylab.course.notebooks import list_lessons as list_lessons
