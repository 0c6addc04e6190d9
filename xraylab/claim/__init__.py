"""A claim that others can check: a run's figures, and one page with all they rest on.

`make_claim` fills a card from what is stored: no network answers, no test is read. Each
field stands beside what the original project says of it. What was not measured is said,
with the command that would measure it.
"""

from xraylab.claim import figures as figures
from xraylab.claim.card import Claim as Claim
from xraylab.claim.card import make_claim as make_claim
from xraylab.claim.card import write_claim as write_claim
from xraylab.claim.checklist import list_items as list_items
