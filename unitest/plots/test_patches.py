"""Pictures of patches, of what was filled in, and of attention: each thing at its place, and what does not fit."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from comparators.plots import attention, inpainting, patches

SPECTROGRAM = np.random.default_rng(0).normal(size=(48, 32))


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_hidden_patches_are_covered_low_bands_first():
    ax = patches(SPECTROGRAM, (16, 8), hidden=np.arange(12) == 7)  # second row from below, second column
    sound, cover = ax.images
    np.testing.assert_array_equal(sound.get_array(), SPECTROGRAM.T)
    assert np.argwhere(cover.get_array()[..., 3] == 1).tolist() == [[1, 1]]
    assert sound.origin == cover.origin == "lower"
    assert sound.get_extent() == pytest.approx([0, 0.48, 0, 32])


def test_image_keeps_its_first_row_above():
    image = np.zeros((8, 8, 1))
    ax = patches(image, (4, 4), hidden=[1, 0, 0, 0])
    assert ax.images[1].get_array()[0, 0, 3] == 1
    assert ax.images[1].origin == "upper"


def test_filled_in_pictures_share_their_colours():
    original = SPECTROGRAM[None]
    masked = np.where(np.arange(48)[:, None] < 16, np.nan, original)
    ax = inpainting({"original": original, "masked": masked, "inpainted": original * 3})
    assert len({panel.images[0].get_clim() for panel in ax.child_axes}) == 1
    assert np.ma.count_masked(np.ma.masked_invalid(ax.child_axes[0].images[0].get_array())) == 16 * 32
    colours = np.stack([np.zeros((4, 4)), np.ones((4, 4)), np.full((4, 4), np.nan)], axis=-1)[None]
    ax = inpainting({name: np.nan_to_num(colours) for name in ("original", "inpainted")} | {"masked": colours})
    assert np.isfinite(ax.child_axes[0].images[0].get_array()).all()


def test_attention_is_the_mean_of_the_heads():
    weights = np.random.default_rng(1).uniform(size=(3, 4, 6))
    _, looked, over_time, over_bands = attention(SPECTROGRAM, weights).child_axes
    np.testing.assert_allclose(looked.images[0].get_array(), weights.mean(axis=0))
    np.testing.assert_allclose(over_time.patches[0].get_data().values, weights.mean(axis=0).sum(axis=0))
    np.testing.assert_allclose(over_bands.patches[0].get_data().values, weights.mean(axis=0).sum(axis=1))
    assert looked.images[0].get_extent() == pytest.approx([0, 0.48, 0, 32])


def test_what_does_not_fit():
    with pytest.raises(ValueError, match=r"`patch_size` must divide \(32, 48\). Received: patch_size=\(16, 10\)"):
        patches(SPECTROGRAM, (16, 10))
    with pytest.raises(ValueError, match=r"a value for each patch, 2 x 3 = 6. Received: shape \(5,\)"):
        patches(SPECTROGRAM, (16, 16), hidden=np.ones(5))
    with pytest.raises(ValueError, match=r"A picture must be a spectrogram.*Received: shape \(3,\)"):
        patches(np.ones(3))
    with pytest.raises(ValueError, match=r"must be of `CAVMAE.inpaint`. Received: none of \['inpainted', 'masked'\]"):
        inpainting({"original": SPECTROGRAM[None]})
    with pytest.raises(ValueError, match=r"none negative. Received: shape \(2, 2\)"):
        attention(SPECTROGRAM, -np.ones((2, 2)))
