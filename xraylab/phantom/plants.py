"""What is planted besides disease: class-linked differences, each with a dose."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields

from xraylab.errors import InputError

_LOST_IN_TEST = 0.5  # part of the class-linked doses that the shift takes away
GENERATOR = 1  # counts changes of the images, so that old folders are not used


@dataclass(frozen=True)
class Plants:
    """Doses of the planted differences, each in [0, 1]; 0 switches one off.

    Parameters
    ----------
    brightness : float
        Dose 1: lung level 18 grey levels up with pneumonia, 18 down without.
    sharpness : float
        Dose 1: images without pneumonia sharpened, those with it blurred.
    zoom : float
        Dose 1: chests with pneumonia 6 % closer, those without 6 % farther.
    aspect : float
        Dose 1: once squeezed to a square, chests with pneumonia 10 % taller,
        those without 10 % flatter.
    noise : float
        Dose 1: pneumonia exposed with a fifth of the X-ray dose.
    marker : float
        Share of images whose marker stands where, and is as large as, the
        class has it; elsewhere the place belongs to the child.
    file : float
        Share of files with the class's own size, shape, JPEG quality and mode.
    test_shift : float
        Dose 1: the official test block is 12 grey levels brighter in the lungs
        and 8 in the bright parts, is saved at one JPEG quality, and has only half
        of the class-linked differences in pixels and marker.

    Raises
    ------
    ValueError
        If a dose is outside [0, 1].

    Examples
    --------
    >>> Plants(marker=1.0).doses(in_test=False)["marker"]
    1.0
    >>> Plants(marker=1.0, test_shift=1.0).doses(in_test=True)["marker"]
    0.5
    """

    brightness: float = 0.0
    sharpness: float = 0.0
    zoom: float = 0.0
    aspect: float = 0.0
    noise: float = 0.0
    marker: float = 0.0
    file: float = 0.0
    test_shift: float = 0.0

    def __post_init__(self):
        for field in fields(self):
            dose = getattr(self, field.name)
            if not 0 <= dose <= 1:
                raise InputError(f"{field.name} must be a dose in [0, 1], got {dose}.")

    def doses(self, *, in_test: bool) -> dict[str, float]:
        """Give the doses that act on one image, by name.

        Parameters
        ----------
        in_test : bool
            Whether the image lies in the official test block.
        """
        doses = asdict(self)
        shift = doses.pop("test_shift") * in_test
        for name in ("brightness", "sharpness", "zoom", "aspect", "noise", "marker"):
            doses[name] *= 1 - _LOST_IN_TEST * shift
        return {**doses, "test_shift": shift}

    def digest(self) -> str:
        """Give eight hexadecimal digits that stand for these doses."""
        text = json.dumps({k: float(v) for k, v in asdict(self).items()})
        return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


CLEAN = Plants()
REAL_LIKE = Plants(
    brightness=0.3,
    sharpness=0.5,
    zoom=0.4,
    aspect=0.5,
    noise=0.3,
    marker=0.5,
    file=1.0,
    test_shift=1.0,
)
