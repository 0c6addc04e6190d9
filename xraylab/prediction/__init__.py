"""One new image to an answer, with warnings where it is unlike what was learnt."""

from xraylab.prediction.page import choose_samples as choose_samples
from xraylab.prediction.page import demo_page as demo_page
from xraylab.prediction.perturbing import perturbation_widget as perturbation_widget
from xraylab.prediction.predictor import NOT_FOR_CLINICAL_USE as NOT_FOR_CLINICAL_USE
from xraylab.prediction.predictor import Prediction as Prediction
from xraylab.prediction.predictor import Predictor as Predictor
from xraylab.prediction.predictor import describe_decision as describe_decision
from xraylab.prediction.widget import prediction_widget as prediction_widget
