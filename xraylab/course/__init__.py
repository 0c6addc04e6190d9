"""What a notebook needs, and the notebooks themselves: list, build, run and copy."""

from xraylab.course.copies import copies_widget as copies_widget
from xraylab.course.copies import list_copies as list_copies
from xraylab.course.guesses import guess as guess
from xraylab.course.guesses import keep_truth as keep_truth
from xraylab.course.guesses import read_guesses as read_guesses
from xraylab.course.guesses import read_truths as read_truths
from xraylab.course.guesses import reveal as reveal
from xraylab.course.lesson import start as start
from xraylab.course.notebooks import build_lessons as build_lessons
from xraylab.course.notebooks import copy_lessons as copy_lessons
from xraylab.course.notebooks import list_lessons as list_lessons
from xraylab.course.notebooks import run_lessons as run_lessons
