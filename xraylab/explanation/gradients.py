"""Maps from the network's slope instead of from hiding: through captum.

Both explain the logit, the output for pneumonia less the one for normal; above 0
speaks for pneumonia.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xraylab import training
from xraylab.errors import InputError
from xraylab.explanation.scorers import check_image

_LEAST_PX = 6  # side of a layer's output that still tells places apart
_N_STEPS = 32  # from grey to the image


def gradcam_map(model: nn.Module, image: np.ndarray) -> np.ndarray:
    """Weigh the last feature maps by how far the logit rises with each (Grad-CAM).

    Taken at the last layer whose output has at least 6 x 6 places: for 224 px the
    last one, as in Selvaraju et al. 2017; for smaller images one before, since
    2 x 2 places point nowhere. Values below 0 are kept, where theirs are cut.

    Parameters
    ----------
    model : Module
        As from `xraylab.training.models.make_model`.
    image : array of uint8, shape (height, width)
        At the network's own size.

    Returns
    -------
    array of float, shape (height, width)
        Above 0: what is there speaks for pneumonia. Smooth, since it is stretched
        from few places.

    Raises
    ------
    ValueError
        If the image is no uint8 array of two dimensions, or captum is missing.
    """
    x = _as_input(model, image)
    attribution = _captum().LayerGradCam(_logit_of(model), _last_layer(model, x))
    found = attribution.attribute(x, relu_attributions=False).detach()
    shape = tuple(image.shape)
    wide = functional.interpolate(found, shape, mode="bilinear", align_corners=False)
    return wide[0, 0].cpu().double().numpy()


def integrated_gradients_map(model: nn.Module, image: np.ndarray) -> np.ndarray:
    """Add up the slopes on the way from plain grey to the image.

    The grey is the image's mean. The values sum to the logit of the image less that
    of the grey, but for rounding of the way in 32 steps (Sundararajan et al. 2017).

    Parameters
    ----------
    model, image
        As for `gradcam_map`.

    Returns
    -------
    array of float, shape (height, width)
        The share of each pixel in the logit.

    Raises
    ------
    ValueError
        As `gradcam_map`.
    """
    x = _as_input(model, image)
    attribution = _captum().IntegratedGradients(_logit_of(model))
    grey = torch.full_like(x, float(x.mean()))
    found = attribution.attribute(x, grey, n_steps=_N_STEPS, internal_batch_size=8)
    return found[0, 0].detach().cpu().double().numpy()


def _captum() -> ModuleType:
    try:
        import captum.attr  # here, since it takes a second that few calls need
    except ImportError as error:
        raise InputError(
            "a gradient map needs the package captum, found none. Install it with "
            "`pip install --no-deps captum`, or use the occlusion map."
        ) from error
    return captum.attr


def _as_input(model: nn.Module, image: np.ndarray) -> torch.Tensor:
    check_image(image)
    model.eval()
    device = next(model.parameters()).device
    return training.batches.make_batch(image[None], np.arange(1), device)


def _logit_of(model: nn.Module):
    def logit(x: torch.Tensor) -> torch.Tensor:
        out = model(x)
        return out[:, 1] - out[:, 0]

    return logit


def _last_layer(model: nn.Module, x: torch.Tensor) -> nn.Module:
    """Find the last layer whose output still tells places apart."""
    shapes = []

    def note(layer: nn.Module, _: tuple, out: torch.Tensor) -> None:
        shapes.append((layer, out.shape))

    hooks = [layer.register_forward_hook(note) for layer in model.network.children()]
    with torch.inference_mode():
        model(x)
    for hook in hooks:
        hook.remove()
    maps = [(layer, min(s[2:])) for layer, s in shapes if len(s) == 4]
    fine = [layer for layer, side in maps if side >= _LEAST_PX]
    return fine[-1] if fine else maps[0][0]
