"""Folders to one checked table: any layout merged, and four ways to split.

The manifest has one row a file. Each split proves what its protocol promises.
"""

from xraylab.data.filenames import read_name as read_name
from xraylab.data.listing import list_files as list_files
from xraylab.data.merging import Merge as Merge
from xraylab.data.merging import merge as merge
from xraylab.data.sources import SOURCES as SOURCES
from xraylab.data.sources import find_sources as find_sources
from xraylab.data.splits import PROTOCOLS as PROTOCOLS
from xraylab.data.splits import check_split as check_split
from xraylab.data.splits import describe_split as describe_split
from xraylab.data.splits import split as split
