"""Pictures of patches, of what was filled in, and of attention: each thing at its place, and what does not fit."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from comparators.custom_layers import PixelNormalization
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
    assert ax.get_aspect() == 1


def test_colours_are_drawn_as_they_are():
    pixels = np.tile(np.array([200, 60, 40], np.uint8), (8, 8, 1))
    np.testing.assert_allclose(patches(pixels, (4, 4)).images[0].get_array()[0, 0], np.array([200, 60, 40]) / 255)
    filled = dict.fromkeys(("original", "masked", "inpainted"), pixels[None])
    filled["inpainted"] = pixels[None] * 2.0  # what was made up may be no colour
    for panel, first in zip(inpainting(filled).child_axes, (200, 255, 200), strict=True):
        assert panel.images[0].get_array()[0, 0, 0] == pytest.approx(first / 255)
    normalised = PixelNormalization("torch").undo(PixelNormalization("torch")(pixels[None]))
    patches(normalised[0], (4, 4))
    with pytest.raises(ValueError, match=r"Colours must be pixels, 0 to 255. Received: values from -1\.\d+ to 1\."):
        patches(np.array(PixelNormalization("torch")(pixels[None]))[0], (4, 4))


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


def test_attention_to_overlapping_patches_is_at_their_middles():
    spectrogram, weights = np.zeros((512, 128)), np.ones((12, 50))
    _, looked, over_time, over_bands = attention(spectrogram, weights, patch_size=(16, 16), stride=(10, 10)).child_axes
    left, right, bottom, top = looked.images[0].get_extent()
    assert (left + 0.05, right - 0.05) == pytest.approx((0.08, 4.98))  # middles of the first and the last patch
    assert (bottom + 5, top - 5) == pytest.approx((8, 118))
    np.testing.assert_allclose(over_time.patches[0].get_data().edges[[0, -1]], [left, right])
    np.testing.assert_allclose(over_bands.patches[0].get_data().edges[[0, -1]], [bottom, top])
    assert [*looked.get_xlim(), *looked.get_ylim()] == pytest.approx([0, 5.12, 0, 128])
    for arguments, message in (
        ({}, r"`patch_size` must be given where patches overlap.*\(128, 512\).*Received: 12 x 50"),
        (
            {"patch_size": (16, 16)},
            r"12 x 50 patches must fit in \(128, 512\).*stride=\(16, 16\), which make \(192, 800\)",
        ),
        ({"patch_size": (16, 16), "stride": 10}, r"`stride` must be two positive whole numbers.*stride=10"),
    ):
        with pytest.raises(ValueError, match=message):
            attention(spectrogram, weights, **arguments)


def test_attention_in_a_small_place_overlaps_nothing():
    figure, axes = plt.subplots(2, 2, figsize=(9, 6))
    panels = [attention(SPECTROGRAM, np.ones((4, 6)), ax=ax).child_axes for ax in axes.flat]
    figure.draw_without_rendering()
    for (sound, looked, over_time, over_bands), ax in zip(panels, axes.flat, strict=True):
        boxes = [
            looked.title.get_window_extent(),
            over_bands.xaxis.label.get_window_extent(),
            *(panel.get_window_extent() for panel in (sound, looked, over_time, over_bands)),
        ]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
        assert over_bands.get_tightbbox().x1 < ax.get_window_extent().x1 + 10
        assert len(over_bands.get_xticks()) > 0
        assert len(over_time.get_yticks()) > 1


def test_what_does_not_fit():
    with pytest.raises(ValueError, match=r"`patch_size` must divide \(32, 48\). Received: patch_size=\(16, 10\)"):
        patches(SPECTROGRAM, (16, 10))
    for size in (16, (0, 8), (16.0, 8.0)):
        with pytest.raises(ValueError, match=r"`patch_size` must be two positive whole numbers.*Received: patch_size="):
            patches(SPECTROGRAM, size)
    with pytest.raises(ValueError, match=r"`item` must be one of 1 pictures, counted from 0. Received: item=7"):
        inpainting(dict.fromkeys(("original", "masked", "inpainted"), SPECTROGRAM[None]), 7)
    with pytest.raises(ValueError, match=r"a value for each patch, 2 x 3 = 6. Received: shape \(5,\)"):
        patches(SPECTROGRAM, (16, 16), hidden=np.ones(5))
    with pytest.raises(ValueError, match=r"A picture must be a spectrogram.*Received: shape \(3,\)"):
        patches(np.ones(3))
    with pytest.raises(ValueError, match=r"must be of `CAVMAE.inpaint`. Received: none of \['inpainted', 'masked'\]"):
        inpainting({"original": SPECTROGRAM[None]})
    with pytest.raises(ValueError, match=r"none negative. Received: shape \(2, 2\)"):
        attention(SPECTROGRAM, -np.ones((2, 2)))
