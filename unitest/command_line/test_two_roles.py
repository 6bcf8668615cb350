"""Models of two roles: trained on matches, measured, embedded with, searched with; and what is wrong with the input."""

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

import comparators
from comparators.recognition.embedding_table import EmbeddingTable

RATE = 16_000
WORDS = ("dog", "rain", "sea")
QUICK = ("--embedding-dim", 8, "--epochs", 1, "--batch-size", 16, "-q")
PICTURES = ("--roles", "image,audio", "--image-size", 28, "--grey", "--window-seconds", 0.5, *QUICK)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures with a bar and sounds of a pitch: six matches of each of three words, which name the sounds' folders."""
    folder, random = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    rows = []
    for label, word in enumerate(WORDS):
        (folder / "sounds" / word).mkdir(parents=True)
        for number in range(6):
            pixels = random.integers(0, 60, (28, 28)).astype(np.uint8)
            pixels[9 * label : 9 * label + 8] = 220
            picture, sound = f"{word}_{number}.png", f"sounds/{word}/{number}.wav"
            Image.fromarray(pixels).save(folder / picture)
            time = np.arange(8_000 + 500 * number) / RATE
            waveform = 0.3 * np.sin(2 * np.pi * 300 * 3**label * time) + 0.01 * random.normal(size=len(time))
            soundfile.write(folder / sound, waveform, RATE)
            rows.append({"image": picture, "audio": sound, "label": word, "split": "test" if number > 3 else "train"})
    matches = pd.DataFrame(rows)
    matches.to_csv(folder / "matches.csv", index=False)
    matches.drop(columns="label").to_csv(folder / "pairs.csv", index=False)
    matches.rename(columns={"audio": "path"})[["path", "label"]].to_csv(folder / "sounds.csv", index=False)
    vectors = zip(("the", *WORDS, "cat"), random.normal(size=(5, 4)), strict=True)
    (folder / "glove.txt").write_text("".join(f"{word} {' '.join(map(str, vector))}\n" for word, vector in vectors))
    return folder


@pytest.fixture(scope="module")
def pictures_model(tmp_path_factory):
    """A tiny untrained network of images and sounds that compares maps."""
    import keras

    from comparators.models import DaveNet

    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("model") / "pictures.keras"
    DaveNet.small(clip_seconds=0.5, embedding_dim=8, image_channels=(4, 8), audio_channels=8, seed=0).save(path)
    return path


@pytest.fixture(scope="module")
def words_model(tmp_path_factory, folder):
    """A tiny untrained network of sounds and words."""
    import keras

    from comparators.generators import WordVectors
    from comparators.models import WordAudio

    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("model") / "words.keras"
    vectors = WordVectors.read(folder / "glove.txt")
    WordAudio.default(vectors, embedding_dim=8, clip_seconds=1.1, channels=(4, 4, 4, 8), seed=0).save(path)
    return path


# The whole way.


def test_pictures_and_sounds_the_whole_way(run, folder, tmp_path):
    model, table = tmp_path / "m.keras", folder / "matches.csv"
    result = run("train", table, "-o", model, "--split", "train", *PICTURES, "--json")
    assert result.status == 0, result.err
    assert len(result.document["history"]["val_recall_at_1"]) == 1
    assert "2 validation matches of matches.csv" in result.document["threshold"]["origin"]
    assert not comparators.load(model).compiled
    figures = run("evaluate", model, table, "--split", "test", "--json", "-q").document
    assert figures["matches"] == 6
    assert 0 <= figures["retrieval"]["image_to_audio"]["recall_at_1"] <= 1
    assert figures["retrieval"]["audio_to_image"]["recall_at_10"] == 1
    assert figures["label_recall_at_1"].keys() == {"image_to_audio", "audio_to_image", "mean"}
    assert figures["threshold"]["value"] == result.document["threshold"]["value"]
    assert run("embed", table, "-o", tmp_path / "e.npz", "--model", model, "--role", "audio", "-q").status == 0
    embedded = EmbeddingTable.load(tmp_path / "e.npz")
    assert embedded.vectors.shape == (18, 8)
    assert embedded.fingerprint == comparators.load(model).encoder_of("audio").fingerprint
    for query, suffix in ((folder / "dog_0.png", ".wav"), (folder / "sounds/dog/0.wav", ".png")):
        found = run("search", model, query, table, "--limit", 4, "--json", "-q").document
        assert found["searched"] == 18
        assert [row["rank"] for row in found["results"]] == [1, 2, 3, 4]
        assert all(row["path"].endswith(suffix) and row["label"] in WORDS for row in found["results"])
        scores = [row["score"] for row in found["results"]]
        assert scores == sorted(scores, reverse=True)


def test_training_goes_on_from_a_model_on_matches_without_labels(run, folder, pictures_model, tmp_path):
    result = run("train", folder / "pairs.csv", "-o", tmp_path / "m.keras", "--model", pictures_model, *PICTURES)
    assert result.status == 0, result.err
    assert "trained on 15 matches of image and audio" in result.out
    assert "3 validation matches of pairs.csv" in result.out
    trained, before = comparators.load(tmp_path / "m.keras"), comparators.load(pictures_model)
    assert trained.fingerprint != before.fingerprint
    assert before.threshold is None


def test_sounds_and_words_the_whole_way(run, folder, tmp_path):
    model, table = tmp_path / "m.keras", folder / "sounds.csv"
    words = ("--roles", "audio,word", "--words", folder / "glove.txt", "--window-seconds", 1.1)
    result = run("train", table, "-o", model, *words, *QUICK)
    assert result.status == 0, result.err
    assert "trained on 15 matches of audio and word" in result.out
    figures = run("evaluate", model, folder / "sounds", "--json", "-q").document
    assert figures["nearest_word"]["words"] == 3
    assert figures["nearest_word"]["accuracy"] == pytest.approx(figures["retrieval"]["audio_to_word"]["recall_at_1"])
    assert figures["label_recall_at_1"] is None
    for word in ("dog", "cat"):  # no sound of a cat was trained on
        found = run("search", model, word, table, "--limit", 2, "--json", "-q").document
        assert (found["role"], len(found["results"])) == ("word", 2)
    asked = run("search", model, folder / "sounds/sea/1.wav", table, "-q")
    assert sorted(line.split()[-1] for line in asked.out.splitlines()[1:4]) == list(WORDS)
    assert "nearest of 3 words is right" in run("evaluate", model, table, "-q").out


def test_training_learns_what_belongs_together(run, folder, words_model, tmp_path):
    roles = ("--roles", "audio,word", "--model", words_model, "--learning-rate", 0.01)
    arguments = (*roles, "--epochs", 20, "--batch-size", 9, "--validation-fraction", 0, "-q")
    assert run("train", folder / "sounds.csv", "-o", tmp_path / "m.keras", *arguments).status == 0
    figures = run("evaluate", tmp_path / "m.keras", folder / "sounds.csv", "--json", "-q").document
    assert figures["nearest_word"]["accuracy"] > 0.8


# Search.


def test_search_ranks_as_the_model_does(run, folder, words_model):
    found = run("search", words_model, "rain", folder / "sounds", "--limit", 18, "--json", "-q").document["results"]
    model = comparators.load(words_model)
    scores = model.similarity_matrix([row["path"] for row in found], ["rain"])[:, 0]
    assert [row["score"] for row in found] == pytest.approx(scores.tolist(), abs=1e-5)
    assert all(f"/{row['label']}/" in row["path"] for row in found)


def test_search_in_embeddings_is_search_in_files(run, folder, words_model, pictures_model, tmp_path):
    stored = tmp_path / "sounds.npz"
    assert run("embed", folder / "sounds", "-o", stored, "--model", words_model, "--role", "audio", "-q").status == 0
    answers = [
        run("search", words_model, "rain", source, "--limit", 3, "--json", "-q").document["results"]
        for source in (stored, folder / "sounds")
    ]
    assert [row["path"] for row in answers[0]] == [row["path"] for row in answers[1]]
    refused = run("search", pictures_model, folder / "dog_0.png", stored)
    assert refused.status == 2
    assert "that this model made" in refused.err
    maps = tmp_path / "maps.npz"
    assert run("embed", folder / "sounds", "-o", maps, "--model", pictures_model, "--role", "audio", "-q").status == 0
    assert "compares maps" in run("search", pictures_model, folder / "dog_0.png", maps).err


def test_a_model_of_one_role_finds_its_like(run, recordings, model_path, tmp_path):
    query = recordings / "voice-01/1.wav"
    found = run("search", model_path, query, recordings, "--limit", 3, "--json", "-q").document
    assert found["role"] is None
    assert found["results"][0]["path"] == str(query)
    assert found["results"][0]["score"] == pytest.approx(1, abs=1e-5)
    run("embed", recordings, "-o", tmp_path / "e.npz", "--model", model_path, "-q")
    stored = run("search", model_path, query, tmp_path / "e.npz", "--limit", 3, "--json").document
    assert [row["path"] for row in stored["results"]] == [row["path"] for row in found["results"]]
    refused = run("search", model_path, query, recordings, "--role", "audio")
    assert refused.status == 2
    assert "a model of one role" in refused.err


def test_queries_that_do_not_fit_are_named(run, folder, pictures_model, words_model, tmp_path):
    table = folder / "matches.csv"
    result = run("search", pictures_model, "rooster", table)
    assert result.status == 2
    assert "no role for the word 'rooster'. Its roles: image (image), audio (audio file)" in result.err
    result = run("search", words_model, folder / "dog_0.png", table)
    assert result.status == 2
    assert "no role for the image" in result.err
    result = run("search", words_model, "vacuum cleaner", table)
    assert result.status == 2
    assert "No word vector for 'vacuum cleaner' (unknown: vacuum, cleaner)" in result.err
    result = run("search", pictures_model, tmp_path / "gone.png", table)
    assert result.status == 2
    assert "No such image" in result.err
    result = run("search", pictures_model, folder / "dog_0.png", table, "--role", "caption")
    assert result.status == 2
    assert "must be one of ['audio', 'image']" in result.err
    (tmp_path / "bad.png").write_text("no picture")
    assert str(tmp_path / "bad.png") in run("search", pictures_model, tmp_path / "bad.png", table).err


# The other commands.


def test_a_role_stands_for_its_encoder(run, folder, pictures_model, words_model, tmp_path):
    table = folder / "matches.csv"
    for command, output in (("embed", "e.npz"), ("cluster", "c.csv"), ("plot", "p.png")):
        flags = ("--projection", "pca") if command == "plot" else ()
        arguments = (command, table, "-o", tmp_path / output, "--model", pictures_model, *flags, "-q")
        result = run(*arguments)
        assert result.status == 2
        assert "of two roles, image and audio. Received: role none. Name one with --role" in result.err
        assert "Received: role 'word'" in run(*arguments, "--role", "word").err
        assert run(*arguments, "--role", "image").status == 0
    words = run("embed", table, "-o", tmp_path / "w.csv", "--model", words_model, "--role", "word", "-q")
    assert words.status == 0
    assert pd.read_csv(tmp_path / "w.csv")["id"].tolist() == list(WORDS)
    arguments = ("--model", pictures_model, "--role", "image", "-q")
    assert run("enroll", tmp_path / "g.gallery", "dog", folder / "dog_0.png", *arguments).status == 0
    answer = run("recognize", tmp_path / "g.gallery", folder / "dog_1.png", *arguments, "--threshold", -1, "--json")
    assert answer.document["images"][0]["label"] == "dog"
    alone = run("evaluate", pictures_model, table, "--role", "audio", "--json", "-q").document
    assert (alone["recordings"], alone["labels"]) == (18, 3)


def test_verifies_a_picture_with_a_sound(run, folder, pictures_model):
    picture, sound = folder / "dog_0.png", folder / "sounds/dog/0.wav"
    arguments = ("--model", pictures_model, "--threshold", -1, "--json")
    scores = [run("verify", *pair, *arguments).document["score"] for pair in ((picture, sound), (sound, picture))]
    assert scores[0] == pytest.approx(scores[1])
    result = run("verify", picture, picture, "--model", pictures_model)
    assert result.status == 2
    assert "both image" in result.err
    same = run("verify", picture, picture, *arguments, "--role", "image").document
    assert same["score"] == pytest.approx(1, abs=1e-5)


def test_evaluate_fits_a_threshold_for_a_copy(run, folder, pictures_model, tmp_path):
    output = tmp_path / "fitted.keras"
    result = run("evaluate", pictures_model, folder / "matches.csv", "-o", output, "--target-far", 0.1, "-q")
    assert result.status == 0, result.err
    assert "first has the same label" in result.out
    assert "18 matches" in comparators.load(output).threshold.origin


def test_matches_without_labels_are_pairs(run, folder, pictures_model):
    figures = run("evaluate", pictures_model, folder / "pairs.csv", "--json", "-q").document
    assert figures["label_recall_at_1"] is None
    labelled = run("evaluate", pictures_model, folder / "matches.csv", "--json", "-q").document
    assert figures["retrieval"] == labelled["retrieval"]


# Bad input.


def test_files_that_cannot_be_read_are_left_out(run, folder, pictures_model, words_model, tmp_path):
    (tmp_path / "bad.png").write_text("no picture")
    soundfile.write(tmp_path / "silent.wav", np.zeros(8_000), RATE)
    rows = pd.read_csv(folder / "matches.csv").astype(str)
    rows[["image", "audio"]] = rows[["image", "audio"]].map(lambda name: str(folder / name))
    bad = rows.iloc[:3].assign(image=["bad.png", "gone.png", rows["image"][0]])
    bad.loc[2, "audio"] = "silent.wav"
    table = tmp_path / "bad.csv"
    pd.concat([bad, rows]).to_csv(table, index=False)
    result = run("evaluate", pictures_model, table, "--json", "-q")
    assert result.status == 1
    assert result.document["matches"] == 18
    names = sorted(name.rsplit("/", 1)[1] for name in result.document["failures"])
    assert names == ["bad.png", "gone.png", "silent.wav"]
    whole = run("evaluate", pictures_model, folder / "matches.csv", "--json", "-q").document
    assert whole["retrieval"] == result.document["retrieval"]
    trained = run("train", table, "-o", tmp_path / "m.keras", "--model", pictures_model, *PICTURES)
    assert trained.status == 1
    assert "left out 3 of 21 matches" in trained.err
    found = run("search", pictures_model, folder / "dog_0.png", table, "--json", "-q")
    assert (found.status, found.document["searched"]) == (1, 18)
    strange = tmp_path / "strange.csv"
    pd.read_csv(folder / "sounds.csv").assign(path=rows["audio"]).replace("sea", "zebra").to_csv(strange, index=False)
    result = run("evaluate", words_model, strange, "--json", "-q")
    assert (result.status, result.document["matches"]) == (1, 12)
    assert "No word vector for 'zebra'" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--roles", "image,caption"), "or question,passage. Received: image,caption"),
        (("--roles", "image,word"), "`--roles` must be image,audio or audio,word"),
        (("--roles", "image"), "`--roles` must be image,audio or audio,word"),
        (("--roles", "audio,word"), "needs word vectors: `--words glove.txt`"),
        (("--roles", "image,audio", "--words", "glove.txt"), "and no other, needs word vectors"),
        (("--roles", "image,audio", "--siamese"), "--siamese is of no use with --roles"),
        (("--batch-size", 8), "--batch-size is of no use without --roles"),
        (("--roles", "image,audio", "--split", "dev"), "No row of split 'dev'"),
        (("--roles", "image,audio", "--label-column", "kind"), "No column `kind`"),
        (("--roles", "audio,word", "--words", "gone.txt"), "gone.txt"),
        (
            ("--roles", "audio,word", "--words", "glove.txt", "--window-seconds", 0.5),
            "`--window-seconds` must be at least 1 for sounds with words or texts",
        ),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_training_that_cannot_be_is_refused(run, folder, tmp_path, arguments, message):
    result = run("train", folder / "matches.csv", "-o", tmp_path / "m.keras", *arguments)
    assert result.status == 2
    assert message in result.err
    assert not (tmp_path / "m.keras").exists()


def test_tables_that_are_none_are_named(run, folder, pictures_model, tmp_path):
    table = tmp_path / "m.csv"
    picture, sound = folder / "dog_0.png", folder / "sounds/dog/0.wav"
    for text, message in (
        (f"image,path\n{picture},{sound}\n", "No column `audio`"),
        (f"image,audio\n{picture},\n", "Empty `audio` in row 2"),
        (f"image,audio\n{sound},{picture}\n", "Role `image` of"),
        (f"image,audio,start\n{picture},{sound},soon\n", "`start` must be a number. Received: 'soon' in row 2"),
        (f"image,audio,label\n{picture},{sound},a\n{picture},{sound},b\n", "has several labels"),
        ("image,audio\n", "No rows"),
        ("", "Not a CSV file"),
    ):
        table.write_text(text)
        for arguments in (("evaluate", pictures_model, table), ("train", table, "-o", tmp_path / "m.keras", *PICTURES)):
            result = run(*arguments)
            assert result.status == 2
            assert message in result.err
    for source, message in (
        (folder / "sounds", "A folder does not say what belongs together"),
        (tmp_path / "gone.csv", "No such table or folder"),
        (picture, "A CSV file or a folder is expected"),
    ):
        result = run("evaluate", pictures_model, source)
        assert result.status == 2
        assert message in result.err


def test_a_single_match_has_no_impostors(run, folder, tmp_path):
    table = tmp_path / "m.csv"
    table.write_text(f"image,audio\n{folder}/dog_0.png,{folder}/sounds/dog/0.wav\n")
    result = run("train", table, "-o", tmp_path / "m.keras", *PICTURES)
    assert result.status == 2
    assert "matches that do not belong together" in result.err


def test_a_model_of_one_role_is_not_one_of_two(run, folder, model_path, pictures_model, words_model, tmp_path):
    result = run("train", folder / "matches.csv", "-o", tmp_path / "m.keras", "--model", model_path, *PICTURES)
    assert result.status == 2
    assert "is a model of one role" in result.err
    words = ("--roles", "audio,word", "--words", folder / "glove.txt")
    result = run("train", folder / "matches.csv", "-o", tmp_path / "m.keras", "--model", pictures_model, *words)
    assert result.status == 2
    assert "is a model of the roles image, audio" in result.err
    words = ("--roles", "audio,word", "--words", folder / "glove.txt", "--model", words_model)
    assert "keeps its own word vectors" in run("train", folder / "sounds", "-o", tmp_path / "m.keras", *words).err
    result = run("train", folder / "sounds", "-o", tmp_path / "m.keras", "--model", pictures_model)
    assert result.status == 2
    assert "of two roles" in result.err
