import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from comparators.recognition.calibration import LogisticCalibration
from comparators.recognition.embedding_table import EmbeddingTable
from comparators.recognition.gallery import Gallery
from comparators.recognition.pair_probability import PairProbability
from comparators.recognition.similarity import similarity_matrix
from comparators.recognition.threshold import Threshold


def voices(num_labels=5, num_items=4, noise=0.4, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.repeat([f"voice {i}" for i in range(num_labels)], num_items)
    vectors = rng.normal(size=(num_labels, 12)).repeat(num_items, axis=0) + noise * rng.normal(size=(len(labels), 12))
    return EmbeddingTable(vectors, [f"{i}.wav" for i in range(len(labels))], labels, "f1")


def filled():
    gallery = Gallery("f1", dim=12)
    gallery.add(voices())
    return gallery


def test_recognises_the_enrolled_and_notices_the_others():
    table = voices(8, 6, noise=0.2)
    enrolled = np.isin(table.labels, [f"voice {i}" for i in range(5)]) & (np.arange(48) % 6 < 4)
    gallery = Gallery("f1", dim=12)
    gallery.add(table[enrolled])
    asked = table[~enrolled]
    answers = gallery.recognize(asked)
    expected = np.where(np.isin(asked.labels, gallery.labels), asked.labels, "unknown")
    assert (answers["label"] == expected).mean() > 0.95
    np.testing.assert_array_equal(answers["known"], answers["label"] != "unknown")
    np.testing.assert_array_equal(answers["known"], answers["score"] >= answers["threshold"])
    assert answers["probability"][answers["known"]].min() > answers["probability"][~answers["known"]].max()
    assert set(answers["nearest_label"]) <= set(gallery.labels)


def test_search_is_the_plain_loop():
    gallery, table = filled(), voices(seed=1)
    found = gallery.search(table, k=3)
    assert len(found) == 3 * len(table)
    enrolled = gallery.table
    for query, scores in enumerate(similarity_matrix(table.vectors, enrolled.vectors)):
        best = {label: scores[enrolled.labels == label].max() for label in gallery.labels}
        ranked = sorted(best, key=lambda label: -best[label])[:3]
        rows = found[found["query"] == query]
        assert rows["label"].tolist() == ranked
        assert rows["rank"].tolist() == [1, 2, 3]
        np.testing.assert_allclose(rows["score"], [best[label] for label in ranked], atol=1e-6)


def test_file_keeps_everything(tmp_path):
    gallery = Gallery("f1", 2, "euclidean", 0.5, Threshold(0.5, "by hand", far_interval=(0.0, 0.1)))
    gallery.calibration = LogisticCalibration().fit([0.1, 0.4, 0.3, 0.9], [False, False, True, True])
    gallery.enroll("ann", [[1, 0], [2, 0]], ["a", "b"], [{"text": "Grüße"}, {"channel": 1}], speech_seconds=[0.7, 2])
    gallery.enroll("bob", [0, 1], ["c"])
    gallery.save(tmp_path / "gallery")
    loaded = Gallery.load(tmp_path / "gallery", fingerprint="f1")
    assert repr(loaded) == repr(gallery) == "Gallery(2 labels, 3 items of 2, fingerprint='f1')"
    pd.testing.assert_frame_equal(loaded.list_items(), gallery.list_items())
    np.testing.assert_array_equal(loaded.table.vectors, gallery.table.vectors)
    for name in ("similarity", "minimum_speech_seconds", "threshold"):
        assert getattr(loaded, name) == getattr(gallery, name)
    assert loaded.calibration.to_dict() == gallery.calibration.to_dict()
    pd.testing.assert_frame_equal(loaded.recognize([[1, 1]]), gallery.recognize([[1, 1]]))
    assert gallery.list_items()["speech_seconds"].tolist()[:2] == [0.7, 2.0]


def test_an_empty_gallery_and_whole_numbers_as_labels(tmp_path):
    gallery = Gallery(None, dim=2)
    gallery.save(tmp_path / "g.npz")
    assert len(Gallery.load(tmp_path / "g.npz")) == 0
    for label in (7, 7, 8):
        gallery.enroll(label, np.eye(2)[label - 7] + 0.1 * len(gallery) * np.eye(2)[0])
    gallery.save(tmp_path / "g.npz")
    loaded = Gallery.load(tmp_path / "g.npz")
    assert loaded.labels == [7, 8]
    assert 7 in loaded
    assert loaded.recognize([[1, 0], [-1, -1]])["label"].tolist() == [7, -1]
    loaded.enroll(9, [1, 1])


def test_removing_a_label_removes_only_it():
    gallery = filled()
    assert gallery.remove("voice 1") == 4
    assert gallery.labels == ["voice 0", "voice 2", "voice 3", "voice 4"]
    assert len(gallery) == 16
    gallery.remove_item("0.wav")
    assert len(gallery) == 15
    assert "voice 0" in gallery


def test_relabel():
    gallery = filled()
    assert gallery.relabel("voice 1", "Ann") == 4
    gallery.relabel_item("0.wav", "Ann")
    assert (gallery.table.labels == "Ann").sum() == 5
    assert "voice 1" not in gallery


def test_merge():
    table = voices()
    a, b = Gallery("f1", 12), Gallery("f1", 12)
    a.add(table[:12])
    b.add(table[8:])
    assert a.merge(b) == 8
    assert sorted(a.table.ids) == sorted(table.ids)
    b.relabel("voice 4", "Ann")
    with pytest.raises(
        ValueError, match=r"two different items\. Received: '16\.wav', here of 'voice 4' and there of 'Ann'"
    ):
        a.merge(b)
    assert len(a) == 20


def test_threshold_is_the_gallerys_own_if_it_has_one():
    gallery = filled()
    fitted = gallery.recognizer().threshold_
    assert gallery.threshold is None
    assert gallery.fit_threshold() == gallery.threshold == fitted
    gallery.threshold = Threshold(0.999, "by hand")
    assert (gallery.recognize(voices(seed=3))["label"] == "unknown").all()
    assert gallery.recognizer().threshold_.origin == "by hand"


def test_too_few_items_for_a_threshold_are_warned_about():
    gallery = Gallery("f1", dim=2)
    gallery.enroll("ann", [[1, 0], [0.9, 0.1]])
    with pytest.warns(UserWarning, match="no threshold, and too few items to fit one"):
        answers = gallery.recognize([-1, 0])
    assert answers["label"].tolist() == ["ann"]
    assert answers["threshold"].isna().all()


def test_short_items_may_be_asked_about_but_not_enrolled():
    gallery = filled()
    with pytest.raises(ValueError, match=r"1 of 2 items have too little speech.*'y' with 0\.30 s, at least 1\.00 s"):
        gallery.enroll("voice 0", np.ones((2, 12)) + np.eye(2, 12), ["x", "y"], speech_seconds=[2.0, 0.3])
    assert len(gallery) == 20
    table = voices(seed=1)
    table = EmbeddingTable(table.vectors, table.ids + "x", table.labels, "f1", {"speech_seconds": [0.1] * len(table)})
    with pytest.raises(ValueError, match="20 of 20 items have too little speech"):
        gallery.add(table)
    assert len(gallery.recognize(table)) == 20


def test_another_model_is_refused(tmp_path):
    gallery = filled()
    gallery.save(tmp_path / "g.npz")
    message = (
        r"another model\. Received: fingerprint 'f1' of the gallery and 'f2' of the model\. Load the model that made it"
    )
    with pytest.raises(ValueError, match=message):
        Gallery.load(tmp_path / "g.npz", fingerprint="f2")
    other = EmbeddingTable(np.ones((1, 12)), ["x"], ["ann"], "f2")
    for use in (gallery.add, gallery.search, gallery.recognize):
        with pytest.raises(ValueError, match=message):
            use(other)
    with pytest.raises(ValueError, match=message):
        gallery.merge(Gallery("f2", 12))
    with pytest.raises(ValueError, match=r"the gallery's 12 numbers. Received: 3"):
        gallery.search(np.ones(3))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("", np.ones(12)), ValueError, "A label must not be empty"),
        ((None, np.ones(12)), ValueError, "A label must not be missing"),
        (("unknown", np.ones(12)), ValueError, "'unknown' is the answer for the unknown"),
        ((7, np.ones(12)), TypeError, "The gallery's labels are strings. Received: 7"),
        (("ann", np.full(12, np.nan)), ValueError, "must be finite"),
        (("ann", np.zeros(12)), ValueError, "all zeros has no cosine"),
        (("ann", np.ones(11)), ValueError, "the gallery's 12 numbers. Received: 11"),
        (("ann", np.ones(12), ["3.wav"]), ValueError, "enrolled already. Received: id '3.wav', of 'voice 0'"),
        (("ann", np.ones((2, 12)), ["a", "a"]), ValueError, "No two rows may have one id"),
        (("ann", np.ones((2, 12))), ValueError, "No two rows may have one id"),
        (("ann", np.ones(12), ["a"], {"x": object()}), ValueError, "`metadata` must be what JSON can hold"),
        (("ann", np.ones(12), ["a"], [{}, {}]), ValueError, "`metadata` must be one for each of the 1 items"),
    ],
)
def test_messages_of_enrolling(arguments, error, message):
    gallery = filled()
    with pytest.raises(error, match=message):
        gallery.enroll(*arguments)
    assert len(gallery) == 20


def test_messages(tmp_path):
    gallery = filled()
    with pytest.raises(KeyError, match=r"Nobody is enrolled as 'ann'. Enrolled: voice 0, voice 1"):
        gallery.remove("ann")
    with pytest.raises(KeyError, match="No item has the id 'x'"):
        gallery.remove_item("x")
    with pytest.raises(ValueError, match="A label must not be empty"):
        gallery.relabel("voice 0", " ")
    with pytest.raises(ValueError, match="Items need labels"):
        gallery.add(EmbeddingTable(np.ones((1, 12)), ["a"]))
    for use in (Gallery("f1", 12).search, Gallery("f1", 12).recognize):
        with pytest.raises(ValueError, match=r"The gallery is empty. Enrol somebody first"):
            use(np.ones(12))
    with pytest.raises(ValueError, match="`k` must be positive"):
        gallery.search(np.ones(12), k=0)
    with pytest.raises(ValueError, match="`dim` must be positive"):
        Gallery("f1", 0)
    with pytest.raises(ValueError, match="`similarity` must be cosine, dot, euclidean or"):
        Gallery("f1", 1, "l2")
    with pytest.raises(FileNotFoundError, match=r"There is no gallery .* enrol somebody to make it"):
        Gallery.load(tmp_path / "none.npz")
    with pytest.raises(FileNotFoundError, match=r"The folder .* does not exist"):
        gallery.save(tmp_path / "nowhere" / "g.npz")
    gallery.save(tmp_path / "g.npz")
    whole = (tmp_path / "g.npz").read_bytes()
    for damaged in (b"", b"text", whole[:-300], whole[:200]):
        (tmp_path / "g.npz").write_bytes(damaged)
        with pytest.raises(ValueError, match="This is no gallery, or a damaged one"):
            Gallery.load(tmp_path / "g.npz")
    np.savez(tmp_path / "later.npz", header=json.dumps({"gallery_format": 99}), vectors=[], ids=[], labels=[])
    with pytest.raises(ValueError, match=r"written by a later version\. Received: format 99.*Upgrade comparators"):
        Gallery.load(tmp_path / "later.npz")


def test_editing_saves_when_all_went_well(tmp_path):
    path = tmp_path / "g.npz"
    with pytest.raises(FileNotFoundError, match="There is no gallery"), Gallery.editing(path):
        pass
    with Gallery.editing(path, "f1", new=Gallery("f1", 2)) as gallery:
        gallery.enroll("ann", [1, 0])
    with pytest.raises(TypeError, match="int"), Gallery.editing(path, "f1") as gallery:
        int(gallery.enroll("bob", [0, 1]))
    assert Gallery.load(path).labels == ["ann"]
    with pytest.raises(ValueError, match="another model"), Gallery.editing(path, "f2"):
        pass


class GalleryAgainstDict(RuleBasedStateMachine):
    """Whatever is done in whatever order, the gallery holds what a plain dict from id to (label, vector) holds."""

    names = st.sampled_from(["ann", "bob", "cy", "7"])
    places = st.integers(0, 9)

    @initialize()
    def start(self):
        self.gallery, self.expected = Gallery("f1", 3), {}

    def vector(self, place):
        return np.random.default_rng(place).normal(size=3).astype(np.float32)

    @rule(name=names, place=places)
    def enroll(self, name, place):
        item = str(place)
        if item in self.expected:
            with pytest.raises(ValueError, match="enrolled already"):
                self.gallery.enroll(name, self.vector(place), [item])
        else:
            self.gallery.enroll(name, self.vector(place), [item])
            self.expected[item] = (name, self.vector(place))

    @rule(name=names)
    def remove(self, name):
        ids = [item for item, (label, _) in self.expected.items() if label == name]
        if ids:
            assert self.gallery.remove(name) == len(ids)
        else:
            with pytest.raises(KeyError, match="Nobody is enrolled"):
                self.gallery.remove(name)
        for item in ids:
            del self.expected[item]

    @rule(place=places)
    def remove_item(self, place):
        if str(place) in self.expected:
            self.gallery.remove_item(str(place))
            del self.expected[str(place)]

    @rule(old=names, new=names)
    def relabel(self, old, new):
        if any(label == old for label, _ in self.expected.values()):
            self.gallery.relabel(old, new)
            self.expected = {
                item: (new if label == old else label, vector) for item, (label, vector) in self.expected.items()
            }

    @rule(name=names, chosen=st.sets(places, max_size=3))
    def merge(self, name, chosen):
        other = Gallery("f1", 3)
        for place in chosen:
            other.enroll(name, self.vector(place), [str(place)])
        if any(self.expected.get(str(place), (name,))[0] != name for place in chosen):
            with pytest.raises(ValueError, match="two different items"):
                self.gallery.merge(other)
        else:
            self.gallery.merge(other)
            self.expected |= {str(place): (name, self.vector(place)) for place in chosen}

    @rule()
    def save_and_load(self):
        with tempfile.TemporaryDirectory() as folder:
            self.gallery.save(f"{folder}/g.npz")
            self.gallery = Gallery.load(f"{folder}/g.npz", "f1")

    @precondition(lambda self: self.expected)
    @rule(place=places)
    def search(self, place):
        found = self.gallery.search(self.vector(place), k=1)
        vectors = np.stack([vector for _, vector in self.expected.values()])
        best = similarity_matrix(self.vector(place)[None], vectors)[0].argmax()
        assert found["label"][0] == list(self.expected.values())[best][0]

    @invariant()
    def same(self):
        table = self.gallery.table
        assert set(table.ids) == set(self.expected)
        assert self.gallery.labels == sorted({label for label, _ in self.expected.values()})
        for item, label, vector in zip(table.ids, table.labels, table.vectors, strict=True):
            assert self.expected[item][0] == label
            np.testing.assert_array_equal(self.expected[item][1], vector)


GalleryAgainstDict.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
test_gallery_against_dict = GalleryAgainstDict.TestCase

KILLS = """
import os, random, signal, sys, time
import numpy as np
from comparators.recognition.gallery import Gallery
from comparators.recognition.pair_probability import PairProbability

path, galleries = sys.argv[1], []
for size in (3, 400):
    galleries.append(Gallery("f1", 64))
    galleries[-1].enroll("ann", np.random.default_rng(size).normal(size=(size, 64)))
galleries[0].save(path)
started = time.perf_counter()
galleries[1].save(path)
seconds = time.perf_counter() - started
random.seed(0)
for _ in range(40):
    child = os.fork()
    if not child:
        while True:
            for gallery in galleries:
                gallery.save(path)
    time.sleep(random.uniform(0, 4 * seconds))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    loaded = Gallery.load(path, "f1").table
    expected = galleries[len(loaded) == 400].table
    assert (loaded.ids == expected.ids).all() and (loaded.vectors == expected.vectors).all()
print("whole after every kill")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_survives_a_kill_at_any_moment(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", KILLS, str(tmp_path / "g.npz")], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "whole after every kill\n", done.stderr


ENROL = """
import sys
from comparators.recognition.gallery import Gallery
from comparators.recognition.pair_probability import PairProbability

path, name = sys.argv[1:]
for number in range(10):
    with Gallery.editing(path, "f1", new=Gallery("f1", 2)) as gallery:
        gallery.enroll(name, [1.0, number], [f"{name}-{number}"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be locked there")
def test_programs_that_edit_at_once_wait_for_each_other(tmp_path):
    path = str(tmp_path / "g.npz")
    programs = [subprocess.Popen([sys.executable, "-c", ENROL, path, name]) for name in ("ann", "bob")]
    assert [program.wait(timeout=120) for program in programs] == [0, 0]
    assert len(Gallery.load(path)) == 20


def test_the_head_of_a_siamese_network_is_kept_in_the_file(tmp_path):
    head = PairProbability("l1", [4.0, 1.0], 2.0)
    gallery = Gallery("f1", 2, similarity=head)
    gallery.enroll("ann", [1.0, 0.0], ["a"])
    gallery.save(tmp_path / "g.npz")
    score = Gallery.load(tmp_path / "g.npz").search([0.0, 1.0], k=1)["score"].item()
    assert score == pytest.approx(head([[0.0, 1.0]], [[1.0, 0.0]]).item(), abs=1e-6)


def test_a_function_that_no_file_can_hold_is_refused():
    with pytest.raises(ValueError, match=r"`similarity` must be cosine, dot, euclidean or a `PairProbability`"):
        Gallery("f1", 2, similarity=lambda a, b: a @ b.T)
