"""Folders to one checked table: the three sources merged, and four ways to split it.

The manifest has one row a file. Each split proves what its protocol promises.
"""

from xraylab.data.filenames import read_name as read_name
from xraylab.data.folders import list_labelled_files as list_labelled_files
from xraylab.data.manifest import read_manifest as read_manifest
from xraylab.data.merging import Merge as Merge
from xraylab.data.merging import check_index_rule as check_index_rule
from xraylab.data.merging import load_merge as load_merge
from xraylab.data.merging import merge as merge
from xraylab.data.merging import save_merge as save_merge
from xraylab.data.merging import third_source_names as third_source_names
from xraylab.data.sources import FIRST as FIRST
from xraylab.data.sources import SOURCES as SOURCES
from xraylab.data.sources import THIRD as THIRD
from xraylab.data.sources import find_sources as find_sources
from xraylab.data.sources import list_files as list_files
from xraylab.data.splits import PROTOCOLS as PROTOCOLS
from xraylab.data.splits import add_groups as add_groups
from xraylab.data.splits import check_split as check_split
from xraylab.data.splits import describe_split as describe_split
from xraylab.data.splits import split as split
