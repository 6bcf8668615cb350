"""Questions and passages: training with hard negatives, prompts, saving, searching."""

import keras
import numpy as np
import pandas as pd
import pytest

import comparators
from comparators.callbacks import GradedSimilarity
from comparators.custom_layers import MatchInfoNCE, SymmetricInfoNCE, VectorSimilarity
from comparators.generators import DistinctSampler, Matches, PairTable, Rows, TextTokenizer, read_text_pairs
from comparators.losses import CosineRegressionLoss, InfoNCE
from comparators.models import DPR, TextEncoder
from comparators.recognition import mine_hard_negatives

THINGS = ["fish", "dogs", "cats", "birds", "bees", "cows"]
QUESTIONS = [f"where do {thing} live" for thing in THINGS]
PASSAGES = [f"one finds {thing} there" for thing in THINGS] + ["nobody lives on the moon", "stones are not alive"]


@pytest.fixture(scope="module")
def tokenizer():
    return TextTokenizer.train(QUESTIONS + PASSAGES, vocabulary_size=200, max_tokens=12)


def tiny(tokenizer, **arguments) -> DPR:
    keras.utils.set_random_seed(0)
    return DPR.default(tokenizer, embedding_dim=16, depth=1, num_heads=2, dropout=0.0, **arguments)


def items_of(model) -> dict:
    texts = {"question": QUESTIONS, "passage": PASSAGES}
    return {role: model.encoder_of(role).items(texts[role]) for role in texts}


def test_it_learns_with_hard_negatives_mined_by_itself(tokenizer):
    model = tiny(tokenizer)
    questions, passages = model.embed(QUESTIONS, "question"), model.embed(PASSAGES, "passage")
    negatives = mine_hard_negatives(questions, passages[: len(QUESTIONS)], passages, num_negatives=2)
    assert negatives.shape == (6, 2)
    assert not (negatives == np.arange(6)[:, None]).any()
    model.compile(optimizer=keras.optimizers.Adam(0.001))
    batches = Matches(items_of(model), batch_size=4, negatives=negatives)
    history = model.fit(batches, epochs=45, verbose=0).history
    assert history["loss"][-1] < 0.1 * history["loss"][0]
    assert "recall_at_1" in history
    positions, scores = model.search(QUESTIONS, "question", model.encode(PASSAGES, "passage"), limit=3)
    assert positions[:, 0].tolist() == list(range(6))
    assert (np.diff(scores, axis=1) <= 0).all()


def test_each_role_has_its_weights_and_prompt(tokenizer):
    model = tiny(tokenizer, question_prompt="question: ", passage_prompt="passage: ")
    plain = tiny(tokenizer)
    for role, prompt in (("question", "question: "), ("passage", "passage: ")):
        np.testing.assert_allclose(
            model.embed(QUESTIONS, role), plain.embed([prompt + text for text in QUESTIONS], role), atol=1e-5
        )
    assert np.abs(model.embed(QUESTIONS, "question") - model.embed(QUESTIONS, "passage")).max() > 0.01
    with pytest.raises(ValueError, match="`role` must be one of"):
        model.embed(QUESTIONS)


def test_it_comes_back_from_a_file(tokenizer, tmp_path, fresh_python):
    model = tiny(tokenizer, question_prompt="question: ", temperature=0.1)
    model.save(tmp_path / "dpr.keras")
    again = comparators.load(tmp_path / "dpr.keras")
    assert type(again) is DPR
    assert again.objective.temperature == 0.1
    assert again.encoder_of("question").prompt == "question: "
    expected = model.similarity_matrix(QUESTIONS, PASSAGES)
    np.testing.assert_allclose(again.similarity_matrix(QUESTIONS, PASSAGES), expected, atol=1e-6)
    printed = fresh_python(
        f"import comparators\nmodel = comparators.load(r'{tmp_path / 'dpr.keras'}')\n"
        f"print(float(model.similarity_matrix({QUESTIONS[:1]!r}, {PASSAGES[:1]!r})[0, 0]))"
    )
    assert float(printed.split()[-1]) == pytest.approx(float(expected[0, 0]), abs=1e-5)


def test_other_objectives_and_dot_products(tokenizer):
    model = tiny(tokenizer)
    parts = {role: model.encoder_of(role) for role in model.role_names}
    dot = DPR(parts, MatchInfoNCE(VectorSimilarity("dot"), temperature=1.0))
    assert dot.match_similarity.form == "dot"
    symmetric = model.with_objective(SymmetricInfoNCE())
    items = items_of(symmetric)
    items["passage"] = symmetric.encoder_of("passage").items(PASSAGES[:6])
    symmetric.compile(optimizer="adam")
    keys = [[f"question {row}", f"answer {row // 2}"] for row in range(6)]
    assert np.isfinite(symmetric.fit(Matches(items, 3, keys=keys), verbose=0).history["loss"]).all()


def test_one_network_for_both_learns_from_rows(tokenizer):
    texts = QUESTIONS + PASSAGES
    rows = np.array([[row, 6 + row, 12] for row in range(6)] + [[row, 6 + row, 13] for row in range(6)])
    model = TextEncoder.default(tokenizer, embedding_dim=16, depth=1, num_heads=2, dropout=0.0)
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss=InfoNCE(temperature=0.05))
    sampler = DistinctSampler(rows[:, :2], batch_size=4)
    history = model.fit(Rows(model.items(texts), rows, sampler), epochs=20, verbose=0).history
    assert history["loss"][-1] < 0.3 * history["loss"][0]


def test_graded_pairs_of_texts_train(tokenizer):
    rows = [(QUESTIONS[i], PASSAGES[j], 5.0 if i == j else 1.0) for i in range(6) for j in range(6)]
    table = pd.DataFrame(rows, columns=["sentence1", "sentence2", "score"])
    texts, pairs = read_text_pairs(table, largest_score=5)
    model = TextEncoder.default(tokenizer, embedding_dim=16, depth=1, num_heads=2, dropout=0.0)
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss=CosineRegressionLoss())
    history = model.fit(
        PairTable(model.items(texts), pairs, 12), epochs=40, verbose=0, callbacks=[GradedSimilarity(texts, pairs)]
    ).history
    assert history["loss"][-1] < history["loss"][0]
    assert history["val_spearman"][-1] > 0.3
