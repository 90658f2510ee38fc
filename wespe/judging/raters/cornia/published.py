"""The authors' own codebook and regression, from the MATLAB files of their release."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wespe.judging.raters.cornia.features import PATCH_PX, Codebook, unit_columns
from wespe.judging.raters.cornia.settings import REGRESSOR

_CODEBOOK, _WHITENING = "CSIQ_codebook_BS7.mat", "CSIQ_whitening_param.mat"
_PIXELS = PATCH_PX**2
_LINEAR = 0  # libsvm's number of the kernel


def read_published(folder: Path) -> tuple[Codebook, NDArray[np.float64], float]:
    """The codebook, and weights `(2n,)` and bias of the score, of the release in `folder`.

    The release scales features to [-1, 1] before its linear support vector regression; weights and
    bias have both. Raises ValueError, naming the file, for one that is missing or of another kind.
    """
    words = _field(folder / _CODEBOOK, "codebook0", (_PIXELS, None))
    mean = _field(folder / _WHITENING, "M", (1, _PIXELS))
    whitening = _field(folder / _WHITENING, "P", (_PIXELS, _PIXELS))
    features = 2 * words.shape[1]
    scale = _field(folder / REGRESSOR, "soft_scale_param", (features, 2))
    slopes, offset = _regression(folder / REGRESSOR, features)
    codebook = Codebook(
        mean.ravel().astype(np.float32), whitening.astype(np.float32), unit_columns(words)
    )
    return codebook, slopes * scale[:, 0], float(slopes @ scale[:, 1]) + offset


def _field(path: Path, name: str, shape: tuple[int | None, int | None]) -> NDArray[np.float64]:
    """A matrix of a MATLAB file, of that shape, where None fits any number."""
    value = _read(path, name)
    expected = "×".join("any" if side is None else str(side) for side in shape)
    got = getattr(value, "shape", ())
    if len(got) != 2 or any(w is not None and w != g for w, g in zip(shape, got, strict=True)):
        raise ValueError(
            f"{path}: expected {name} to be {expected}, got {'×'.join(map(str, got)) or 'text'}"
        )
    return np.asarray(value, np.float64)


def _regression(path: Path, features: int) -> tuple[NDArray[np.float64], float]:
    """Slopes `(features,)` and offset of libsvm's linear regression, as its MATLAB interface
    leaves it: a structure with Parameters, rho, sv_coef and the support vectors SVs."""
    model = _read(path, "soft_model")
    missing = {"Parameters", "rho", "sv_coef", "SVs"} - set(model.dtype.names or ())
    if missing:
        raise ValueError(
            f"{path}: expected a libsvm model, but soft_model has no {', '.join(sorted(missing))}"
        )
    fields = model[0, 0]
    kernel = int(np.asarray(fields["Parameters"]).ravel()[1])
    if kernel != _LINEAR:
        raise ValueError(f"{path}: expected a linear kernel (0), got libsvm's kernel {kernel}")
    vectors, coefficients = fields["SVs"], np.asarray(fields["sv_coef"], np.float64).ravel()
    if vectors.shape != (len(coefficients), features):
        raise ValueError(
            f"{path}: expected {len(coefficients)} support vectors of {features} features, "
            f"got {vectors.shape[0]} of {vectors.shape[1]}"
        )
    # Sparse vectors, as libsvm's, multiply like plain ones.
    slopes = np.asarray(vectors.T @ coefficients, np.float64).ravel()
    return slopes, -float(np.asarray(fields["rho"]).ravel()[0])


def _read(path: Path, name: str) -> Any:
    # It takes a moment to import, and only who has the files needs it.
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    if not path.is_file():
        raise ValueError(f"{path}: no such file; it is one of the authors' release of CORNIA")
    try:
        values = loadmat(path, variable_names=[name])
    except NotImplementedError as error:
        raise ValueError(
            f"{path}: MATLAB's format 7.3 is not supported; save it with `save('-v7', …)`"
        ) from error
    except (MatReadError, ValueError, TypeError, OSError, IndexError) as error:
        raise ValueError(f"{path}: expected a MATLAB file, got {error}") from error
    if name not in values:
        raise ValueError(f"{path}: expected the variable {name}, got none")
    return values[name]
