import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.similarity_head import FORMS, SimilarityHead

DIM = 5


def made(form, random=None, **arguments):
    """A head with weights drawn at random, so that no value is right by chance."""
    head = SimilarityHead(form, **arguments)
    head.build(((None, DIM), (None, DIM)))
    if random is not None:
        head.set_weights([random.normal(size=np.shape(weights)) for weights in head.get_weights()])
    return head


def loops(head, a, b):
    """The logit of one pair, value by value."""
    weights = {variable.name: ops.convert_to_numpy(variable).astype("float64") for variable in head.weights}
    kernel, bias = weights["kernel"], weights["bias"]
    if head.form != "dot":
        a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    if head.form in ("cosine", "dot"):
        return kernel[0] * sum(x * y for x, y in zip(a, b, strict=True)) + bias
    if head.form == "euclidean":
        return bias - kernel[0] * sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5
    if head.form == "manhattan":
        return bias - kernel[0] * sum(abs(x - y) for x, y in zip(a, b, strict=True))
    if head.form in ("l1", "l2"):
        power = int(head.form[1])
        return bias - sum(weight * abs(x - y) ** power for x, y, weight in zip(a, b, kernel, strict=True))
    compared = [abs(x - y) for x, y in zip(a, b, strict=True)] + [x * y for x, y in zip(a, b, strict=True)]
    logit = bias
    for unit, weight in enumerate(kernel):
        hidden = sum(value * weights["hidden_kernel"][index, unit] for index, value in enumerate(compared))
        logit += weight * max(0.0, hidden + weights["hidden_bias"][unit])
    return logit


@pytest.mark.parametrize("form", FORMS)
def test_logits_are_those_of_plain_loops_paired_and_all_with_all(random, form):
    head = made(form, random)
    a, b = random.normal(size=(4, DIM)).astype("float32"), random.normal(size=(6, DIM)).astype("float32")
    expected = np.array([[loops(head, x, y) for y in b.astype("float64")] for x in a.astype("float64")])
    np.testing.assert_allclose(ops.convert_to_numpy(head.pairwise(a, b)), expected, rtol=1e-4, atol=1e-4)
    paired = ops.convert_to_numpy(head((a, b[:4])))
    np.testing.assert_allclose(paired, np.diag(expected[:, :4]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_it_is_symmetric_and_starts_with_higher_for_more_alike(random, form):
    head = made(form)
    a = random.normal(size=(30, DIM)).astype("float32")
    b, c = a + 0.1 * random.normal(size=a.shape).astype("float32"), a[::-1].copy()
    forth, back = (ops.convert_to_numpy(head(pair)) for pair in ((a, c), (c, a)))
    np.testing.assert_allclose(forth, back, rtol=1e-5, atol=1e-5)
    matrix = ops.convert_to_numpy(head.pairwise(a, a))
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-4, atol=1e-4)
    if form != "learnt":  # which knows nothing yet
        assert ops.convert_to_numpy(head((a, b))).mean() > forth.mean() + 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e-4, 1e4])
def test_values_and_gradients_are_finite_where_two_are_equal_or_zero(random, gradients, form, scale):
    head = made(form)
    a = (scale * random.normal(size=(3, DIM))).astype("float32")

    def total(a, b):
        return ops.sum(head((a, b))) + ops.sum(ops.sigmoid(head.pairwise(a, b)))

    for slope in gradients(total, a, a.copy()):
        assert np.isfinite(slope).all()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_embeddings_give_float32_logits(random, form, dtype):
    head = made(form)
    a, b = (ops.cast(random.normal(size=(3, DIM)), dtype) for _ in range(2))
    logits = head((a, b))
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    exact = head((ops.cast(a, "float32"), ops.cast(b, "float32")))
    np.testing.assert_allclose(ops.convert_to_numpy(logits), ops.convert_to_numpy(exact), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_shapes_and_configuration(form):
    head = SimilarityHead(form, hidden_units=7)
    assert tuple(head((keras.Input((DIM,)), keras.Input((DIM,)))).shape) == (None,)
    assert SimilarityHead.from_config(head.get_config()).get_config() == head.get_config()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"one of cosine, dot, .* Received: form='angle'"):
        SimilarityHead("angle")
    with pytest.raises(ValueError, match="hidden_units=0"):
        SimilarityHead("learnt", hidden_units=0)
