"""Items of which several versions were encoded beforehand."""

import numpy as np


class FeatureItems:
    """Features of several crops of each image as the items of batches: a random crop each time.

    A frozen network is run once on some crops of each image, see `comparators.models.crop_features`, and not in each
    epoch. For evaluation take one centred crop, or `ArrayItems(features.mean(axis=1))`.

    Args:
        features: `(n, crops, ...)`.

    Raises:
        ValueError: there is no item, or no crop.

    Example:
        >>> items = FeatureItems(np.arange(12).reshape(2, 3, 2))
        >>> items.take(np.array([1, 0, 1]), np.random.default_rng(1)).tolist()
        [[8, 9], [2, 3], [10, 11]]
    """

    def __init__(self, features: np.ndarray):
        features = np.asarray(features)
        if features.ndim < 3 or 0 in features.shape:
            raise ValueError(
                "`features` must be `(n, crops, ...)` with an item and a crop at least. "
                f"Received: shape {features.shape}. Features of one crop are `features[:, None]`."
            )
        self.features = features

    def __len__(self) -> int:
        return len(self.features)

    def take(self, indices: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Returns the features of one crop of some images, `(batch, ...)`.

        Args:
            indices: positions of the images, `(batch,)`.
            random: for which crop.
        """
        return self.features[indices, random.integers(self.features.shape[1], size=len(indices))]
