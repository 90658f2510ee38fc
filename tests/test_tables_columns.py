"""The columns of a table that are no mean of a metric."""

import numpy as np
import pytest

from wespe.reports.tables.columns import pooled_psnr_db


def test_pooled_psnr_by_hand() -> None:
    # A batch of 50 with errors 0.01 and 0.03 has 0.02; another of 0.1; five more are dropped.
    errors = np.array([0.01, 0.03] * 25 + [0.1] * 50 + [1.0] * 5)
    expected = (-10 * np.log10(0.02) - 10 * np.log10(0.1)) / 2
    assert pooled_psnr_db(errors) == pytest.approx(expected)
    assert pooled_psnr_db(np.array([0.01, 0.03])) == pytest.approx(-10 * np.log10(0.02))
    both = pooled_psnr_db(np.stack([errors, errors[::-1]]))
    assert both.shape == (2,)
    assert both[0] == pytest.approx(expected)
