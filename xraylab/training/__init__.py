"""A recipe to a run, and a run to its scores.

The loop sees training and validation rows only; a test set is read by `score`, which
logs each reading first.
"""

from xraylab.training.batches import augment as augment
from xraylab.training.batches import draw_rows as draw_rows
from xraylab.training.batches import make_batch as make_batch
from xraylab.training.experiment import keep_operating_point as keep_operating_point
from xraylab.training.experiment import score as score
from xraylab.training.experiment import train as train
from xraylab.training.loop import fit as fit
from xraylab.training.loop import start as start
from xraylab.training.models import CLASSES as CLASSES
from xraylab.training.models import MODELS as MODELS
from xraylab.training.models import Block as Block
from xraylab.training.models import make_model as make_model
from xraylab.training.recipe import RECIPES as RECIPES
from xraylab.training.recipe import Recipe as Recipe
from xraylab.training.recipe import as_dict as as_dict
from xraylab.training.runs import Run as Run
from xraylab.training.runs import load_run as load_run
from xraylab.training.scoring import as_scores as as_scores
from xraylab.training.scoring import score_logits as score_logits
