"""Small image sets that the tests share."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image
from scipy.ndimage import gaussian_filter

import xraylab  # noqa: F401, before torch is: its waiting threads shall not spin

# A busy machine is no fault of a law.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")

# Six children a class, two images each: (kind, number) -> file names.
NORMALS = [f"IM-{n:04d}-0001{more}.jpeg" for n in range(1, 7) for more in ("", "-0002")]
PNEUMONIAS = [
    f"person{n}_bacteria_{2 * n + k}.jpeg" for n in range(1, 4) for k in (0, 1)
] + [f"person{n}_virus_{2 * n + k}.jpeg" for n in range(1, 4) for k in (0, 1)]
TEST_NAMES = {*NORMALS[-4:], *PNEUMONIAS[-2:]}


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Keep what the tests leave behind out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XRAYLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def blob_image(seed: int, size_px: int = 96) -> np.ndarray:
    """A smooth random grey image, uint8; two seeds hardly correlate."""
    noise = np.random.default_rng(seed).standard_normal((size_px, size_px))
    smooth = gaussian_filter(noise, 4, mode="wrap")
    return (128 + 60 * smooth / smooth.std()).clip(0, 255).astype(np.uint8)


def as_jpeg(image: np.ndarray, quality: int = 90) -> bytes:
    out = io.BytesIO()
    Image.fromarray(image).save(out, "JPEG", quality=quality)
    return out.getvalue()


def write_file(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def write_three_sources(root: Path) -> Path:
    """Write the same 24 images in the three layouts, the third re-encoded."""
    images = {name: blob_image(i) for i, name in enumerate(NORMALS + PNEUMONIAS)}
    for names, ours, theirs in (
        (NORMALS, "NORMAL", "normal"),
        (PNEUMONIAS, "PNEUMONIA", "opacity"),
    ):
        for i, name in enumerate(sorted(names)):
            data = as_jpeg(images[name])
            split = "test" if name in TEST_NAMES else "val" if i == 0 else "train"
            write_file(root / "one/chest_xray" / split / ours / name, data)
            recut = "test" if split == "test" else "val" if i % 3 == 0 else "train"
            write_file(root / "two" / recut / theirs / name, data)
            bigger = Image.fromarray(images[name]).resize((110, 110))
            part = "train" if i < 0.8 * len(names) else "test"
            write_file(
                root / "three/Data" / part / ours / f"{ours}({i}).jpg",
                as_jpeg(np.asarray(bigger), quality=70),
            )
    write_file(
        root / "three/Data/train/COVID19/COVID19(0).jpg", as_jpeg(blob_image(99))
    )
    return root


@pytest.fixture
def lock(monkeypatch):
    """Give a function that makes a folder, by its full path, refuse to be read."""
    scan, locked = os.scandir, set()

    def refuse(folder):
        if str(folder) in locked:
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    return lambda folder: locked.add(str(folder))


@pytest.fixture(scope="session")
def three_sources(tmp_path_factory) -> Path:
    """Three sources of 24 images; read only, copy before changing."""
    return write_three_sources(tmp_path_factory.mktemp("sources"))
