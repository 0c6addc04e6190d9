"""On what a training runs: one device, or the processes of a launcher.

`accelerate launch` and `torchrun` start several processes; then each works on its share
of every batch, and all together train one network. Only the number of processes and
the device are taken from a launcher: how to train, the recipe says.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import nn

from xraylab.errors import InputError

if TYPE_CHECKING:
    from accelerate import Accelerator

# accelerate reads a training's settings from variables of these names
_SETTINGS = ("ACCELERATE_", "FSDP_", "PARALLELISM_CONFIG_")


def make_accelerator() -> Accelerator:
    """Find the device, and the other processes where a launcher started some.

    Raises
    ------
    InputError
        If the launcher's processes cannot work together.
    """
    from accelerate import Accelerator  # a prediction needs none
    from accelerate.utils import GradientAccumulationPlugin

    n_processes = count_processes()
    asked_for_cpu = os.environ.get("ACCELERATE_USE_CPU", "").lower() in {"1", "true"}
    on_cpu = asked_for_cpu or (n_processes > 1 and not torch.cuda.is_available())
    with _without_settings():
        accelerator = Accelerator(
            cpu=on_cpu,
            mixed_precision="no",  # `choose_precision` does
            gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        )
    if accelerator.num_processes != n_processes:
        raise InputError(
            f"WORLD_SIZE must be the number of processes, got {n_processes}, but "
            f"{accelerator.num_processes} work together. Start them with `accelerate "
            "launch` or `torchrun`, or unset WORLD_SIZE."
        )
    return accelerator


def count_processes() -> int:
    """Count the processes that a launcher started; 1 without one."""
    text = os.environ.get("WORLD_SIZE") or "1"
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"WORLD_SIZE must be a whole number from 1, got {text!r}.")
    return int(text)


def is_main() -> bool:
    """Say whether this is the only process, or the one that writes for all."""
    return count_processes() == 1 or make_accelerator().is_main_process


def refuse_several(what: str) -> None:
    """Raise InputError where a launcher started several processes for what needs one.

    Parameters
    ----------
    what : str
        What is to be done, as in "to score".
    """
    if count_processes() > 1:
        raise InputError(f"WORLD_SIZE must be 1 {what}: start a single process.")


@contextmanager
def main_first() -> Iterator[None]:
    """Let the main process do something before the others do it."""
    if count_processes() == 1:
        yield
        return
    with make_accelerator().main_process_first():
        yield


def choose_precision(device: torch.device) -> torch.dtype:
    """Choose the type to multiply in: half precision where a GPU is built for it.

    bfloat16 from CUDA's capability 8 on, float16 on 7 (where small gradients need
    scaling); on a CPU bfloat16 is slower than float32.
    """
    if device.type != "cuda":
        return torch.float32
    generation, _ = torch.cuda.get_device_capability(device)
    if generation < 7:
        return torch.float32
    return torch.bfloat16 if generation >= 8 else torch.float16


def describe(accelerator: Accelerator, precision: torch.dtype) -> dict:
    """Say on what is trained: where one of these differs, so do the last bits."""
    return {
        "device": accelerator.device.type,
        "processes": accelerator.num_processes,
        "threads": torch.get_num_threads(),
        "precision": str(precision).removeprefix("torch."),
    }


def prepare(model: nn.Module, accelerator: Accelerator) -> nn.Module:
    """Let all processes train one network; `model` itself keeps the weights."""
    if accelerator.num_processes == 1:
        return model
    for module in model.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SharedBatchNorm  # keeps weights and their names
    return accelerator.prepare_model(model)


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch normalisation over the batch of all processes, on any device.

    (torch's SyncBatchNorm is for GPUs only.)
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c, h, w) to the same shape."""
        if not self.training:
            return super().forward(x)
        x = x.to(self.weight.dtype)
        own = torch.cat([x.sum((0, 2, 3)), x.new_tensor([x[:, 0].numel()])])
        total, n = _Sum.apply(own).split([x.shape[1], 1])
        mean = total / n
        centred = x - mean[:, None, None]
        var = _Sum.apply(centred.square().sum((0, 2, 3))) / n
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * n / (n - 1), self.momentum)
            self.num_batches_tracked += 1
        scale = self.weight * (var + self.eps).rsqrt()
        return centred * scale[:, None, None] + self.bias[:, None, None]


class _Sum(torch.autograd.Function):
    """The sum over all processes, of values and of their gradients."""

    @staticmethod
    def forward(ctx: object, x: torch.Tensor) -> torch.Tensor:
        x = x.clone()
        torch.distributed.all_reduce(x)
        return x

    @staticmethod
    def backward(ctx: object, grad: torch.Tensor) -> torch.Tensor:
        grad = grad.clone()
        torch.distributed.all_reduce(grad)
        return grad


def gather(
    accelerator: Accelerator, values: torch.Tensor, numbers: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Put the shares of all processes together.

    Parameters
    ----------
    values : tensor, shape (k, ...)
        This process's; k may differ from one to the next.
    numbers : tensor of int, shape (k,)
        What each row is, not negative.

    Returns
    -------
    values, numbers : tensor
        Rows of all processes, the same on each.
    """
    if accelerator.num_processes == 1:
        return values, numbers
    values = accelerator.pad_across_processes(values, dim=0)
    numbers = accelerator.pad_across_processes(numbers, dim=0, pad_index=-1)
    values, numbers = accelerator.gather(values), accelerator.gather(numbers)
    return values[numbers >= 0], numbers[numbers >= 0]


@contextmanager
def _without_settings() -> Iterator[None]:
    """Hide from accelerate what would change a training behind the recipe's back."""
    hidden = {
        name: os.environ.pop(name)
        for name in list(os.environ)
        if name.startswith(_SETTINGS)
    }
    try:
        yield
    finally:
        os.environ.update(hidden)
