"""How copies are altered: kinds within the limits that are stated, and beyond."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageEnhance, ImageOps


def encode(image: Image.Image, quality: int = 90) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def crop(image: Image.Image, share: float) -> Image.Image:
    width, height = image.size
    left, top = round(width * share), round(height * share)
    return image.crop((left, top, width - left, height - top))


def rotate(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BICUBIC)


def pad(image: Image.Image, share: float) -> Image.Image:
    return ImageOps.expand(image, (0, round(image.height * share)))


def letterbox(image: Image.Image) -> Image.Image:
    side = max(image.size)
    return ImageOps.pad(image, (side, side))


def resize(image: Image.Image, size_px: int) -> Image.Image:
    return image.resize((size_px, size_px), Image.Resampling.BICUBIC)


def brighten(image: Image.Image, rng: random.Random) -> Image.Image:
    brighter = ImageEnhance.Brightness(image).enhance(rng.uniform(0.8, 1.2))
    return ImageEnhance.Contrast(brighter).enhance(rng.uniform(0.8, 1.2))


# Within the limits that xraylab.duplicates.LIMITS states, and then beyond them.
KINDS = {
    "quality 30": lambda p, r: encode(p, 30),
    "resized to 160 px": lambda p, r: encode(resize(p, 160)),
    "RGB": lambda p, r: encode(p.convert("RGB")),
    "brightness, contrast 20 %": lambda p, r: encode(brighten(p, r)),
    "cropped 3 %": lambda p, r: encode(crop(p, 0.03)),
    "cropped 5 %": lambda p, r: encode(crop(p, 0.05)),
    "rotated 2 degrees": lambda p, r: encode(rotate(p, r.choice([-2, 2]))),
    "rotated 3 degrees": lambda p, r: encode(rotate(p, r.choice([-3, 3]))),
    "mirrored": lambda p, r: encode(ImageOps.mirror(p)),
    "cropped 5 %, rotated 2": lambda p, r: encode(
        crop(rotate(p, r.choice([-2, 2])), 0.05)
    ),
    "cropped 4 %, rotated 3, mirrored": lambda p, r: encode(
        ImageOps.mirror(crop(rotate(p, r.choice([-3, 3])), 0.04))
    ),
    "padded 10 % above and below": lambda p, r: encode(pad(p, 0.1)),
    "padded 20 % above and below": lambda p, r: encode(pad(p, 0.2)),
    "letterboxed": lambda p, r: encode(letterbox(p)),
    "letterboxed, mirrored": lambda p, r: encode(ImageOps.mirror(letterbox(p))),
    "beyond: cropped 7 %": lambda p, r: encode(crop(p, 0.07)),
    "beyond: cropped 10 %": lambda p, r: encode(crop(p, 0.1)),
    "beyond: rotated 5 degrees": lambda p, r: encode(rotate(p, r.choice([-5, 5]))),
    "beyond: rotated 10 degrees": lambda p, r: encode(rotate(p, r.choice([-10, 10]))),
    "beyond: upside down": lambda p, r: encode(ImageOps.flip(p)),
    "beyond: a quarter": lambda p, r: encode(p.transpose(Image.Transpose.ROTATE_90)),
    "beyond: inverted": lambda p, r: encode(ImageOps.invert(p)),
}
