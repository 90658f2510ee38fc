"""Between the levels of photos and the floats of networks."""

import numpy as np
import torch

from wespe.photos.tensors import to_pixels, to_tensor


def test_pixels_and_tensors() -> None:
    every_level = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    tensor = to_tensor(every_level)
    assert tensor.shape == (1, 3, 16, 16)
    assert tensor.dtype == torch.float32
    assert (float(tensor.min()), float(tensor.max())) == (0, 1)
    assert tensor[0, 2, 3, 4] == torch.tensor((3 * 16 + 4) / 255)
    assert torch.equal(to_tensor(every_level[0]), tensor)
    np.testing.assert_array_equal(to_pixels(tensor), every_level)
    out_of_range = torch.tensor([-0.3, 0.1, 1.7]).reshape(1, 3, 1, 1)
    assert to_pixels(out_of_range).tolist() == [[[[0, 26, 255]]]]
