"""Texts as items of batches, their columns, and `fit` on batches of different lengths."""

import pickle

import keras
import numpy as np
import pandas as pd
import pytest

from comparators.generators import Matches, PairTable, TextItems, TextTokenizer, TokenRows
from comparators.models.encoders import WordAverageTrunk
from comparators.models.siamese import Siamese

pytest.importorskip("tokenizers")

TOKENIZER = TextTokenizer.of_words(["sea", "dog", "night"], max_tokens=40)
RANDOM = np.random.default_rng(0)


def test_rows_are_padded():
    rows = TokenRows(np.arange(1, 7, dtype=np.int32), np.array([2, 0, 4], np.int32))
    batch = rows.padded(np.array([2, 1, 0, 0]), padding_id=9)
    assert batch["tokens"].tolist() == [[3, 4, 5, 6], [9] * 4, [1, 2, 9, 9], [1, 2, 9, 9]]
    assert batch["lengths"].tolist() == [4, 0, 2, 2]
    assert rows.padded(np.array([1]), 9)["tokens"].tolist() == [[9]]
    assert rows.padded(np.array([2]), 9, multiple_of=16)["tokens"].shape == (1, 16)
    assert rows.padded(np.array([2]), 9, multiple_of=16, most=6)["tokens"].shape == (1, 6)
    assert rows.padded(np.array([2]), 9, multiple_of=16, most=3)["tokens"].shape == (1, 4)
    assert TokenRows(np.zeros(0, np.int32), np.zeros(0, np.int32)).padded(np.zeros(0, int), 0)["tokens"].shape == (0, 1)


def test_items_take_columns_of_few_numbers():
    items = TextItems(["sea " * count for count in range(1, 60)], TOKENIZER)
    assert len(items) == 59
    assert items.lengths.tolist() == [min(count, 40) for count in range(1, 60)]
    columns = {items.take(np.array([place]), RANDOM)["tokens"].shape[1] for place in range(59)}
    assert columns == {16, 32, 40}
    batch = items.take(np.array([2, 20]), RANDOM)
    assert batch["tokens"].shape == (2, 32)
    assert batch["tokens"].dtype == batch["lengths"].dtype == np.int32
    assert batch["lengths"].tolist() == [3, 21]
    again = pickle.loads(pickle.dumps(items)).take(np.array([2, 20]), RANDOM)
    np.testing.assert_array_equal(again["tokens"], batch["tokens"])


def test_prompt_is_put_before_each_text():
    items = TextItems(["dog", "sea"], TOKENIZER, prompt="night ")
    assert items.texts == ["night dog", "night sea"]
    assert items.take(np.array([0, 1]), RANDOM)["tokens"][:, :3].tolist() == [[3, 2, 0], [3, 1, 0]]


def test_items_refuse():
    with pytest.raises(ValueError, match=r"`texts` must hold at least one text\. Received: none"):
        TextItems([], TOKENIZER)
    with pytest.raises(ValueError, match=r"Texts must be strings\. Received: nan at position 1"):
        TextItems(pd.Series(["sea", np.nan]), TOKENIZER)
    with pytest.raises(TypeError, match=r"`prompt` must be a text.* Received: prompt=None"):
        TextItems(["sea"], TOKENIZER, prompt=None)


# The first two batches are of 16 columns, the third of 32: Keras looks at two to tell which axes differ.
LENGTHS = [3] * 8 + [30] * 4


@pytest.fixture
def texts() -> list[str]:
    return ["sea dog night " * (length // 3) for length in LENGTHS]


def test_fit_takes_batches_of_other_columns_than_the_first_two(texts):
    pairs = pd.DataFrame({"item_a": range(12), "item_b": np.roll(range(12), 1), "same": [0, 1] * 6})
    batches = PairTable(TextItems(texts, TOKENIZER), pairs, batch_size=2)
    seed = next(seed for seed in range(1000) if _columns(pairs, texts, seed) == [16, 16])
    batches = PairTable(TextItems(texts, TOKENIZER), pairs, batch_size=2, seed=seed)
    model = Siamese(WordAverageTrunk(TOKENIZER.vocabulary_size, 4, train_words=True))
    model.compile(optimizer="adam", loss="binary_crossentropy")
    history = model.fit(batches, epochs=2, validation_data=batches, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(history["val_loss"]).all()


def _columns(pairs: pd.DataFrame, texts: list[str], seed: int) -> list[int]:
    batches = PairTable(TextItems(texts, TOKENIZER), pairs, batch_size=2, seed=seed)
    return [batches[index][0][0]["tokens"].shape[1] for index in range(2)]


def test_matches_name_their_ragged_inputs(texts):
    other = TextItems(texts, TOKENIZER)
    assert Matches({"a": other, "b": other}, 4).ragged_inputs == ("tokens",)
    if keras.backend.backend() == "tensorflow":
        spec = Matches({"a": other, "b": other}, 4).get_tf_dataset().element_spec
        for role in "ab":
            assert spec[0][role]["tokens"].shape.as_list() == [None, None]
            assert spec[0][role]["lengths"].shape.as_list() == [None]
