"""Pictures told apart by the names of their classes, without training."""

from collections.abc import Sequence

import numpy as np
from keras import ops

from comparators.models.dual_encoder import DualEncoder

DEFAULT_TEMPLATES = ("a photo of a {}.",)


class ZeroShotClassifier:
    """Tells which of some labels an item is, from texts that name them.

    Each label is written into each template; the mean of the texts' embeddings, each of length one, stands for the
    label. The texts are embedded once. `CLIP.zero_shot_classifier` makes it; any dual encoder with a role of texts will
    do, `AudioText` and `TextVideo` too.

    Args:
        model: the dual encoder, one of whose roles is `"text"`.
        labels: names of the classes.
        templates: texts with a place `{}` for the label.
        scale: what cosines are multiplied by before the softmax of `predict_proba`; None takes what the model's
            objective has learnt, and 100, where CLIP's networks end, of a model without one.

    Attributes:
        labels: the names, in the order of the probabilities.
        embeddings: of the labels, `(labels, embedding_dim)`, of length one.

    Raises:
        ValueError: there are no labels, one is there twice or is empty, there are no templates, one has no place for
            the label, `scale` is not positive, or the model has no texts.

    Example:
        >>> from comparators.generators import TextTokenizer
        >>> from comparators.models import CLIP
        >>> tokenizer = TextTokenizer.of_words(["a", "photo", "of", "cat", "dog"])
        >>> model = CLIP.small(tokenizer, size=(28, 28), embedding_dim=8)
        >>> classifier = ZeroShotClassifier(model, ["cat", "dog"], ["a photo of a {}.", "{}"])
        >>> classifier.predict_proba([np.zeros((28, 28), "uint8")]).shape
        (1, 2)

    Reference:
        Radford et al. 2021, Learning transferable visual models from natural language supervision.
    """

    def __init__(
        self,
        model: DualEncoder,
        labels: Sequence[str],
        templates: Sequence[str] = DEFAULT_TEMPLATES,
        scale: float | None = None,
    ):
        self.labels = _checked_labels(labels)
        self.templates = _checked_templates(templates)
        if "text" not in model.roles:
            raise ValueError(f"`model` must have a role 'text'. Received: roles {sorted(model.roles)}.")
        if scale is not None and not scale > 0:
            raise ValueError(f"`scale` must be positive. Received: scale={scale}.")
        (self.role,) = model.roles.keys() - {"text"}
        self.model = model
        learnt = getattr(model.objective, "scale", 100.0)
        self.scale = float(ops.convert_to_numpy(learnt) if scale is None else scale)
        texts = [template.replace("{}", label) for label in self.labels for template in self.templates]
        rows = _unit(model.embed(texts, role="text")).reshape(len(self.labels), len(self.templates), -1)
        self.embeddings = _unit(rows.mean(axis=1))

    def decision_function(self, inputs, batch_size: int = 64) -> np.ndarray:
        """Returns the cosine of each item and each label, `(n, labels)`.

        Args:
            inputs: items as `model.embed` takes them: files, arrays, a manifest.
            batch_size: items encoded at once.
        """
        return _unit(self.model.embed(inputs, role=self.role, batch_size=batch_size)) @ self.embeddings.T

    def predict(self, inputs, batch_size: int = 64) -> np.ndarray:
        """Returns the label that each item is most like, `(n,)`. See `decision_function` for the arguments."""
        return np.array(self.labels)[self.decision_function(inputs, batch_size).argmax(axis=1)]

    def predict_proba(self, inputs, batch_size: int = 64) -> np.ndarray:
        """Returns the softmax of the scaled cosines, `(n, labels)`. See `decision_function` for the arguments.

        They are shares among these labels: an item of none of them has a high one too.
        """
        logits = self.scale * self.decision_function(inputs, batch_size)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


def _unit(embeddings: np.ndarray) -> np.ndarray:
    return embeddings / np.maximum(np.linalg.norm(embeddings, axis=-1, keepdims=True), 1e-12)


def _checked_labels(labels: Sequence[str]) -> list[str]:
    if isinstance(labels, str) or not len(labels):
        raise ValueError(f"`labels` must be the names of the classes, at least one. Received: labels={labels!r}.")
    names = [str(label) for label in labels]
    if not all(name.strip() for name in names):
        raise ValueError(f"`labels` must not be empty texts. Received: labels={names!r}.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"`labels` must be distinct. Received twice: {', '.join(twice)}.")
    return names


def _checked_templates(templates: Sequence[str]) -> list[str]:
    if isinstance(templates, str) or not len(templates):
        raise ValueError(
            f'`templates` must be a list of texts, such as ["a photo of a {{}}."]. Received: templates={templates!r}.'
        )
    wrong = [template for template in templates if "{}" not in template]
    if wrong:
        raise ValueError(f"Each of `templates` must have a place {{}} for the label. Received: {wrong[0]!r}.")
    return list(templates)
