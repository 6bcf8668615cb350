"""One-shot classification: chance, certainty, drawers who must differ, and what is refused."""

import numpy as np
import pytest

from comparators.metrics import one_shot_error


def drawings(num_alphabets=2, num_characters=6, num_drawers=5, dim=8, noise=0.0, style=0.0, seed=0):
    """Embeddings of characters plus what belongs to the drawer plus noise, with labels, drawers and alphabets."""
    random = np.random.default_rng(seed)
    shape = (num_alphabets, num_characters, num_drawers)
    alphabets, characters, drawers = (index.ravel() for index in np.indices(shape))
    labels = alphabets * num_characters + characters
    embeddings = random.normal(size=(num_alphabets * num_characters, dim))[labels]
    embeddings = embeddings + style * random.normal(size=(num_drawers, dim))[drawers]
    return embeddings + noise * random.normal(size=embeddings.shape), labels, drawers, alphabets


def test_equal_drawings_are_always_right():
    assert one_shot_error(*drawings(), num_ways=6, num_runs=20) == 0


def test_without_information_it_is_chance():
    embeddings, labels, drawers, alphabets = drawings(num_characters=10, num_drawers=20)
    noise = np.random.default_rng(1).normal(size=embeddings.shape)
    for guesses in (noise, np.ones_like(noise)):
        error = one_shot_error(guesses, labels, drawers, alphabets, num_ways=5, num_runs=1000)
        assert error == pytest.approx(0.8, abs=0.03)


def test_all_runs_of_two_drawers_equal_plain_loops():
    """With two drawers and all characters in a run there are two runs only: either drawer as the reference."""
    embeddings, labels, drawers, _ = drawings(1, 7, 2, noise=1.0)
    directions = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    expected = []
    for reference in (0, 1):
        wrong = 0
        for query in np.flatnonzero(drawers != reference):
            candidates = np.flatnonzero(drawers == reference)
            best = max(candidates, key=lambda item: directions[item] @ directions[query])
            wrong += labels[best] != labels[query]
        expected.append(wrong / 7)
    errors = [one_shot_error(embeddings, labels, drawers, num_ways=7, num_runs=1, seed=seed) for seed in range(20)]
    assert {round(error, 6) for error in errors} == {round(error, 6) for error in expected}


def test_the_reference_is_never_by_the_same_drawer():
    """Embeddings that hold the drawer and not the character are no better than chance."""
    _, labels, drawers, alphabets = drawings()
    assert one_shot_error(np.eye(5)[drawers] + 1e-9, labels, drawers, alphabets, num_ways=6) > 0.7


def test_it_is_within_an_alphabet():
    """Characters that another alphabet has too do no harm."""
    embeddings, labels, drawers, alphabets = drawings()
    embeddings[alphabets == 1] = embeddings[alphabets == 0]
    assert one_shot_error(embeddings, labels, drawers, alphabets, num_ways=6) == 0
    assert one_shot_error(embeddings, labels, drawers, num_ways=12) > 0.2


def test_a_small_alphabet_takes_part_with_all_it_has():
    embeddings, labels, drawers, _ = drawings(1, 3, 4, noise=2.0)
    shown = one_shot_error(embeddings, labels, drawers, num_ways=20, num_runs=50)
    assert shown == one_shot_error(embeddings, labels, drawers, num_ways=3, num_runs=50)


def test_missing_drawings_are_passed_over():
    embeddings, labels, drawers, alphabets = drawings()
    kept = np.random.default_rng(0).random(len(labels)) < 0.8
    assert one_shot_error(embeddings[kept], labels[kept], drawers[kept], alphabets[kept], num_ways=3) == 0


def test_same_seed_same_error_and_order_of_items_is_nothing():
    embeddings, labels, drawers, alphabets = drawings(noise=1.0)
    first = one_shot_error(embeddings, labels, drawers, alphabets, num_ways=5, num_runs=30, seed=4)
    order = np.random.default_rng(0).permutation(len(labels))
    again = one_shot_error(
        embeddings[order], labels[order], drawers[order], alphabets[order], num_ways=5, num_runs=30, seed=4
    )
    assert 0 < first == again


def test_names_and_other_similarities():
    embeddings, labels, drawers, alphabets = drawings()
    names = np.char.add("character", labels.astype(str))
    for similarity in ("euclidean", lambda a, b: -np.abs(a[:, None] - b).sum(-1)):
        assert one_shot_error(embeddings, names, drawers, alphabets, num_ways=6, similarity=similarity) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_ways": 1}, "Received: num_ways=1, num_runs=400"),
        ({"num_runs": 0}, "num_runs=0"),
        ({"drawers": [0] * 60}, "by 1 drawers"),
        ({"drawers": [0, 1]}, "one value for each row"),
    ],
)
def test_what_is_refused(arguments, message):
    embeddings, labels, drawers, _ = drawings()
    with pytest.raises(ValueError, match=message):
        one_shot_error(**{"embeddings": embeddings, "labels": labels, "drawers": drawers} | arguments)
