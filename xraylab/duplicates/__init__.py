"""The same image in several files, found on pixels, never on names.

Squares are compared by correlation; what is left is registered, so that copies that
were cropped, rotated, mirrored or padded are found too. `LIMITS` says how far.
"""

from xraylab.duplicates.correlation import correlate as correlate
from xraylab.duplicates.correlation import find_pairs as find_pairs
from xraylab.duplicates.find import CERTAIN as CERTAIN
from xraylab.duplicates.find import LIMITS as LIMITS
from xraylab.duplicates.find import SAME as SAME
from xraylab.duplicates.find import find_images as find_images
from xraylab.duplicates.find import find_same as find_same
from xraylab.duplicates.registration import SAME_PLACES as SAME_PLACES
from xraylab.duplicates.registration import compare as compare
