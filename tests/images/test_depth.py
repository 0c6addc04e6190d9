"""How many levels a file uses is said, and never changed."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import as_jpeg, blob_image
from xraylab.images import decode


def deep(n_bits, kind="PNG"):
    """A 16-bit grey file whose levels go from 0 to the highest of n bits."""
    levels = blob_image(1).astype(np.float64)
    levels = (levels - levels.min()) / np.ptp(levels) * (2**n_bits - 1)
    out = io.BytesIO()
    Image.fromarray(levels.round().astype(np.uint16)).save(out, kind)
    return out.getvalue()


def white_is_zero(data):
    """The same TIFF, which now says that 0 is white."""
    place = data.index(struct.pack("<HHI", 262, 3, 1)) + 8
    return data[:place] + struct.pack("<H", 0) + data[place + 2 :]


def note_of(data):
    return decode.look_at(data, 48)[0]["note"]


@settings(max_examples=15)
@given(st.integers(1, 15), st.sampled_from(["PNG", "TIFF"]))
def test_fewer_bits_than_sixteen_are_said(n_bits, kind):
    data = deep(n_bits, kind)
    level = round((2**n_bits - 1) / 257)
    assert note_of(data) == (
        f"{n_bits} of 16 bits used: no brighter than level {level} of 255"
    )
    assert decode.read_pixels(data, 96).max() <= level


@pytest.mark.parametrize("data", [deep(16), deep(16, "TIFF"), as_jpeg(blob_image(1))])
def test_a_full_range_and_eight_bits_are_nothing_to_note(data):
    assert note_of(data) == ""


def test_a_black_deep_image_is_said():
    out = io.BytesIO()
    Image.fromarray(np.zeros((9, 9), np.uint16)).save(out, "PNG")
    assert note_of(out.getvalue()).startswith("1 of 16 bits used")


def test_thirty_two_bits_above_white_are_said():
    levels = np.arange(10_000, dtype=np.int32).reshape(100, 100) * 50
    out = io.BytesIO()
    Image.fromarray(levels).save(out, "TIFF")
    assert note_of(out.getvalue()).startswith("19 bits used, 16 are read")


def test_where_zero_is_white_the_image_is_inverted():
    data = deep(16, "TIFF")
    as_said = decode.read_pixels(white_is_zero(data), 96)
    assert np.array_equal(as_said, 255 - decode.read_pixels(data, 96))
    assert note_of(white_is_zero(data)) == ""
    few = note_of(white_is_zero(deep(12, "TIFF")))
    assert few == "12 of 16 bits used: no darker than level 239 of 255"


def png_of_colours(levels):
    """A 16-bit RGB PNG, which Pillow reads but does not write."""
    import zlib

    def part(name, body):
        end = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + end

    height, width = levels.shape
    colours = np.repeat(levels[:, :, None], 3, axis=2).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in colours)
    head = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    body = part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_sixteen_bits_a_colour_are_looked_at_too():
    levels = blob_image(1).astype(np.uint16)
    levels[0, 0] = 255
    assert note_of(png_of_colours(levels * 16)).startswith("12 of 16 bits used: no br")
    assert note_of(png_of_colours(levels * 257)) == ""
