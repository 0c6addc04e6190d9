"""fastai's whole steps, in an environment of its own; asked by training_steps.py.

python benchmarks/fastai_steps.py FOLDER SIZE_PX N_BATCHES

Answers each line on stdin with the CPU-seconds of so many steps, as JSON. Its loader,
transforms (rotation, flip; fastai has no blur), optimiser and loop are fastai's own,
on a ResNet18 from scratch.
"""

import json
import sys
import time
from contextlib import suppress
from pathlib import Path

BATCH = 32


def load_torch() -> None:
    """Load torch for one thread, and torchvision, which may need help beside it."""
    import torch

    torch.set_num_threads(1)
    with suppress(ImportError):
        from xraylab.training.torchvision_loading import torchvision

        torchvision.__version__  # noqa: B018


def stop_after(n_batches: int):
    """Make a callback that stops a fit after so many batches."""
    from fastai.vision.all import Callback, CancelFitException

    class Stop(Callback):
        """Ends a fit after so many training batches."""

        def before_fit(self) -> None:
            self.n_left = n_batches

        def after_batch(self) -> None:
            self.n_left -= self.training
            if self.n_left <= 0:
                raise CancelFitException

    return Stop()


def load_images(folder: Path, size_px: int):
    """Make the loaders: fastai's own rotation and flip."""
    from fastai.vision.all import (
        ImageDataLoaders,
        Resize,
        ResizeMethod,
        aug_transforms,
    )

    changes = aug_transforms(
        max_rotate=10, max_zoom=1, max_lighting=0, max_warp=0, p_affine=1
    )
    return ImageDataLoaders.from_folder(
        folder,
        valid_pct=0.1,
        seed=0,
        bs=BATCH,
        item_tfms=Resize(size_px, method=ResizeMethod.Squish),
        batch_tfms=changes,
        num_workers=0,
    )


def prepare(folder: Path, size_px: int, n_batches: int):
    """Make a learner that stops after so many batches."""
    load_torch()
    from fastai.vision.all import resnet18, vision_learner

    loaders, stop = load_images(folder, size_px), stop_after(n_batches)
    learner = vision_learner(loaders, resnet18, pretrained=False, cbs=stop)
    learner.unfreeze()
    return learner


def main() -> None:
    folder, size_px, n_batches = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    learner = prepare(folder, size_px, n_batches)
    import fastai

    for _ in sys.stdin:
        started = time.process_time()
        n_epochs = 1 + n_batches * BATCH // len(learner.dls.train_ds)
        with learner.no_bar(), learner.no_logging():
            learner.fit(n_epochs, 1e-3)
        seconds = time.process_time() - started
        answer = {"seconds": seconds, "fastai": fastai.__version__}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
