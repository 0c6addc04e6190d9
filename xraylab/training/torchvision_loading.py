"""torchvision, imported at its first use, also where its operators cannot be loaded.

Importing it takes seconds and 80 MB, which a network of our own needs not.

Beside a CPU-only torch from another build, torchvision's operators often fail
to load, and the import stops at `operator torchvision::nms does not exist`.
Models and transforms need none of them: declaring the two schemas is enough.
"""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_library = None  # a library that is let go of takes its schemas with it


@cache
def _import_torchvision() -> ModuleType:
    global _library
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        _library = torch.library.Library("torchvision", "DEF")
        for schema in _SCHEMAS:
            _library.define(schema)
        import torchvision
    return torchvision


class _Torchvision:
    """Stands for the module until one of its names is asked for."""

    def __getattr__(self, name: str) -> object:
        return getattr(_import_torchvision(), name)


torchvision = _Torchvision()
