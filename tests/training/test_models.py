import socket
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from xraylab import errors
from xraylab.training import models, weights


@pytest.mark.parametrize("name", models.MODELS)
def test_grey_in_two_scores_out(name):
    model = models.make_model(name)
    assert model(torch.rand(3, 1, 32, 32)).shape == (3, 2)
    assert isinstance(model[0], models.Normalise)


@pytest.mark.parametrize("name", models.MODELS)
def test_the_seed_decides_the_weights(name):
    first, again, other = (
        torch.cat([p.flatten() for p in models.make_model(name, seed=s).parameters()])
        for s in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_last_layer_is_the_originals():
    dropout, linear = models.make_model("resnet18").network.fc
    assert dropout.p == 0.5
    assert (linear.in_features, linear.out_features) == (512, 2)


def test_weights_from_a_file_are_copied_but_for_the_last_layer(tmp_path):
    source = models.make_model("resnet18", seed=1).network.state_dict()
    half = {k: v.half().contiguous() for k, v in source.items() if "fc" not in k}
    save_file(half, tmp_path / "w.safetensors")
    torch.save(source, tmp_path / "w.pth")
    for file in ("w.safetensors", "w.pth"):
        model = models.make_model("resnet18", weights=tmp_path / file, seed=2)
        own = model.network.state_dict()
        assert own["conv1.weight"].dtype == torch.float32
        torch.testing.assert_close(
            own["conv1.weight"], source["conv1.weight"], atol=1e-3, rtol=1e-2
        )
        assert not torch.equal(own["fc.1.weight"], source["fc.1.weight"])


@pytest.mark.parametrize(
    "change",
    [
        {"stem.weight": None},
        {"stem.weight": torch.zeros(1)},
        {"stem.weight": torch.zeros(16, 1, 3, 3)},
        {"stem.weight": torch.full((16, 3, 3, 3), torch.nan)},
    ],
    ids=["missing", "one number", "grey", "nan"],
)
@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_weights_that_do_not_fit_are_named(tmp_path, change, ending):
    file = tmp_path / f"w.{ending}"
    given = models.make_model("small", seed=1).network.state_dict() | change
    given = {name: value for name, value in given.items() if value is not None}
    (save_file if ending == "safetensors" else torch.save)(given, file)
    with pytest.raises(errors.WeightsError, match=r"does not fit .* first stem"):
        models.make_model("small", weights=file)


DAMAGES = {
    "cut": (lambda old: old[: len(old) // 2], r"it is none\. Give another, or"),
    "empty": (lambda old: b"", "it is empty"),
    "pointer": (lambda old: b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
    "web page": (lambda old: b"\n<html><body>403</body></html>", "a web page"),
    "text": (lambda old: b"text", r"it is none\. Give another, or"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_a_file_that_holds_no_weights_is_named(tmp_path, ending, damage):
    file = tmp_path / f"w.{ending}"
    (save_file if ending == "safetensors" else torch.save)(
        models.make_model("small").network.state_dict(), file
    )
    change, words = DAMAGES[damage]
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(errors.WeightsError, match=words) as caught:
        models.make_model("small", weights=file)
    assert f"{file} must" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "weights_only=False" not in str(caught.value)  # no way to run foreign code


@pytest.mark.parametrize(
    "held", [[torch.zeros(1)], {"state_dict": {}}, {"epoch": 3}, torch.zeros(3)]
)
def test_a_pth_of_other_things_is_named(tmp_path, held):
    torch.save(held, tmp_path / "w.pth")
    with pytest.raises(errors.WeightsError, match=r"tensors by name, but it holds"):
        models.make_model("small", weights=tmp_path / "w.pth")


def test_imagenet_weights_that_are_damaged_at_home_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = tmp_path / "hub/checkpoints/resnet18-f37072fd.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half a file")
    with pytest.raises(errors.WeightsError, match=r"Delete it, and it is fetched"):
        models.make_model("resnet18", weights="imagenet")


def test_weights_are_identified_by_content(tmp_path):
    for name, value in (("a", 0), ("b", 0), ("c", 1)):
        save_file({"x": torch.tensor(value)}, tmp_path / name)
    a, b, c = (weights.identify(tmp_path / name) for name in "abc")
    assert a == b != c
    assert weights.identify("none") == "none"
    assert weights.identify("imagenet") == "sha256:f37072fd"


def test_unknown_names_are_answered_with_the_known(tmp_path):
    with pytest.raises(ValueError, match="one of resnet18, small, got 'big'"):
        models.make_model("big")
    with pytest.raises(errors.WeightsError, match="or an existing file, got nothing"):
        models.make_model("resnet18", weights="nothing")
    with pytest.raises(errors.WeightsError, match="file for model small, got imagenet"):
        models.make_model("small", weights="imagenet")


def test_without_a_network_imagenet_says_what_to_do(tmp_path, monkeypatch):
    def no_network(*args, **kwargs):
        raise OSError("network is unreachable")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(socket, "create_connection", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    with pytest.raises(errors.WeightsError, match="give its path as weights, or beg"):
        models.make_model("resnet18", weights="imagenet")


def test_torchvision_imports_through_us_in_a_fresh_process():
    code = (
        "from xraylab.training.torchvision_loading import torchvision as t;"
        "t.models.resnet18()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "content", [b"path,label\na,0\n", b".", b"\x80\x02.", b"x" * 99]
)
def test_a_file_of_something_else_is_told_what_was_expected(content, tmp_path):
    (tmp_path / "wrong.csv").write_bytes(content)
    told = (
        r"wrong\.csv must hold the state dict of a network, such as torchvision's resn"
    )
    with pytest.raises(errors.WeightsError, match=told):
        weights.check("resnet18", tmp_path / "wrong.csv")


def test_no_message_advises_to_run_what_a_file_holds(tmp_path):
    (tmp_path / "w.pth").write_bytes(b"path,label\n")
    with pytest.raises(errors.WeightsError) as told:
        weights.check("resnet18", tmp_path / "w.pth")
    assert "weights_only" not in str(told.value)
    assert str(told.value).endswith(" but it is none. Give another, or fetch it again.")
