import io
import os
import struct
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import errors, images
from xraylab.images import decode


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def test_path_and_bytes_give_the_same_pixels(tmp_path):
    data = as_jpeg(blob_image(1, 200))
    file = write_file(tmp_path / "a.jpeg", data)
    assert np.array_equal(images.read_pixels(file, 64), images.read_pixels(data, 64))


def test_grey_png_at_its_own_size_is_untouched():
    image = blob_image(2, 64)
    data = encoded(Image.fromarray(image))
    assert np.array_equal(images.read_pixels(data, 64), image)


def test_sixteen_bits_are_scaled_not_cut():
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    read = images.read_pixels(encoded(Image.fromarray(ramp)), 64)
    assert np.abs(read - ramp / 257).max() <= 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "CMYK"])
def test_every_colour_mode_reads_as_the_same_grey(mode):
    image = blob_image(3, 64)
    kind = "TIFF" if mode == "CMYK" else "PNG"
    coloured = Image.fromarray(image).convert("RGB")
    coloured = coloured.quantize(256) if mode == "P" else coloured.convert(mode)
    read = images.read_pixels(encoded(coloured, kind), 64).astype(int)
    assert np.abs(read - image).mean() < 4


def test_transparent_is_black():
    clear = Image.new("RGBA", (8, 8), (255, 255, 255, 0))
    assert images.read_pixels(encoded(clear), 8).max() == 0


@pytest.mark.parametrize("mode", ["L", "P"])
def test_a_grey_level_that_stands_for_nothing_is_black(mode):
    image = Image.new("L", (8, 8), 200)
    image.paste(90, (0, 0, 4, 8))
    clear = image if mode == "L" else image.convert("RGB").quantize(2)
    index = clear.getpixel((7, 0))
    read = images.read_pixels(encoded(clear, transparency=index), 8)
    assert (read[:, 4:] == 0).all()
    assert np.abs(read[:, :4].astype(int) - 90).max() <= 1


def test_a_turned_camera_is_undone():
    image = blob_image(4, 64)
    exif = Image.Exif()
    exif[0x0112] = 6  # stored rotated by a quarter
    stored = Image.fromarray(np.rot90(image, 1).copy())
    read = images.read_pixels(encoded(stored, "PNG", exif=exif), 64)
    assert np.array_equal(read, image)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_is_shown_as_pillow_does(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(blob_image(4, 48)), "PNG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert np.array_equal(images.read_pixels(data, 48), np.asarray(upright))


def test_half_clear_white_is_grey():
    half = Image.new("RGBA", (8, 8), (255, 255, 255, 128))
    assert (images.read_pixels(encoded(half), 8) == 128).all()


@pytest.mark.parametrize(("size_px", "decoded_px"), [(50, 100), (51, 200), (101, 400)])
def test_a_jpeg_is_decoded_at_least_twice_as_large(size_px, decoded_px):
    with images.decode.opened_image(as_jpeg(blob_image(1, 800))) as image:
        assert decode._grey(image, size_px).size == (decoded_px, decoded_px)


def test_the_header_is_what_pillow_reads():
    image = Image.fromarray(blob_image(1)[:48])
    data = encoded(image, "JPEG", quality=60, dpi=(200, 100), progressive=True)
    tables = Image.open(io.BytesIO(data)).quantization
    assert images.read_header(data) == {
        **{"width": 96, "height": 48, "mode": "L", "format": "JPEG"},
        **{"table_sum": sum(tables[0]), "progressive": 1, "dpi": 200},
    }
    assert images.read_header(encoded(image)) == {
        **{"width": 96, "height": 48, "mode": "L", "format": "PNG"},
        **{"table_sum": None, "progressive": 0, "dpi": 0},
    }


def test_the_limits_of_size_are_the_stated_ones(tmp_path, monkeypatch):
    assert (decode.MAX_PIXELS, decode.MAX_BYTES) == (40 * 10**6, 100 * 10**6)
    data = encoded(Image.new("L", (8, 8)))
    file = write_file(tmp_path / "a.png", data)
    monkeypatch.setattr(decode, "MAX_PIXELS", 64)
    monkeypatch.setattr(decode, "MAX_BYTES", len(data))
    assert images.read_pixels(file, 8).shape == (8, 8)
    assert decode.read_bytes(file) == data
    with pytest.raises(errors.UnreadableImageError, match="more than 64 pixels"):
        images.read_pixels(encoded(Image.new("L", (13, 5))), 8)
    monkeypatch.setattr(decode, "MAX_BYTES", len(data) - 1)
    for read in (lambda: images.read_pixels(data, 8), lambda: decode.read_bytes(file)):
        with pytest.raises(errors.UnreadableImageError, match=r"more than .* bytes"):
            read()
    monkeypatch.setattr(decode, "refuse_odd_file", lambda _: None)  # it grows after
    with pytest.raises(errors.UnreadableImageError, match=r"more than .* bytes"):
        decode.read_bytes(file)


def test_a_cause_is_one_short_line():
    for error, line in (
        (ValueError("a\nb  c" + "d" * 200), f"a b c{'d' * 55}; fetch it again"),
        (ValueError(), "ValueError; fetch it again"),
        (OSError(13, "Permission denied", "x"), "Permission denied; make it readable"),
    ):
        assert decode._cause(error) == f"{line} or leave it out"


@settings(max_examples=15)
@given(st.integers(1, 80), st.integers(1, 80), st.integers(1, 50))
def test_any_shape_becomes_the_square(width, height, size_px):
    data = encoded(Image.new("L", (width, height), 200))
    square = images.read_pixels(data, size_px)
    assert square.shape == (size_px, size_px)
    assert (square == 200).all()


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "it is empty; fetch it again or leave it out.$"),
        (b"hello, I am text", "no image format .*; save it as one of these.$"),
        (
            as_jpeg(blob_image(5, 200))[:1500],
            "truncated .*; fetch it again or leave it out.$",
        ),
    ],
)
def test_what_is_no_image_is_named(tmp_path, data, cause):
    file = write_file(tmp_path / "bad.jpeg", data)
    with pytest.raises(errors.UnreadableImageError, match=cause) as caught:
        images.read_pixels(file, 32)
    assert "bad.jpeg" in str(caught.value)
    with pytest.raises(errors.UnreadableImageError, match=cause) as caught:
        images.read_image(file, 32)
    assert caught.value.path == str(file)
    for read in (images.read_pixels, images.read_image):
        with pytest.raises(errors.UnreadableImageError, match=cause) as caught:
            read(data, 32)
        assert caught.value.path == "these bytes"


def test_a_huge_header_is_refused_before_decoding():
    huge = Image.new("1", (29_000, 3_000))
    told = "more than 40,000,000 pixels; make it smaller"
    with pytest.raises(errors.UnreadableImageError, match=told):
        images.read_pixels(encoded(huge), 32)


def test_floating_point_pixels_are_refused():
    data = encoded(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF")
    with pytest.raises(errors.UnreadableImageError, match="; save it as 8 bits"):
        images.read_pixels(data, 4)


def test_no_such_file_and_no_such_size(tmp_path):
    with pytest.raises(FileNotFoundError):
        images.read_pixels(tmp_path / "none.jpeg", 32)
    with pytest.raises(ValueError, match="size_px must be at least 1, got 0"):
        images.read_pixels(b"", 0)


def test_of_several_frames_the_first_is_read():
    first, second = (Image.fromarray(blob_image(i, 64)) for i in (8, 9))
    moving = encoded(first, "GIF", save_all=True, append_images=[second])
    alone = encoded(first, "GIF")
    assert np.array_equal(images.read_pixels(moving, 64), images.read_pixels(alone, 64))


def test_a_broken_exif_is_named():
    data = encoded(Image.new("L", (8, 8)), "PNG", exif=b"Exif\0\0no notes")
    told = "its EXIF, which says how it lies, is broken; save it without"
    with pytest.raises(errors.UnreadableImageError, match=told):
        images.read_pixels(data, 8)


@pytest.mark.parametrize(
    "data",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
        b"#define x_width 8\n#define x_height 8\nstatic char x_bits[] = {\n0x01};",
        b"P2 2 2 255 0 1 2 3\n",
    ],
    ids=["EPS starts a program", "XBM is text", "PGM is text"],
)
def test_formats_of_no_source_are_not_tried(data):
    with pytest.raises(errors.UnreadableImageError, match=r"read here \(JPEG, PNG,"):
        images.read_header(data)


@pytest.mark.skipif(os.name == "nt", reason="no pipes and devices there")
def test_pipes_devices_and_folders_are_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpeg")
    (tmp_path / "zero.jpeg").symlink_to("/dev/zero")
    (tmp_path / "folder.jpeg").mkdir()
    for read in (images.read_header, lambda file: images.read_pixels(file, 8)):
        for name in ("pipe", "zero"):
            with pytest.raises(errors.UnreadableImageError, match="; give a file"):
                read(tmp_path / f"{name}.jpeg")
        with pytest.raises(errors.UnreadableImageError, match="folder; give a file"):
            read(tmp_path / "folder.jpeg")


@pytest.mark.parametrize("side", [9_900, 30_000], ids=["Pillow warns", "Pillow raises"])
def test_a_header_that_claims_too_much_is_named_without_a_warning(side):
    data = bytearray(encoded(Image.new("L", (8, 8)), "BMP"))
    data[18:26] = struct.pack("<ii", side, side)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(errors.UnreadableImageError) as caught:
            images.read_pixels(bytes(data), 8)
    assert caught.value.cause == "it has more than 40,000,000 pixels; make it smaller"


@pytest.mark.parametrize(
    ("upper", "lower", "dpi"),
    [(300, 1, 300), (1, 1, 1), (0, 1, 0), (0, 0, 0), (5, 0, 0)],
)
def test_a_resolution_that_is_no_number_is_none(upper, lower, dpi):
    data = bytearray(encoded(Image.new("L", (8, 8)), "TIFF", dpi=(300, 300)))
    place = data.index(struct.pack("<HHI", 282, 5, 1)) + 8
    where = struct.unpack("<I", data[place : place + 4])[0]
    data[where : where + 8] = struct.pack("<II", upper, lower)
    assert images.read_header(bytes(data))["dpi"] == dpi


def exif_as(kind: int, value: bytes) -> bytes:
    """EXIF with an orientation of a TIFF type: 1 byte, 2 text, 3 short, 5 rational."""
    count = len(value) // {1: 1, 2: 1, 3: 2, 5: 8}[kind]
    inline = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<L", 26)
    entry = struct.pack("<HHL", 0x0112, kind, count) + inline
    behind = value if len(value) > 4 else b""
    head = b"Exif\0\0II*\0" + struct.pack("<LH", 8, 1)
    return head + entry + struct.pack("<L", 0) + behind


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_as_shown_is_that_of_the_turned_image(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.new("L", (30, 20), 90).convert("RGB"), kind, exif=exif)
    read = images.read_image(data, 8)
    assert read.shown_px == ((20, 30) if orientation >= 5 else (30, 20))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (2, b"6\0"),
        (2, b"Rotate 90 CW\0"),
        (1, b"\6"),
        (1, b"\6\6"),
        (3, struct.pack("<H", 0)),
        (3, struct.pack("<H", 999)),
        (5, struct.pack("<LL", 6, 0)),
    ],
)
def test_an_orientation_of_another_kind_turns_nothing(kind, value):
    image = Image.fromarray(blob_image(6, 64)[:32])
    plain = images.read_image(encoded(image, "JPEG"), 16)
    odd = images.read_image(encoded(image, "JPEG", exif=exif_as(kind, value)), 16)
    assert odd.shown_px == plain.shown_px == (64, 32)
    assert np.array_equal(odd.square, plain.square)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "CMYK", "I;16", "1"])
def test_one_reading_tells_what_the_single_readings_tell(mode, tmp_path):
    grey = Image.fromarray(blob_image(7, 200))
    image = grey.quantize(64) if mode == "P" else grey.convert(mode)
    kind = "TIFF" if mode == "CMYK" else "PNG"
    file = write_file(tmp_path / "a", encoded(image, kind))
    read = images.read_image(file, 32)
    assert read.header.items() >= images.read_header(file).items()
    assert np.array_equal(read.square, images.read_pixels(file, 32))
    assert read.colour < 1  # grey, however it is stored


def test_colour_is_the_difference_between_the_channels():
    image = Image.new("RGB", (300, 200), (200, 150, 60))
    assert images.read_image(encoded(image), 16).colour == 140
    as_jpeg = images.read_image(encoded(image, "JPEG", quality=95), 16)
    assert as_jpeg.colour == pytest.approx(140, abs=4)
    clear = Image.new("RGBA", (300, 200), (200, 150, 60, 0))  # it is shown as black
    assert images.read_image(encoded(clear), 16).colour == 0


@pytest.mark.parametrize("read", [images.read_header, images.read_image], ids=str)
def test_more_bytes_than_an_image_has_are_refused_before_decoding(
    read, tmp_path, monkeypatch
):
    monkeypatch.setattr(decode, "MAX_BYTES", 1000)
    data = as_jpeg(blob_image(1))
    size = () if read is images.read_header else (16,)
    for file in (data, write_file(tmp_path / "a.jpeg", data)):
        with pytest.raises(errors.UnreadableImageError, match="1,000 bytes; make it"):
            read(file, *size)


def test_a_band_at_a_time_is_the_whole(monkeypatch):
    grey = Image.fromarray(blob_image(6, 70))
    clear = grey.convert("RGBA")
    clear.putalpha(grey.transpose(Image.Transpose.ROTATE_90))
    deep = Image.fromarray(blob_image(7, 70).astype(np.uint16) * 257 + 100)
    flat = grey.convert("RGB").quantize(30)
    for data in (
        encoded(clear),
        encoded(deep),
        encoded(flat, transparency=bytes(range(0, 240, 8))),
    ):
        whole = images.read_pixels(data, 40)
        with monkeypatch.context() as patch:
            patch.setattr(decode, "_BAND", 150)  # two rows and a bit
            assert np.array_equal(images.read_pixels(data, 40), whole)
