"""Every drawing. Each function takes data, draws on one axes and returns it.

Titles say which data is shown. Colours are from the Okabe-Ito set, told apart with any
kind of colour vision.
"""

from xraylab.plots.answers import plot_confusion as plot_confusion
from xraylab.plots.answers import plot_effects as plot_effects
from xraylab.plots.answers import plot_metrics as plot_metrics
from xraylab.plots.answers import plot_probes as plot_probes
from xraylab.plots.answers import plot_protocols as plot_protocols
from xraylab.plots.answers import plot_roc as plot_roc
from xraylab.plots.calibration import plot_decision_curve as plot_decision_curve
from xraylab.plots.calibration import (
    plot_predictive_values as plot_predictive_values,
)
from xraylab.plots.calibration import plot_reliability as plot_reliability
from xraylab.plots.drawings import plot_counts as plot_counts
from xraylab.plots.drawings import plot_similarity as plot_similarity
from xraylab.plots.drawings import show_images as show_images
from xraylab.plots.maps import plot_dose_curve as plot_dose_curve
from xraylab.plots.maps import show_map as show_map
from xraylab.plots.svg import as_svg as as_svg
from xraylab.plots.training import plot_history as plot_history
from xraylab.plots.training import plot_range_test as plot_range_test
from xraylab.plots.training import plot_schedules as plot_schedules
