import socket
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from xraylab import errors, training
from xraylab.training import models


@pytest.mark.parametrize("name", training.MODELS)
def test_grey_in_two_scores_out(name):
    model = training.make_model(name)
    assert model(torch.rand(3, 1, 32, 32)).shape == (3, 2)
    assert isinstance(model[0], models.Normalise)


@pytest.mark.parametrize("name", training.MODELS)
def test_the_seed_decides_the_weights(name):
    first, again, other = (
        torch.cat([p.flatten() for p in training.make_model(name, seed=s).parameters()])
        for s in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_last_layer_is_the_originals():
    dropout, linear = training.make_model("resnet18").network.fc
    assert dropout.p == 0.5
    assert (linear.in_features, linear.out_features) == (512, 2)


def test_weights_from_a_file_are_copied_but_for_the_last_layer(tmp_path):
    source = training.make_model("resnet18", seed=1).network.state_dict()
    half = {k: v.half().contiguous() for k, v in source.items() if "fc" not in k}
    save_file(half, tmp_path / "w.safetensors")
    torch.save(source, tmp_path / "w.pth")
    for file in ("w.safetensors", "w.pth"):
        model = training.make_model("resnet18", weights=tmp_path / file, seed=2)
        own = model.network.state_dict()
        assert own["conv1.weight"].dtype == torch.float32
        torch.testing.assert_close(
            own["conv1.weight"], source["conv1.weight"], atol=1e-3, rtol=1e-2
        )
        assert not torch.equal(own["fc.1.weight"], source["fc.1.weight"])


def test_weights_that_do_not_fit_are_named(tmp_path):
    save_file({"conv1.weight": torch.zeros(1)}, tmp_path / "w.safetensors")
    with pytest.raises(errors.WeightsError, match=r"does not fit .* first conv1"):
        training.make_model("resnet18", weights=tmp_path / "w.safetensors")


def test_a_file_that_holds_no_weights_is_named(tmp_path):
    (tmp_path / "w.pth").write_bytes(b"text")
    with pytest.raises(errors.WeightsError, match=r"w\.pth must hold weights"):
        training.make_model("resnet18", weights=tmp_path / "w.pth")


def test_unknown_names_are_answered_with_the_known(tmp_path):
    with pytest.raises(ValueError, match="one of resnet18, small, got 'big'"):
        training.make_model("big")
    with pytest.raises(errors.WeightsError, match="or an existing file, got nothing"):
        training.make_model("resnet18", weights="nothing")
    with pytest.raises(
        errors.WeightsError, match="exist for resnet18, got model small"
    ):
        training.make_model("small", weights="imagenet")


def test_without_a_network_imagenet_says_what_to_do(tmp_path, monkeypatch):
    def no_network(*args, **kwargs):
        raise OSError("network is unreachable")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(socket, "create_connection", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    with pytest.raises(errors.WeightsError, match="give its path as weights, or use"):
        training.make_model("resnet18", weights="imagenet")


def test_torchvision_imports_through_us_in_a_fresh_process():
    code = "from xraylab.training.vision import torchvision as t; t.models.resnet18()"
    subprocess.run([sys.executable, "-c", code], check=True)
