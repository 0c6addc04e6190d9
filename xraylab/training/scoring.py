"""A network's answers: logits, scores, and the few figures of a history."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xraylab.errors import TrainingError
from xraylab.training import batches


def score_logits(
    model: nn.Module, pixels: np.ndarray, rows: np.ndarray, *, batch_size: int = 128
) -> torch.Tensor:
    """Let a network answer for rows of the cache, without dropout or changes.

    Returns
    -------
    tensor of float32, shape (len(rows), 2), on the CPU
        Logits in the order of `xraylab.labels.CLASSES`.
    """
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        parts = [
            model(batches.make_batch(pixels, rows[part], device)).float().cpu()
            for part in batches.in_order(len(rows), batch_size)
        ]
    return torch.cat(parts) if parts else torch.empty(0, 2)


def score_images(
    model: nn.Module, pixels: np.ndarray, *, logit: bool = False
) -> np.ndarray:
    """Let a network answer for images, without dropout or changes.

    Parameters
    ----------
    model : Module
        As from `xraylab.training.models.make_model`, on any device.
    pixels : array of uint8, shape (n, size_px, size_px)
    logit : bool
        Give the log odds: the output for pneumonia less the one for normal. They
        still move where a probability of almost 1 can't.

    Returns
    -------
    array of float64, shape (n,)
        Probabilities of pneumonia, or with `logit` their log odds.
    """
    logits = score_logits(model, pixels, np.arange(len(pixels)))
    if logit:
        return (logits[:, 1] - logits[:, 0]).double().numpy()
    return as_scores(logits)


def as_scores(logits: torch.Tensor) -> np.ndarray:
    """Probability of pneumonia from logits: softmax, float64, shape (n,)."""
    return logits.double().softmax(1)[:, 1].numpy()


def measure(part: str, logits: torch.Tensor, labels: np.ndarray, epoch: int) -> dict:
    """Loss, accuracy at 0.5 and AUROC of one part, named after it."""
    from sklearn.metrics import roc_auc_score  # a prediction needs no sklearn

    loss = functional.cross_entropy(logits.float(), torch.from_numpy(labels)).item()
    if not np.isfinite(loss):
        raise TrainingError(
            f"{part}_loss was {loss} in epoch {epoch}. Choose a smaller lr."
        )
    scores = as_scores(logits)
    both = len(set(labels.tolist())) == 2  # a very short epoch may see one class
    return {
        f"{part}_loss": loss,
        f"{part}_accuracy": float(((scores >= 0.5) == labels).mean()),
        f"{part}_auroc": float(roc_auc_score(labels, scores)) if both else None,
    }
