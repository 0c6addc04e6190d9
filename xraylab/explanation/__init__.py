"""What moves the answer: maps of one image, and known changes of many.

A map tells where (`MAPS`), and is checked before it is believed; a change with a dose
tells what (`PERTURBATIONS`), also where no place can be shown. `run` asks a trained run
and keeps what it finds in it; `stored` reads that again.
"""

from xraylab.explanation import run as run
from xraylab.explanation import stored as stored
from xraylab.explanation.doses import perturb as perturb
from xraylab.explanation.doses import rank_perturbations as rank_perturbations
from xraylab.explanation.maps import MAPS as MAPS
from xraylab.explanation.maps import centre_blob as centre_blob
from xraylab.explanation.maps import measure_map as measure_map
from xraylab.explanation.occlusion import occlusion_map as occlusion_map
from xraylab.explanation.perturbations import PERTURBATIONS as PERTURBATIONS
from xraylab.explanation.sanity import check_map as check_map
from xraylab.explanation.scorers import make_scorer as make_scorer
