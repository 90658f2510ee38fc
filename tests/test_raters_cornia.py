"""CORNIA: features, distortions, the authors' files, and a small refit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file
from scipy.io import savemat
from scipy.sparse import csc_matrix
from skimage import data

from wespe.core.device import resolve
from wespe.judging.raters.base import Fitted, Task, load_rater, save_rater
from wespe.judging.raters.cornia import features, refit
from wespe.judging.raters.cornia.distortions import DISTORTIONS, LEVELS, VERSIONS
from wespe.judging.raters.cornia.features import Codebook, encode, fit_codebook, sample_patches
from wespe.judging.raters.cornia.published import read_published
from wespe.judging.raters.cornia.rater import CorniaRater
from wespe.judging.raters.cornia.settings import CorniaSettings
from wespe.judging.raters.run import fit_rater
from wespe.photos.images import Pixels
from wespe.results.index import PhotoEntry, PhotoIndex, write_index

CPU = resolve("cpu-fp32")


def noise(seed: int, *shape: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)


def codebook(seed: int, words: int) -> Codebook:
    random = np.random.default_rng(seed)
    made = features.unit_columns(random.standard_normal((49, words)))
    whitening = random.standard_normal((49, 49)).astype(np.float32)
    return Codebook(random.standard_normal(49).astype(np.float32), whitening, made)


def test_a_patch_hand_computed() -> None:
    # Columns of 0, 10, … 60: their mean is 30, their variance (ddof 1) 7 · 2800 / 48.
    grey = np.tile(np.arange(0, 70, 10, dtype=np.uint8), (7, 1))
    patch = sample_patches(np.repeat(grey[..., None], 3, axis=2), 9, seed=0)
    assert patch.shape == (1, 49)
    expected = (np.repeat(np.arange(0, 70, 10), 7) - 30) / np.sqrt(7 * 2800 / 48 + 10)
    # Column by column, as MATLAB stores a patch.
    assert patch[0] == pytest.approx(expected, abs=1e-6)


def test_places_depend_on_the_size_alone_and_do_not_repeat() -> None:
    photo = noise(0, 20, 30)
    place = np.arange(20 * 30, dtype=np.float32).reshape(20, 30) % 251
    marked = np.repeat(place[..., None], 3, axis=2).astype(np.uint8)
    assert np.array_equal(sample_patches(photo, 50, seed=1), sample_patches(photo, 50, seed=1))
    assert not np.array_equal(sample_patches(photo, 50, seed=1), sample_patches(photo, 50, seed=2))
    everywhere = sample_patches(photo, 10**6, seed=1)
    assert len(np.unique(everywhere, axis=0)) == len(everywhere) == 14 * 24
    # A brighter copy is looked at in the same places: normalised, its patches are the same.
    brighter = sample_patches(marked // 2 + 100, 50, seed=1)
    assert brighter == pytest.approx(sample_patches(marked // 2, 50, seed=1), abs=1e-5)


def test_a_photo_below_a_patch_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 7 px, got 30×6"):
        sample_patches(noise(0, 6, 30), 10, seed=0)


def test_whitened_patches_are_uncorrelated() -> None:
    patches = sample_patches(data.astronaut(), 5000, seed=0)
    mean, whitening = features.fit_whitening(patches)
    whitened = (patches - mean) @ whitening
    assert whitened.mean(axis=0) == pytest.approx(np.zeros(49), abs=1e-4)
    variances = np.linalg.eigvalsh(np.cov(patches, rowvar=False))
    after = np.sort(np.linalg.eigvalsh(np.cov(whitened, rowvar=False)))
    assert after == pytest.approx(np.sort(variances / (variances + 0.1)), abs=1e-3)
    # ZCA, unlike PCA, does not turn: its matrix is symmetric.
    assert whitening == pytest.approx(whitening.T, abs=1e-5)


def test_soft_assignment_against_its_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "_CHUNK_WORDS", 3)
    book = codebook(0, words=8)
    patches = np.random.default_rng(1).standard_normal((20, 49)).astype(np.float32)
    expected = np.zeros(16)
    for patch in patches:
        for word in range(8):
            product = float((patch - book.mean) @ book.whitening @ book.words[:, word])
            expected[word] = max(expected[word], product)
            expected[8 + word] = max(expected[8 + word], -product)
    assert encode(patches, book) == pytest.approx(expected, rel=1e-4)
    # Pooling by the largest knows neither order nor repetition.
    assert encode(np.concatenate([patches[::-1], patches]), book) == pytest.approx(
        expected, rel=1e-4
    )


def test_a_codebook_has_unit_words_that_cover_the_patches() -> None:
    patches = sample_patches(data.astronaut(), 3000, seed=0)
    book = fit_codebook(patches, 40, seed=0)
    assert book.words.shape == (49, 40)
    assert np.linalg.norm(book.words, axis=0) == pytest.approx(np.ones(40), abs=1e-5)
    assert np.array_equal(book.words, fit_codebook(patches, 40, seed=0).words)
    with pytest.raises(ValueError, match="at least 40 patches for 40 words, got 39"):
        fit_codebook(patches[:39], 40, seed=0)


@pytest.mark.parametrize("name", DISTORTIONS)
def test_distortions_grow_with_their_level(name: str) -> None:
    photo = data.astronaut()[100:260, 100:260]
    before = photo.copy()
    errors = []
    for level in LEVELS:
        distorted = DISTORTIONS[name](photo, level, 0)
        assert distorted.shape == photo.shape
        assert distorted.dtype == np.uint8
        assert np.array_equal(distorted, DISTORTIONS[name](photo, level, 0))
        errors.append(float(np.square(distorted.astype(float) - photo).mean()))
    assert errors[0] > 0
    assert errors == sorted(errors)
    assert errors[-1] > 5 * errors[0]
    assert np.array_equal(photo, before)


def test_pseudo_opinions_are_percentile_ranks() -> None:
    similarity = np.array([1.0, 0.5, 1.0, 0.9, 0.2])
    assert refit.pseudo_opinions(similarity).tolist() == [12.5, 75, 12.5, 50, 100]


def test_correlations_hand_computed() -> None:
    levels = np.array([level for _, level in VERSIONS], float)
    assert refit.correlations(np.stack([levels, 10 * levels + 1]))["jpeg"]["within"] == 1
    upside_down = refit.correlations(np.stack([levels, -levels]))["noise"]
    assert upside_down["within"] == pytest.approx(0, abs=1e-12)
    # Of a photo that is worse all over the order within it is right, that over both is not.
    apart = refit.correlations(np.stack([levels, levels + 6]))["blur"]
    assert apart["within"] == 1
    assert 0 < apart["pooled"] < 0.6


Release = Callable[..., Path]


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Write files like the authors', with random content; a value can be replaced or left out."""

    def write(**changed: Any) -> Path:
        random = np.random.default_rng(0)
        values: dict[str, Any] = {
            "codebook0": random.standard_normal((49, 5)),
            "M": random.standard_normal((1, 49)),
            "P": random.standard_normal((49, 49)),
            "soft_scale_param": random.standard_normal((10, 2)),
            "soft_model": {
                "Parameters": np.array([[4.0], [0], [3], [0.1], [0]]),
                "rho": 1.5,
                "sv_coef": random.standard_normal((3, 1)),
                "SVs": csc_matrix(random.standard_normal((3, 10))),
            },
        } | changed
        for file, names in {
            "CSIQ_codebook_BS7.mat": ["codebook0"],
            "CSIQ_whitening_param.mat": ["M", "P"],
            "LIVE_soft_svm_model.mat": ["soft_model", "soft_scale_param"],
        }.items():
            savemat(tmp_path / file, {n: values[n] for n in names if values[n] is not None})
        return tmp_path

    return write


def test_the_authors_files_give_the_score_of_their_code(release: Release) -> None:
    folder = release()
    book, weights, bias = read_published(folder)
    random = np.random.default_rng(0)
    words, mean, whitening = (random.standard_normal(shape) for shape in ((49, 5), 49, (49, 49)))
    scale, coefficients, vectors = (
        random.standard_normal(shape) for shape in ((10, 2), (3, 1), (3, 10))
    )
    patches = sample_patches(noise(3, 30, 30), 200, seed=0)
    products = (patches - mean) @ whitening @ (words / np.linalg.norm(words, axis=0))
    pooled = np.concatenate([products.clip(min=0).max(0), (-products).clip(min=0).max(0)])
    expected = (vectors @ (pooled * scale[:, 0] + scale[:, 1])) @ coefficients[:, 0] - 1.5
    assert encode(patches, book) @ weights + bias == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"codebook0": np.ones((25, 5))}, r"BS7\.mat: expected codebook0 to be 49×any, got 25×5"),
        ({"P": None}, r"param\.mat: expected the variable P, got none"),
        ({"soft_scale_param": np.ones((8, 2))}, r"expected soft_scale_param to be 10×2, got 8×2"),
        ({"soft_model": {"rho": 1.0}}, r"has no Parameters, SVs, sv_coef"),
        ({"soft_model": np.ones((1, 1))}, r"expected a libsvm model"),
        (
            {"soft_model": {"Parameters": [4, 2], "rho": 1, "sv_coef": [[1]], "SVs": [[1.0]]}},
            r"linear kernel \(0\), got libsvm's kernel 2",
        ),
        (
            {"soft_model": {"Parameters": [4, 0], "rho": 1, "sv_coef": [[1]], "SVs": [[1.0]]}},
            r"expected 1 support vectors of 10 features, got 1 of 1",
        ),
    ],
)
def test_other_files_are_refused_by_name(
    release: Release, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_published(release(**changed))


def test_files_that_are_missing_or_no_matlab_are_refused(release: Release, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"BS7\.mat: no such file; it is one of the authors'"):
        read_published(tmp_path)
    folder = release()
    (folder / "CSIQ_whitening_param.mat").write_bytes(b"not a matrix at all" * 40)
    with pytest.raises(ValueError, match=r"param\.mat: expected a MATLAB file"):
        read_published(folder)


def make_task(folder: Path) -> Task:
    """Twelve crops of real photos to learn from."""
    entries = []
    (folder / "photos").mkdir()
    (folder / "state").mkdir()
    photos = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket()]
    for number in range(12):
        crop = photos[number // 3][80:208, 128 * (number % 3) :][:, :128]
        Image.fromarray(crop).save(folder / "photos" / f"{number}.png")
        entries.append(PhotoEntry(f"{number}.png", 128, 128, ""))
    index = PhotoIndex("crops", str(folder / "photos"), "skimage", False, entries)
    return Task("cornia", folder, index, 0, CPU, folder / "state")


SMALL = CorniaSettings(
    kind="cornia",
    photos="crops",
    words=150,
    patches_per_photo=1500,
    codebook_patches=5000,
    held_out=0.3,
)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Task, Fitted]:
    """A small refit and what it was made from."""
    task = make_task(tmp_path_factory.mktemp("learned"))
    return task, CorniaRater.fit(SMALL, task)


@pytest.fixture
def fitted(learned: tuple[Task, Fitted]) -> Fitted:
    return learned[1]


@pytest.mark.slow
def test_a_refit_ranks_distortions_of_photos_it_has_not_seen(fitted: Fitted) -> None:
    card = fitted.figures
    assert sorted(card["photos_learned"] + card["photos_held_out"]) == (
        sorted(f"{number}.png" for number in range(12))
    )
    assert len(card["photos_held_out"]) == 4
    assert card["examples"] == 8 * 21
    assert len(fitted.says) == 4
    # With 150 words, of eight crops; the full size is in docs/raters.md.
    within = {name: found["within"] for name, found in card["spearman"].items()}
    assert list(within) == list(DISTORTIONS)
    assert np.mean(list(within.values())) > 0.6
    rater = fitted.rater
    assert (rater.shown.label, rater.shown.better) == ("CORNIA (refit)", "lower")
    photo = data.coffee()[200:300, 200:330]
    assert rater.score(photo) < rater.score(DISTORTIONS["noise"](photo, 5, 1))
    assert any("cannot be compared with published" in limit for limit in fitted.limits)


@pytest.mark.usefixtures("two_processes")
def test_a_stopped_refit_goes_on_to_the_same_rater(
    learned: tuple[Task, Fitted], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, fitted = learned
    save_rater(tmp_path / "a.safetensors", fitted.rater)
    # What is kept is not made again: all but one photo's features.
    monkeypatch.delattr("wespe.judging.raters.cornia.words.fit_codebook")
    (task.state / "3.safetensors").unlink()
    save_rater(tmp_path / "b.safetensors", CorniaRater.fit(SMALL, task).rater)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_a_rater_is_the_same_from_its_file(fitted: Fitted, tmp_path: Path) -> None:
    path = tmp_path / "rater.safetensors"
    save_rater(path, fitted.rater)
    again = load_rater(path, CPU)
    photo = noise(5, 40, 60)
    assert isinstance(again, CorniaRater)
    assert again.score(photo) == fitted.rater.score(photo) == again.score(photo)
    assert load_file(path)["words"].shape == (49, 150)


def test_the_authors_files_make_a_rater_without_a_refit(release: Release, tmp_path: Path) -> None:
    task = make_task(tmp_path)
    settings = SMALL.model_copy(update={"published": str(release())})
    assert settings.weights_file == str(tmp_path / "LIVE_soft_svm_model.mat")
    fitted = CorniaRater.fit(settings, task)
    assert fitted.rater.shown.label == "CORNIA"
    assert fitted.figures == {"words": 5}
    save_rater(tmp_path / "r.safetensors", fitted.rater)
    assert load_rater(tmp_path / "r.safetensors", CPU).shown.label == "CORNIA"


def test_the_card_of_the_authors_own(release: Release, tmp_path: Path) -> None:
    task = make_task(tmp_path)
    write_index(tmp_path / "index.json", task.photos)
    card = fit_rater(
        "own",
        settings=SMALL.model_copy(update={"published": str(release())}),
        index=tmp_path / "index.json",
        seed=0,
        device=CPU,
        out=tmp_path / "out",
        state=tmp_path / "state",
    )
    assert (card.kind, card.label, card.better) == ("cornia", "CORNIA", "lower")
    assert "other random places" in card.limits[0]
    assert load_rater(tmp_path / "out" / "rater.safetensors", CPU).shown.label == "CORNIA"


def test_a_file_whose_parts_do_not_agree_is_refused(
    fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rater = fitted.rater
    tensors = {**rater.tensors(), "weights": np.zeros(298)}
    with monkeypatch.context() as patch:
        patch.setattr(rater, "tensors", lambda: tensors)
        save_rater(tmp_path / "r.safetensors", rater)
    with pytest.raises(ValueError, match="do not agree: expected 300 weights"):
        load_rater(tmp_path / "r.safetensors", CPU)


def test_too_few_photos_or_patches_are_refused(tmp_path: Path) -> None:
    task = make_task(tmp_path)
    with pytest.raises(ValueError, match="crops: expected at least 10000 patches for 10000 words"):
        CorniaRater.fit(SMALL.model_copy(update={"words": 10_000}), task)
    few = replace(task.photos, photos=task.photos.photos[:2])
    with pytest.raises(ValueError, match="crops: expected at least 3 photos to learn from, got 2"):
        CorniaRater.fit(SMALL, replace(task, photos=few))


def test_threads_change_no_score(fitted: Fitted) -> None:
    photo = noise(5, 80, 90)
    before = torch.get_num_threads()
    scores = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        scores.append(fitted.rater.score(photo))
    torch.set_num_threads(before)
    assert scores[0] == scores[1]
