import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from wespe.networks.checkpoints import load_generator, save_generator
from wespe.networks.discriminator import Discriminator
from wespe.networks.enhancer import Enhancer
from wespe.networks.generator import Generator
from wespe.networks.johnson import JohnsonNetwork
from wespe.networks.network_file import FORMAT
from wespe.networks.perceptual import build_extractor, read_weights, vgg19_layers
from wespe.networks.registry import ARCHITECTURES, EXTRACTORS
from wespe.networks.srcnn import Srcnn
from wespe.networks.transport import Transport

SHARED = Path(__file__).parents[1].parent / "shared" / "data"


def untied(generator: Generator) -> Generator:
    """The network with a last layer that is not zero, so that it does something."""
    nn.init.normal_(generator.tail.weight, std=0.02)
    return generator


class Grey(Enhancer):
    """A network of someone else: one convolution."""

    receptive_field_px = 0

    def __init__(self) -> None:
        super().__init__()
        self.config = {}
        self.layer = nn.Conv2d(3, 3, 1)

    def convolve(self, prepared: torch.Tensor) -> torch.Tensor:
        mixed: torch.Tensor = self.layer(prepared)
        return mixed


class TestGenerator:
    @pytest.mark.parametrize("size", [(1, 1), (7, 31), (100, 100)])
    def test_keeps_the_size(self, size: tuple[int, int]) -> None:
        image = torch.rand(2, 3, *size)
        assert Generator(width=4, norm="none")(image).shape == image.shape

    def test_transport_start(self) -> None:
        transport = Transport(np.full((256, 3), 51.0))
        generator = Generator(width=4, norm="none", start="transport", transport=transport).eval()
        assert torch.equal(generator(torch.rand(2, 3, 40, 41)), torch.full((2, 3, 40, 41), 0.2))
        assert not any(name.startswith("transport") for name, _ in generator.named_parameters())
        again = Generator(**generator.config)
        again.load_state_dict(generator.state_dict())
        assert torch.equal(again.get_buffer("transport.curves"), transport.get_buffer("curves"))

    def test_identity_start(self) -> None:
        image = torch.rand(2, 3, 20, 20)
        assert torch.equal(Generator(width=4, start="identity").eval()(image), image)

    def test_random_start_is_a_scaled_tanh(self) -> None:
        generator = Generator(width=4, norm="none")
        nn.init.constant_(generator.tail.bias, 100.0)  # type: ignore[arg-type]
        torch.testing.assert_close(generator(torch.rand(1, 3, 9, 9)).max(), torch.tensor(1.08))

    def test_the_papers_size(self) -> None:
        # 9×9×3×64 + 10 × 3×3×64×64 + 9×9×64×3 weights, 64 or 3 biases each, 8 × 2×64 of batch norm.
        expected = 2 * 81 * 3 * 64 + 10 * 9 * 64 * 64 + 11 * 64 + 3 + 8 * 2 * 64
        assert sum(p.numel() for p in Generator().parameters()) == expected

    def test_receptive_field(self) -> None:
        generator = Generator(width=4, blocks=2, norm="none", start="identity")
        for parameter in generator.parameters():
            nn.init.constant_(parameter, 0.01)  # Positive: no ReLU stops a gradient.
        image = torch.rand(1, 3, 61, 61, requires_grad=True)
        generator(image)[0, :, 30, 30].sum().backward()
        assert image.grad is not None
        reach = image.grad[0].abs().sum(0).nonzero()
        radius = generator.receptive_field_px
        assert (int(reach.min()), int(reach.max())) == (30 - radius, 30 + radius)


class TestCompared:
    """The networks of the systems that WESPE is compared with."""

    def test_the_size_of_srcnn(self) -> None:
        # 9-1-5 with 64 and 32 filters: weights and a bias each, on three channels.
        expected = (9 * 9 * 3 + 1) * 64 + (64 + 1) * 32 + (5 * 5 * 32 + 1) * 3
        assert expected == 20099
        assert sum(p.numel() for p in Srcnn().parameters()) == expected
        # 9-5-5
        wider = sum(p.numel() for p in Srcnn(middle_kernel_px=5).parameters())
        assert wider - expected == 24 * 64 * 32

    def test_the_size_of_johnsons(self) -> None:
        # 9×9, four blocks of two 3×3, each with batch norm, and 9×9: weights and a bias each.
        head, tail = (81 * 3 + 1) * 64 + 2 * 64, (81 * 64 + 1) * 3
        block = 2 * ((9 * 64 + 1) * 64 + 2 * 64)
        assert sum(p.numel() for p in JohnsonNetwork().parameters()) == head + 4 * block + tail

    @pytest.mark.parametrize("size", [(1, 1), (7, 31)])
    def test_they_keep_the_size(self, size: tuple[int, int]) -> None:
        image = torch.rand(2, 3, *size)
        for network in (Srcnn(width=4, middle_kernel_px=3), JohnsonNetwork(width=4, blocks=2)):
            assert network.eval()(image).shape == image.shape

    def test_johnsons_output_is_a_tanh_between_0_and_1(self) -> None:
        network = JohnsonNetwork(width=4, blocks=0).eval()
        nn.init.zeros_(network.tail.weight)
        for bias, level in ((-100.0, 0.0), (0.0, 0.5), (100.0, 1.0)):
            nn.init.constant_(network.tail.bias, bias)  # type: ignore[arg-type]
            assert (network(torch.rand(1, 3, 9, 9)) == level).all()

    @pytest.mark.parametrize(
        "network", [Srcnn(width=4, middle_kernel_px=5), JohnsonNetwork(width=4, blocks=2)], ids=repr
    )
    def test_receptive_field(self, network: Enhancer) -> None:
        network = network.eval()
        for parameter in network.parameters():
            nn.init.constant_(parameter, 0.01)  # Positive: no ReLU stops a gradient.
        image = torch.rand(1, 3, 61, 61, requires_grad=True)
        network(image)[0, :, 30, 30].sum().backward()
        assert image.grad is not None
        reach = image.grad[0].abs().sum(0).nonzero()
        radius = network.receptive_field_px
        assert (int(reach.min()), int(reach.max())) == (30 - radius, 30 + radius)


class TestDiscriminator:
    @pytest.mark.parametrize("norm", ["instance", "batch", "spectral", "none"])
    def test_one_logit_a_patch(self, norm: str) -> None:
        discriminator = Discriminator(3, norm=norm)  # type: ignore[arg-type]
        assert discriminator(torch.rand(2, 3, 100, 100)).shape == (2,)

    def test_hidden_layer_and_strides_of_the_paper(self) -> None:
        discriminator = Discriminator(1)
        strides = [m.stride[0] for m in discriminator.modules() if isinstance(m, nn.Conv2d)]
        assert strides == [4, 2, 1, 1, 2]
        assert [m.out_features for m in discriminator.modules() if isinstance(m, nn.Linear)] == [
            1024,
            1,
        ]

    @pytest.mark.parametrize("size_px", [32, 64, 101])
    def test_other_patch_sizes(self, size_px: int) -> None:
        assert Discriminator(3, size_px=size_px)(torch.rand(1, 3, size_px, size_px)).shape == (1,)


class TestCheckpoints:
    @pytest.mark.parametrize("norm", ["batch", "instance", "none"])
    def test_round_trip(self, tmp_path: Path, norm: str) -> None:
        generator = Generator(width=4, blocks=1, norm=norm)  # type: ignore[arg-type]
        generator(torch.rand(2, 3, 16, 16))  # moves the batch statistics
        save_generator(tmp_path / "g.safetensors", generator)
        image = torch.rand(1, 3, 16, 16)
        loaded = load_generator(tmp_path / "g.safetensors")
        assert torch.equal(loaded(image), generator.eval()(image))

    @pytest.mark.parametrize(
        "network", [Srcnn(width=4, middle_kernel_px=3), JohnsonNetwork(width=4, blocks=1)], ids=repr
    )
    def test_round_trip_of_other_architectures(self, tmp_path: Path, network: Enhancer) -> None:
        network.train()(torch.rand(2, 3, 16, 16))  # moves the batch statistics
        save_generator(tmp_path / "g.safetensors", network)
        loaded = load_generator(tmp_path / "g.safetensors")
        assert (type(loaded), loaded.config) == (type(network), network.config)
        image = torch.rand(1, 3, 16, 16)
        assert torch.equal(loaded(image), network.eval()(image))

    @pytest.mark.parametrize("named", ["unet", None])
    def test_the_architecture_is_in_the_header(self, tmp_path: Path, named: str | None) -> None:
        path = tmp_path / "g.safetensors"
        generator = Generator(width=4, blocks=1, norm="none")
        described = {"architecture": named} if named else {}
        header = {"format": FORMAT, "config": generator.config, **described}
        save_file(generator.state_dict(), path, {"wespe": json.dumps(header)})
        if named:
            with pytest.raises(ValueError, match=r"expected .* among dped, srcnn, .*, got 'u"):
                load_generator(path)
        else:  # as version 0.1.0 wrote it
            assert isinstance(load_generator(path), Generator)

    @pytest.mark.slow
    def test_the_registry_names_networks_that_their_config_makes_again(self) -> None:
        for address in ARCHITECTURES.values():
            network = pkgutil.resolve_name(address)()
            assert isinstance(network, Enhancer)
            assert type(network)(**network.config).config == network.config

    def test_an_architecture_is_one_entry(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "g.safetensors"
        with pytest.raises(ValueError, match=r"a network of wespe\.networks\.registry, got"):
            save_generator(path, Grey())
        monkeypatch.setitem(ARCHITECTURES, "grey", f"{Grey.__module__}:{Grey.__qualname__}")
        save_generator(path, Grey())
        assert isinstance(load_generator(path), Grey)

    @pytest.mark.slow
    def test_a_network_imports_no_other_architecture(self) -> None:
        code = "import sys, wespe.networks.checkpoints as c; print(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        )
        addresses = (address.partition(":")[0] for address in ARCHITECTURES.values())
        assert not {*addresses} & {*done.stdout.split()}

    def test_same_network_same_bytes(self, tmp_path: Path) -> None:
        generator = Generator(width=4)
        for name in ("a", "b"):
            save_generator(tmp_path / name, generator)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"nowhere\.safetensors: no such network"):
            load_generator(tmp_path / "nowhere.safetensors")

    def test_damaged(self, tmp_path: Path) -> None:
        path = tmp_path / "g.safetensors"
        save_generator(path, Generator(width=4))
        path.write_bytes(path.read_bytes()[:500])
        with pytest.raises(ValueError, match=r"g\.safetensors: expected a \.safetensors network"):
            load_generator(path)

    def test_of_another_origin(self, tmp_path: Path) -> None:
        path = tmp_path / "other.safetensors"
        save_file({"weight": torch.zeros(3)}, path)
        with pytest.raises(ValueError, match=r"other\.safetensors: expected a network of format"):
            load_generator(path)

    @pytest.mark.parametrize("change", [{"width": 8}, {"norm": "batch"}, {"depth": 3}])
    def test_weights_of_another_architecture(
        self, tmp_path: Path, change: dict[str, object]
    ) -> None:
        path = tmp_path / "g.safetensors"
        generator = Generator(width=4, blocks=1, norm="none")
        generator.config = generator.config | change
        save_generator(path, generator)
        with pytest.raises(ValueError, match=r"g\.safetensors: weights and architecture"):
            load_generator(path)


class TestPerceptual:
    def test_layer_names_are_those_of_vgg19(self) -> None:
        from torchvision.models import vgg19

        names = vgg19_layers()
        assert (names["relu1_1"], names["relu2_2"], names["relu5_4"]) == (1, 8, 35)
        assert (names["conv1_1"], names["conv5_4"]) == (0, 34)
        with torch.device("meta"):
            features = vgg19().features
        for name, position in names.items():
            kind = nn.ReLU if name.startswith("relu") else nn.Conv2d
            assert isinstance(features[position], kind), name
        assert len(names) == sum(isinstance(each, nn.ReLU | nn.Conv2d) for each in features)

    @pytest.mark.parametrize("name", EXTRACTORS)
    def test_unknown_layer(self, name: str) -> None:
        with pytest.raises(ValueError, match=f"{name} has no layer 'fc7'"):
            build_extractor(name, layers=["fc7"])

    def test_untrained_is_fixed_frozen_and_lets_gradients_through(self) -> None:
        first, second = (build_extractor("untrained", layers=["relu3"]) for _ in range(2))
        image = torch.rand(1, 3, 32, 32, requires_grad=True)
        (features,) = first.train()(image)
        assert torch.equal(features, second(image)[0])
        features.sum().backward()
        assert image.grad is not None
        assert image.grad.abs().sum() > 0
        assert all(parameter.grad is None for parameter in first.parameters())

    def test_several_layers_are_those_of_one_each(self) -> None:
        image, names = torch.rand(2, 3, 20, 20), ["relu3", "relu1", "relu2"]
        together = build_extractor("untrained", layers=names)(image)
        for name, features in zip(names, together, strict=True):
            (alone,) = build_extractor("untrained", layers=[name])(image)
            assert torch.equal(features, alone), name

    @pytest.mark.parametrize("published", [True, False])
    def test_weights_of_a_file_and_published_ones(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, published: bool
    ) -> None:
        path = tmp_path / "weights.safetensors"
        tensors = {
            "features.0.weight": torch.randn(64, 3, 3, 3),
            "features.0.bias": torch.randn(64),
            "classifier.0.bias": torch.randn(5),
        }
        if published:
            monkeypatch.setenv("TORCH_HOME", str(tmp_path))
            cached = tmp_path / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth"
            cached.parent.mkdir(parents=True)
            torch.save(tensors, cached)
        else:
            save_file(tensors, path)
        weights = None if published else path
        extractor = build_extractor("vgg19", layers=["relu1_1"], weights=weights)
        image = torch.rand(2, 3, 10, 10)
        mean, std = (
            torch.tensor(v).view(1, 3, 1, 1) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        )
        expected = torch.relu(
            torch.conv2d(
                (image - mean) / std,
                tensors["features.0.weight"],
                tensors["features.0.bias"],
                padding=1,
            )
        )
        torch.testing.assert_close(extractor(image), [expected])

    def test_missing_weights_file(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"vgg\.pth: no such weights file"):
            build_extractor("vgg19", layers=["relu1_1"], weights=tmp_path / "vgg.pth")

    def test_weights_of_another_network(self, tmp_path: Path) -> None:
        path = tmp_path / "other.safetensors"
        save_file({"features.0.weight": torch.zeros(32, 3, 3, 3)}, path)
        expected = r"other\.safetensors: expected features\.0\.weight of shape \(64, 3, 3, 3\)"
        with pytest.raises(ValueError, match=expected):
            build_extractor("vgg19", layers=["relu1_1"], weights=path)

    def test_a_file_that_is_no_weights(self, tmp_path: Path) -> None:
        path = tmp_path / "weights.safetensors"
        path.write_text(json.dumps({"no": "weights"}))
        with pytest.raises(ValueError, match=r"weights\.safetensors: cannot be read as weights"):
            build_extractor("vgg19", layers=["relu1_1"], weights=path)

    @pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
    def test_real_vgg19(self) -> None:
        path = SHARED / "weights" / "vgg19_imagenet_conv.safetensors"
        extractor = build_extractor("vgg19", layers=["relu5_4"], weights=path)
        (features,) = extractor(torch.rand(1, 3, 64, 64))
        assert features.shape == (1, 512, 4, 4)
        assert 0 < (features > 0).float().mean() < 0.9


def test_weights_that_cannot_be_downloaded_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.models import VGG19_Weights, WeightsEnum

    def offline(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr(WeightsEnum, "get_state_dict", offline)
    message = r"vgg19.*\.pth: expected weights to download, got .*no network.* take a "
    with pytest.raises(ValueError, match=message):
        read_weights(None, VGG19_Weights.IMAGENET1K_V1)
