import math

import cv2
import numpy as np
import pytest
import torch
from skimage.color import rgb2gray
from skimage.metrics import structural_similarity

from wespe.photos.filters import gaussian_blur, grey
from wespe.training import losses


def test_content_loss_by_hand() -> None:
    features = torch.zeros(1, 2, 1, 2)
    reconstructed = torch.tensor([[[[1.0, 1.0]], [[0.0, 2.0]]]])
    assert losses.content_loss(features, reconstructed).item() == pytest.approx(6 / 4)


def test_content_loss_is_symmetric_and_zero_for_equal_features() -> None:
    a, b = torch.rand(2, 3, 5, 4), torch.rand(2, 3, 5, 4)
    assert losses.content_loss(a, b) == losses.content_loss(b, a)
    assert losses.content_loss(a, a) == 0


def test_adversarial_loss_is_minus_log_of_the_sigmoid() -> None:
    logits = torch.tensor([0.0, 2.0, -3.0])
    expected = -np.mean([math.log(1 / (1 + math.exp(-v))) for v in (0.0, 2.0, -3.0)])
    assert losses.adversarial_loss(logits).item() == pytest.approx(expected, rel=1e-6)


def test_adversarial_loss_stays_finite_where_the_sigmoid_saturates() -> None:
    assert losses.adversarial_loss(torch.tensor([-1e4])).item() == pytest.approx(1e4)


def test_discriminator_loss_against_binary_cross_entropy() -> None:
    real, fake = torch.randn(8), torch.randn(8)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.cat([real, fake]), torch.cat([torch.ones(8), torch.zeros(8)])
    )
    assert losses.discriminator_loss(real, fake).item() == pytest.approx(expected.item(), rel=1e-6)
    undecided = torch.zeros(3)
    assert losses.discriminator_loss(undecided, undecided).item() == pytest.approx(math.log(2))


def test_total_variation_by_hand() -> None:
    image = torch.tensor([[[[0.0, 1.0], [0.0, 3.0]]]])
    # Horizontal differences 1 and 3, vertical 0 and 2, each squared and averaged.
    assert losses.total_variation_loss(image).item() == pytest.approx((1 + 9) / 2 + (0 + 4) / 2)


def test_total_variation_does_not_depend_on_the_batch_size() -> None:
    image = torch.rand(1, 3, 9, 7)
    one, four = (
        losses.total_variation_loss(image),
        losses.total_variation_loss(image.repeat(4, 1, 1, 1)),
    )
    assert one.item() == pytest.approx(four.item(), rel=1e-6)


def test_total_variation_needs_two_pixels() -> None:
    with pytest.raises(ValueError, match="2×2"):
        losses.total_variation_loss(torch.rand(1, 3, 1, 5))


@pytest.mark.parametrize("sigma_px", [0.8, 3**0.5, 4.3])
@pytest.mark.parametrize("height", [40, 300])
def test_blur_against_opencv(sigma_px: float, height: int) -> None:
    image = torch.rand(2, 3, height, 33)
    blurred = gaussian_blur(image, sigma_px).numpy()
    size = 2 * math.ceil(3.5 * sigma_px) + 1
    for given, came in zip(image.numpy(), blurred, strict=True):
        for channel in range(3):
            expected = cv2.GaussianBlur(
                given[channel], (size, size), sigma_px, borderType=cv2.BORDER_REFLECT_101
            )
            np.testing.assert_allclose(came[channel], expected, atol=1e-6)


def test_blur_keeps_constants_and_the_papers_amplitude() -> None:
    constant = torch.full((1, 3, 30, 30), 0.3)
    torch.testing.assert_close(gaussian_blur(constant, 3**0.5), constant)
    impulse = torch.zeros(1, 1, 31, 31)
    impulse[0, 0, 15, 15] = 1
    # The paper's A = 0.053 is the peak of a Gaussian that sums to one and has variance 3.
    assert gaussian_blur(impulse, 3**0.5).max().item() == pytest.approx(0.053, abs=1e-3)


def test_grey_is_the_luma_of_opencv() -> None:
    image = torch.rand(1, 3, 6, 5)
    expected = cv2.cvtColor(image[0].permute(1, 2, 0).numpy(), cv2.COLOR_RGB2GRAY)
    np.testing.assert_allclose(grey(image)[0, 0].numpy(), expected, atol=1e-6)
    # Another standard's luma (BT.709, skimage) differs: the two must not be mixed up.
    assert np.abs(rgb2gray(image[0].permute(1, 2, 0).numpy()) - expected).max() > 1e-3


def test_transport_loss_is_zero_for_the_moved_photo_and_its_square_by_hand() -> None:
    image = torch.rand(2, 3, 20, 20)
    blurred = gaussian_blur(image, 1.5)
    assert losses.transport_loss(blurred, image, 1.5) == 0
    # Green 0.2 brighter everywhere: a third of the values are off by 0.2.
    moved = image + torch.tensor([0.0, 0.2, 0.0]).view(3, 1, 1)
    value = losses.transport_loss(blurred, moved, 1.5).item()
    assert value == pytest.approx(0.2**2 / 3, rel=1e-4)


def test_r1_penalty_of_a_linear_discriminator() -> None:
    weight = torch.randn(3, 4, 4)
    real = torch.rand(5, 3, 4, 4, requires_grad=True)
    logits = (real * weight).sum((1, 2, 3))
    expected = 0.5 * weight.square().sum().item()
    assert losses.r1_penalty(logits, real).item() == pytest.approx(expected, rel=1e-5)


def test_structure_loss_is_scikit_images_ssim_at_every_second_window() -> None:
    random = torch.Generator().manual_seed(0)
    image, reference = (torch.rand(2, 3, 21, 31, generator=random) for _ in range(2))
    image = 0.7 * reference + 0.3 * image
    expected = []
    for pair in zip(image.numpy(), reference.numpy(), strict=True):
        _, windows = structural_similarity(
            *pair, win_size=7, channel_axis=0, data_range=1, use_sample_covariance=False, full=True
        )
        expected.append(windows[:, 3:-3:2, 3:-3:2].mean())
    got = losses.structure_loss(image, reference).item()
    assert got == pytest.approx(1 - np.mean(expected), abs=1e-5)
    assert 0.02 < got < 0.5
    assert losses.structure_loss(reference, reference).item() == pytest.approx(0, abs=1e-6)
