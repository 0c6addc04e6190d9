"""What moves the answer: a map of one image, and dose curves over many."""

from xraylab.explanation.occlusion import dose_curve as dose_curve
from xraylab.explanation.occlusion import occlusion_map as occlusion_map
from xraylab.explanation.occlusion import run_scorer as run_scorer
from xraylab.explanation.occlusion import squeeze as squeeze
from xraylab.explanation.occlusion import zoom as zoom
