"""Training of a classifier: it learns, the same each time, keeps the best weights of a validation set."""

import keras
import numpy as np

from comparators.custom_layers import NoiseAndRoll, SpecAugment
from comparators.models import ClassifierTraining, SharedConvolutionClassifier
from comparators.models.encoders import SharedConvolutionTrunk


def make() -> SharedConvolutionClassifier:
    return SharedConvolutionClassifier(SharedConvolutionTrunk(40, 40, 16, 8), num_classes=2)


def sounds(num: int = 24, seed: int = 0):
    rng, codes = np.random.default_rng(seed), np.arange(num) % 2
    features = rng.normal(size=(num, 40, 40)).astype("float32")
    features[codes == 1, :, :20] += 2
    return features, codes


def test_learns_and_repeats():
    features, codes = sounds()
    training = ClassifierTraining(
        epochs=12,
        batch_size=8,
        learning_rate=5e-3,
        mixup=0.5,
        augmentation=(lambda: NoiseAndRoll(seed=0), lambda: SpecAugment.one_mask_each(4, 8, seed=0)),
        warm_up_epochs=1,
    )
    model = training.fit(make, features, codes)
    assert (model.predicted_labels(features) == codes).mean() > 0.9
    again = training.fit(make, features, codes)
    for first, second in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_keeps_the_best_weights():
    """With labels turned round for validation, more training is always worse: the first epoch's weights stay."""
    features, codes = sounds()
    seen = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["val_loss"]))
    training = ClassifierTraining(epochs=20, batch_size=8, learning_rate=5e-3, patience=3, label_smoothing=0.0)
    model = training.fit(make, features, codes, (features, 1 - codes), [watch])
    assert len(seen) < 20
    logits = model.predict(features, verbose=0)
    targets = np.eye(2)[1 - codes]
    loss = -np.mean((logits * targets).sum(1) - np.log(np.exp(logits).sum(1)))
    np.testing.assert_allclose(loss, min(seen), rtol=1e-4)
