"""What could replace the lung: leakage between splits, and shortcuts between classes.

Each probe stands beside its baseline on clean images; findings say what they show, what
they do not show, and what to do; checks that could not run are named beside them.
"""

from xraylab.audit.report import report_as_html as report_as_html
from xraylab.audit.report import report_as_text as report_as_text
from xraylab.audit.run import Audit as Audit
from xraylab.audit.run import run_audit as run_audit
from xraylab.audit.shortcuts import file_facts as file_facts
from xraylab.audit.shortcuts import hide_lungs as hide_lungs
from xraylab.audit.shortcuts import one_feature_auroc as one_feature_auroc
from xraylab.audit.shortcuts import probe as probe
