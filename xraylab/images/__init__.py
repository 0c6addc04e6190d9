"""A file to pixels: the one place that opens an image.

It tells the header, reads grey squares as training and prediction see them, makes the
thumbnails that copies are found on, and caches many images as one array.
"""

from xraylab.images.cache import Cache as Cache
from xraylab.images.cache import build_cache as build_cache
from xraylab.images.decode import FORMATS as FORMATS
from xraylab.images.decode import MAX_BYTES as MAX_BYTES
from xraylab.images.decode import ImageFile as ImageFile
from xraylab.images.decode import read_header as read_header
from xraylab.images.decode import read_image as read_image
from xraylab.images.decode import read_pixels as read_pixels
from xraylab.images.thumbnails import THUMBNAIL_PX as THUMBNAIL_PX
from xraylab.images.thumbnails import read_thumbnails as read_thumbnails
