"""A recipe to a run, and a run to its scores.

`models` has the networks, `batches` what they are shown; `fit` is the loop, on arrays.
It sees training and validation rows only; a test set is read by `score`, which logs
each reading first; `external` reads images from elsewhere, and `test_log` tells who
read what; `origin` finds a run's own images again. `schedules` has the learning rate of
each step, `rates` looks for one.
"""

from xraylab.training import batches as batches
from xraylab.training import external as external
from xraylab.training import models as models
from xraylab.training import origin as origin
from xraylab.training import rates as rates
from xraylab.training import schedules as schedules
from xraylab.training import test_log as test_log
from xraylab.training.experiment import find_lr as find_lr
from xraylab.training.experiment import keep_operating_point as keep_operating_point
from xraylab.training.experiment import score as score
from xraylab.training.experiment import train as train
from xraylab.training.loop import fit as fit
from xraylab.training.recipe import RECIPES as RECIPES
from xraylab.training.recipe import Recipe as Recipe
from xraylab.training.runs import load_run as load_run
from xraylab.training.scoring import score_images as score_images
