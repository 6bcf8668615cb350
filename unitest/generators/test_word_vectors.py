"""Word vectors are read exactly, names follow one rule, and bad files are named with their line."""

import gzip
import json

import numpy as np
import pytest

from comparators.generators import WordVectors

TEXT = "sea 1 0 0.5\nwaves 0 1 -0.5\ndog 2 2 1e-3\n"


@pytest.fixture
def vectors() -> WordVectors:
    return WordVectors(["sea", "waves", "dog"], [[1, 0, 0.5], [0, 1, -0.5], [2, 2, 1e-3]])


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes, name: str = "glove.txt"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def assert_same(first: WordVectors, second: WordVectors) -> None:
    assert first.words == second.words
    assert first.vectors.dtype == second.vectors.dtype == np.float32
    np.testing.assert_array_equal(first.vectors, second.vectors)


def test_text_gzip_and_arrays_give_the_same(write, tmp_path, vectors):
    np.savez(tmp_path / "glove.npz", words=np.array(vectors.words), vectors=vectors.vectors.astype(np.float64))
    paths = [
        write(TEXT),
        write(TEXT.replace("\n", "\r\n").rstrip() + "\n\n", "dos.txt"),
        write("3 3\n" + TEXT, "fasttext.vec"),
        write(TEXT.replace(" ", "\t"), "tabs.tsv"),
        write(gzip.compress(TEXT.encode()), "glove.txt.gz"),
        tmp_path / "glove.npz",
    ]
    for path in paths:
        assert_same(WordVectors.read(path), vectors)
        assert_same(WordVectors.read(str(path), names=["Sea_waves", "cat"]), vectors.subset(["waves", "sea"]))


def test_words_of_rare_white_space_and_of_several_tokens(write):
    path = write("a 1 2\n\x85 3 4\n. . . 5 6\nq\u00a0r 7 8\n".encode())
    read = WordVectors.read(path)
    assert read.words == ["a", "\x85", ". . .", "q\u00a0r"]
    assert read[". . ."].tolist() == [5, 6]


def test_the_rule_of_phrases(vectors):
    assert vectors.dim == 3
    assert len(vectors) == 3
    assert "dog" in vectors
    assert "Dog" not in vectors
    np.testing.assert_array_equal(vectors["dog"], np.float32([2, 2, 1e-3]))
    for name in ("sea waves", "Sea_Waves", "sea-waves", "  waves -_ SEA "):
        np.testing.assert_array_equal(vectors.vector_of(name), np.float32([0.5, 0.5, 0]))
    np.testing.assert_allclose(vectors.vector_of("sea sea dog"), [4 / 3, 2 / 3, 1.001 / 3], rtol=1e-6)


def test_known_missing_and_matrix(vectors):
    names = ["dog", "sea lion", "Sea waves", "night owl"]
    assert vectors.known(names) == ["dog", "Sea waves"]
    assert vectors.missing(names) == {"sea lion": ["lion"], "night owl": ["night", "owl"]}
    with pytest.raises(ValueError, match=r"for 2 of 4 names.*'sea lion' \(lion\); 'night owl' \(night, owl\)\. Leave"):
        vectors.matrix(names)
    with pytest.raises(ValueError, match=r"'sea lion' \(lion\)"):
        vectors.vector_of("sea lion")
    matrix = vectors.matrix(["dog", "sea waves"])
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, np.float32([[2, 2, 1e-3], [0.5, 0.5, 0]]))
    assert vectors.matrix([]).shape == (0, 3)
    assert vectors.missing([]) == {}


def test_unknown_words_may_be_dropped(vectors):
    np.testing.assert_array_equal(vectors.vector_of("sea lion", drop_unknown=True), vectors["sea"])
    names = ["sea lion", "night owl"]
    assert vectors.known(names, drop_unknown=True) == ["sea lion"]
    assert vectors.missing(names, drop_unknown=True) == {"night owl": ["night", "owl"]}
    with pytest.raises(ValueError, match=r"for 1 of 2 names.*'night owl' \(night, owl\)"):
        vectors.matrix(names, drop_unknown=True)


def test_a_subset_holds_what_its_names_need(vectors):
    small = vectors.subset(["Sea waves", "cat"])
    assert small.words == ["sea", "waves"]
    np.testing.assert_array_equal(small.vector_of("sea_waves"), vectors.vector_of("sea_waves"))
    with pytest.raises(ValueError, match=r"None of the names' words has a vector. Received: names=\['cat'\]"):
        vectors.subset(["cat"])


def test_config_survives_json(vectors):
    assert_same(WordVectors.from_config(json.loads(json.dumps(vectors.get_config()))), vectors)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sea 1 2\nwaves 1 2 3\n", r"A word and 2 numbers are expected. Received: 3 after 'waves' in line 2 of"),
        ("sea 1 2\n\nwaves 1\n", r"Received: 1 after 'waves' in line 3 of '.*glove\.txt'\. Correct or remove"),
        ("sea 1 2\nwaves\n", r"Received: 0 after 'waves' in line 2 of"),
        ("sea\n", r"A word and several numbers are expected. Received: 0 after 'sea' in line 1"),
        ("sea 1 2\nwaves 1 x2\n", r"Numbers are expected.*Received: 'x2' after 'waves' in line 2 of"),
        ("sea 1 2\nsea 3 4\n", r"Word vectors of '.*' are wrong\. `words` must differ. Received more than once: sea"),
        ("sea 1 2\ndog nan 4\n", r"NaN or infinity in 1 of 2 rows, the first is that of 'dog'"),
        ("\n\n", r"No words in '.*glove\.txt'"),
        ("", r"Empty file of word vectors: '.*glove\.txt' \(0 bytes\)"),
        (b"\xff\xfe\x00", r"Not a file of word vectors: '.*It must be a text file"),
    ],
)
def test_wrong_text_files(write, text, message):
    with pytest.raises(ValueError, match=message):
        WordVectors.read(write(text))


def test_wrong_other_files(write, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such file of word vectors: '.*gone\.txt'"):
        WordVectors.read(tmp_path / "gone.txt")
    with pytest.raises(ValueError, match=r"Not a file of word vectors: '.*short\.gz'"):
        WordVectors.read(write(gzip.compress(TEXT.encode())[:-6], "short.gz"))
    with pytest.raises(ValueError, match=r"Not a file of word vectors: '.*x\.npz' .*An \.npz file must hold"):
        WordVectors.read(write("sea 1 2\n", "x.npz"))
    np.savez(tmp_path / "other.npz", vocabulary=["sea"], vectors=np.eye(1))
    with pytest.raises(ValueError, match=r"its arrays are vocabulary, vectors"):
        WordVectors.read(tmp_path / "other.npz")
    np.savez(tmp_path / "objects.npz", words=np.array(["sea"], object), vectors=np.eye(1))
    with pytest.raises(ValueError, match=r"Not a file of word vectors: '.*objects\.npz'"):
        WordVectors.read(tmp_path / "objects.npz")
    np.savez(tmp_path / "flat.npz", words=["sea"], vectors=np.ones(1))
    with pytest.raises(ValueError, match=r"`words` must be texts.* and float64 \(1,\) in '.*flat\.npz'"):
        WordVectors.read(tmp_path / "flat.npz")
    np.savez(tmp_path / "uneven.npz", words=["sea", "dog"], vectors=np.eye(1))
    with pytest.raises(ValueError, match=r"`words` must be texts.*\(2,\) and float64 \(1, 1\) in '.*uneven\.npz'"):
        WordVectors.read(tmp_path / "uneven.npz")
    with pytest.raises(ValueError, match=r"None of the names' words is in '.*glove\.txt'. Received: names=\['cat'\]"):
        WordVectors.read(write(TEXT), names=["cat"])


def test_wrong_names(vectors):
    with pytest.raises(ValueError, match=r"A name must hold at least one word. Received: ' -_'"):
        vectors.known(["dog", " -_"])
    with pytest.raises(TypeError, match=r"`names` must be a list of names. Received: one text, 'dog'. Write \['dog'\]"):
        vectors.matrix("dog")
    with pytest.raises(KeyError):
        vectors["cat"]
    with pytest.raises(ValueError, match=r"Received: 0 words"):
        WordVectors([], np.zeros((0, 3)))
