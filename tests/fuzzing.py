"""A seeded fuzzer: simulated images, damaged in every way that folders know.

`write_mutated` lays N files out as the first source and says of each what it may
become: "row", "problem", "ignored", or "either" of the first two.
"""

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from tests.conftest import write_file
from xraylab.phantom import CLEAN
from xraylab.phantom.anatomy import draw_anatomy
from xraylab.phantom.image import render
from xraylab.phantom.lesion import draw_lesion
from xraylab.phantom.shots import draw_shot

Rng = np.random.Generator
FOLDERS = [f"{s}/{c}" for s in ("train", "test") for c in ("NORMAL", "PNEUMONIA")]
MUTATIONS: dict[str, tuple[str, Callable[[Rng, Image.Image], bytes]]] = {}
HOME = "chest_xray"


def mutation(outcome: str):
    """Put a function into the table of mutations, with what it leads to."""

    def add(function):
        MUTATIONS[function.__name__] = (outcome, function)
        return function

    return add


def encoded(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def simulated(n: int) -> list[Image.Image]:
    """A few simulated chest X-rays, grey."""
    images = []
    for seed in range(n):
        anatomy = draw_anatomy(seed)
        lesion = draw_lesion(seed, "nbv"[seed % 3])
        doses = CLEAN.doses(in_test=False)
        shot = draw_shot(anatomy, seed, lesion=lesion, doses=doses)
        drawn = render(anatomy, shot, lesion, (200 + 8 * seed, 176))
        images.append(Image.fromarray(drawn.image))
    return images


def altered(rng: Rng, image: Image.Image) -> Image.Image:
    """The same image at another size, so that no two files are alike."""
    factor = rng.uniform(0.5, 1.5)
    width, height = (round(factor * side) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR)


def any_file(rng: Rng, image: Image.Image) -> bytes:
    kind = ("JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP")[rng.integers(6)]
    return encoded(altered(rng, image), kind)


@mutation("row")
def whole(rng, image):
    return any_file(rng, image)


@mutation("either")
def truncated(rng, image):
    data = any_file(rng, image)
    return data[: rng.integers(1, len(data))]


@mutation("either")
def bits_flipped(rng, image):
    data = np.frombuffer(any_file(rng, image), np.uint8).copy()
    for place in rng.integers(0, len(data), rng.integers(1, 40)):
        data[place] ^= 1 << rng.integers(8)
    return data.tobytes()


@mutation("either")
def head_flipped(rng, image):
    """Bits flipped in the header, where sizes, types and tables stand."""
    data = np.frombuffer(any_file(rng, image), np.uint8).copy()
    for place in rng.integers(0, min(200, len(data)), rng.integers(1, 6)):
        data[place] ^= 1 << rng.integers(8)
    return data.tobytes()


@mutation("either")
def middle_zeroed(rng, image):
    data = bytearray(any_file(rng, image))
    start = int(rng.integers(0, len(data)))
    end = min(len(data), start + int(rng.integers(1, 2000)))
    data[start:end] = bytes(end - start)
    return bytes(data)


@mutation("problem")
def zero_bytes(rng, image):
    return bytes(int(rng.integers(0, 5000)) * int(rng.integers(2)))


@mutation("problem")
def noise(rng, image):
    return b"\x01" + rng.bytes(int(rng.integers(0, 5000)))


@mutation("problem")
def text(rng, image):
    return (
        b"#define x_width 8\n#define x_height 8\nstatic char x_bits[] = {\n0x1};\n",
        b"%PDF-1.7\n1 0 obj\n",
        b"<!DOCTYPE html><html><title>404 Not Found</title></html>",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n",
        b"P2 2 2 255 0 1 2 3\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nloop\n",
        b"\n \t\n",
    )[rng.integers(7)]


@mutation("row")
def sixteen_bits(rng, image):
    deep = np.asarray(altered(rng, image)).astype(np.uint16) * 257
    return encoded(Image.fromarray(deep), ("PNG", "TIFF")[rng.integers(2)])


@mutation("row")
def colours(rng, image):
    mode, kind = (
        ("CMYK", "JPEG"),
        ("CMYK", "TIFF"),
        ("LA", "PNG"),
        ("RGBA", "PNG"),
        ("RGBA", "WEBP"),
        ("1", "PNG"),
        ("1", "TIFF"),
        ("YCbCr", "JPEG"),  # as TIFF it is cut by Pillow before 13
        ("RGB", "JPEG"),
    )[rng.integers(9)]
    image = altered(rng, image)
    if mode == "LA":
        image.putalpha(int(rng.integers(256)))
        return encoded(image, kind)
    return encoded(image.convert("RGB").convert(mode), kind)


@mutation("row")
def palette(rng, image):
    flat = altered(rng, image).convert("RGB").quantize(int(rng.integers(2, 256)))
    see_through = (None, 0, rng.bytes(8))[rng.integers(3)]
    options = {} if see_through is None else {"transparency": see_through}
    return encoded(flat, "PNG", **options)


@mutation("problem")
def floats(rng, image):
    pixels = np.asarray(altered(rng, image), np.float32) / 255
    return encoded(Image.fromarray(pixels), "TIFF")


@mutation("row")
def moving(rng, image):
    frames = [altered(rng, image).resize((90, 80)) for _ in range(3)]
    kind = ("GIF", "WEBP", "TIFF", "PNG")[rng.integers(4)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:])


@mutation("row")
def odd_shape(rng, image):
    size = ((1, 1), (1, 20_000), (20_000, 1), (2, 3), (1, 2))[rng.integers(5)]
    return encoded(image.resize(size), ("JPEG", "PNG", "TIFF")[rng.integers(3)])


def _png(width: int, height: int) -> bytes:
    def part(name: bytes, body: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + end

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", body)


@mutation("problem")
def huge_header(rng, image):
    """A small file that claims 30,000 x 30,000 pixels (WebP: 16,384 x 16,384)."""
    small, side = image.resize((64, 64)), 30_000
    kind = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")[rng.integers(6)]
    data = bytearray(_png(side, side) if kind == "PNG" else encoded(small, kind))
    if kind == "JPEG":
        place = data.index(b"\xff\xc0") + 5
        data[place : place + 4] = struct.pack(">HH", side, side)
    elif kind == "GIF":
        data[6:10] = struct.pack("<HH", side, side)
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", side, side)
    elif kind == "TIFF":
        for tag in (256, 257):
            place = data.index(struct.pack("<HHI", tag, 4, 1)) + 4
            data[place : place + 8] = struct.pack("<II", 1, side)
    elif kind == "WEBP":
        lossless = encoded(small.convert("RGBA"), "WEBP", lossless=True)
        size = struct.pack("<I", (16383 | 16383 << 14))
        data = bytearray(lossless)
        place = data.index(b"\x2f", 20) + 1
        data[place : place + 4] = size
    return bytes(data)


@mutation("either")
def exif(rng, image):
    """An image rotated by EXIF, whose EXIF may be broken."""
    notes = Image.Exif()
    notes[0x0112] = int(rng.integers(0, 12))
    notes[282] = 72.0
    raw = bytearray(notes.tobytes())
    for place in rng.integers(6, len(raw), rng.integers(0, 4)):
        raw[place] = rng.integers(256)
    kind = ("JPEG", "PNG", "WEBP")[rng.integers(3)]
    return encoded(altered(rng, image), kind, exif=bytes(raw))


@mutation("either")
def odd_notes(rng, image):
    """Broken resolutions, colour profiles and texts beside good pixels."""
    image, choice = altered(rng, image), rng.integers(5)
    if choice == 0:
        data = bytearray(encoded(image, "JPEG", dpi=(300, 300)))
        data[13:18] = rng.bytes(5)  # unit and density of JFIF
        return bytes(data)
    if choice == 1:
        data = bytearray(encoded(image, "TIFF", dpi=(300, 300)))
        place = data.index(struct.pack("<HHI", 282, 5, 1)) + 8
        where = struct.unpack("<I", data[place : place + 4])[0]
        data[where : where + 8] = struct.pack("<II", int(rng.integers(2)), 0)
        return bytes(data)
    if choice == 2:
        notes = PngImagePlugin.PngInfo()
        notes.add_text("comment", "x" * 2_000_000, zip=True)
        return encoded(image, "PNG", pnginfo=notes)
    if choice == 3:
        return encoded(image, "JPEG", icc_profile=rng.bytes(300), comment=b"\x00\n")
    data = encoded(image, "BMP", dpi=(0.0001, 1))
    return data[:38] + struct.pack("<ii", -1, 0) + data[46:]


@mutation("either")
def progressive_cut(rng, image):
    data = encoded(altered(rng, image), "JPEG", progressive=True)
    return data[: rng.integers(len(data) // 3, len(data))]


@mutation("either")
def joined(rng, image):
    """Two files in one, or one file and rubbish after it."""
    more = any_file(rng, image) if rng.integers(2) else rng.bytes(500)
    return any_file(rng, image) + more


def odd_name(rng: Rng, i: int) -> tuple[bytes, str]:
    """A name of few people's liking, and "" or "ignored"."""
    keep, ending = "", b".jpeg"
    names = [
        (b"caf\xe9 %d" % i, "ignored"),
        (b"\xff\xfe%d" % i, "ignored"),
        (b"line\nbreak%d" % i, "ignored"),
        (b"carriage\rreturn%d" % i, "ignored"),
        (b"bell\x07tab\t%d" % i, "ignored"),
        ("next line\u2028%d".encode() % i, "ignored"),
        (b'comma, "quote" %d' % i, keep),
        (b"it's =1+1; `x` $(y) %d" % i, keep),
        ("\U0001fac1\u200d\u2764 é ü 肺 %d".encode() % i, keep),
        ("\u202e\u0627 %d".encode() % i, keep),
        (b"-rf --all %d" % i, keep),
        (b"back\\slash %d" % i, keep),
        (b" NA%d " % i, keep),
        (b"NORMAL(%d)" % (10**6 + i), keep),
        (b"%d" % i + b"l" * 230, keep),
        (b".hidden %d" % i, "ignored"),
        (b"._mac %d" % i, "ignored"),
    ]
    name, outcome = names[rng.integers(len(names))]
    return name + ending, outcome


def write_special(root: Path) -> dict[str, str]:
    """Write what is no regular file; none may be opened."""
    home = root / HOME
    train, test = home / "train/NORMAL", home / "test/PNEUMONIA"
    (home / "train/PNEUMONIA/folder.jpeg").mkdir()
    (home / "empty").mkdir()
    if os.name == "nt":  # links and pipes need rights there
        return {}
    os.mkfifo(train / "pipe.jpeg")
    (train / "zero.jpeg").symlink_to("/dev/zero")
    (test / "random.png").symlink_to("/dev/urandom")
    (test / "nothing.jpeg").symlink_to(home / "gone.jpeg")
    (test / "itself.jpeg").symlink_to(test / "itself.jpeg")
    (train / "there.jpeg").symlink_to(test / "back.jpeg")
    (test / "back.jpeg").symlink_to(train / "there.jpeg")
    (train / "folder link.jpeg").symlink_to(home)
    (home / "aaa loop").symlink_to(root)
    (root / "aaa twin").symlink_to(home)
    (test / "good link.jpeg").symlink_to(train / "1000000.jpeg")
    ignored = dict.fromkeys(sorted(path_names(root, os.path.islink)), "ignored")
    ignored[f"{HOME}/train/NORMAL/pipe.jpeg"] = "ignored"
    ignored[f"{HOME}/test/PNEUMONIA/good link.jpeg"] = "row"
    return ignored


def path_names(root: Path, holds: Callable) -> list[str]:
    """Walk without following links, so without our own walk."""
    found = []
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            if holds(path):
                found.append(os.path.relpath(path, root).replace(os.sep, "/"))
    return found


def write_mutated(root: Path, n_files: int, seed: int) -> dict[str, tuple[str, str]]:
    """Write the files; path -> kind of mutation and what may come of it."""
    rng = np.random.default_rng(seed)
    images = simulated(6)
    truth = {}
    for i, folder in enumerate(FOLDERS):  # each class holds one good file
        path = f"{HOME}/{folder}/{1_000_000 + i}.jpeg"
        write_file(root / path, encoded(images[i]))
        truth[path] = ("good", "row")
    special = write_special(root)
    truth |= {path: ("special", outcome) for path, outcome in special.items()}
    kinds = list(MUTATIONS)
    for i in range(n_files - len(truth)):
        kind = kinds[i % len(kinds)]
        outcome, mutate = MUTATIONS[kind]
        data = mutate(rng, images[rng.integers(len(images))])
        ending = (".jpeg", ".jpg", ".png", ".TIF", ".gif", ".webp")[rng.integers(6)]
        name, named = b"person%d_virus_%d" % (i // 2, i) + ending.encode(), ""
        if rng.random() < 0.12:
            name, named = odd_name(rng, i)
        folder = FOLDERS[rng.integers(len(FOLDERS))]
        path = f"{HOME}/{folder}/{os.fsdecode(name)}"
        try:
            (root / path).write_bytes(data)
        except OSError:  # a disk that takes no such name (macOS, Windows)
            path = f"{HOME}/{folder}/person{i // 2}_virus_{i}{ending}"
            (root / path).write_bytes(data)
            named = ""
        truth[path] = (kind, named or outcome)
    return truth


def write_huge(root: Path) -> dict[str, tuple[str, str]]:
    """Write images of just under and over 40 million pixels, in costly forms."""
    grey = simulated(1)[0].resize((6_300, 6_300))
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    clear = grey.convert("RGBA")
    clear.putalpha(grey)
    rotated = Image.Exif()
    rotated[0x0112] = 6
    files = {
        "deep.png": encoded(deep, "PNG", compress_level=1),
        "deep.tif": encoded(deep, "TIFF"),
        "clear.png": encoded(clear, "PNG", compress_level=1, exif=rotated),
        "clear.webp": encoded(clear, "WEBP", quality=10, method=0),
        "fine.jpeg": encoded(grey.convert("RGB"), progressive=True, subsampling=0),
    }
    truth = {}
    for name, data in files.items():
        path = f"{HOME}/train/NORMAL/{name}"
        write_file(root / path, data)
        truth[path] = ("huge", "row")
    over = f"{HOME}/train/NORMAL/over.png"
    write_file(root / over, encoded(grey.resize((6_400, 6_400)), "PNG"))
    return {**truth, over: ("huge", "problem")}
