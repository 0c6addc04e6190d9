"""Checks of what a learner wrote: asked in a lesson, answered at once, never a stop.

Each lesson's checks stand in a file of their own, `lesson_00` onwards. A lesson asks by
name through `lesson.check`, `lesson.hint` and `lesson.solution`.
"""

from xraylab.course.checks.answers import Wrong as Wrong
from xraylab.course.checks.asking import Check as Check
from xraylab.course.checks.asking import check as check
from xraylab.course.checks.asking import hint as hint
from xraylab.course.checks.asking import list_checks as list_checks
from xraylab.course.checks.asking import solution as solution
from xraylab.course.checks.outcome import Outcome as Outcome
