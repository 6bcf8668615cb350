"""Texts as one of two roles, or both: pictures and captions, sounds and descriptions, questions and passages."""

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

import comparators
from comparators.command_line.item_kinds import TEXTS
from comparators.command_line.match_sources import read_matches

pytest.importorskip("tokenizers")

RATE = 16_000
SHADES = {"dark": 30, "grey": 120, "bright": 240}
FORMS = ("a {} picture", "this one is {}", "something {}")
SMALL = ("--embedding-dim", 8, "--epochs", 1, "--batch-size", 8, "-q")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of three shades and tones of three pitches, each with a caption of its own; questions and passages."""
    folder, random, rows = tmp_path_factory.mktemp("captions"), np.random.default_rng(0), []
    for label, (shade, level) in enumerate(SHADES.items()):
        for number in range(6):
            name = f"{shade}_{number}"
            pixels = random.integers(level - 15, level + 15, (28, 28)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{name}.png")
            wave = 0.3 * np.sin(2 * np.pi * 300 * 3**label * np.arange(RATE) / RATE)
            soundfile.write(folder / f"{name}.wav", wave, RATE)
            text = f"{FORMS[number % 3].format(shade)} number {number}"
            rows.append({"image": f"{name}.png", "audio": f"{name}.wav", "text": text})
    pd.DataFrame(rows).to_csv(folder / "captions.csv", index=False)
    questions = [{"question": f"what is {word}?", "passage": f"{word} is a number"} for word in map(str, range(12))]
    pd.DataFrame(questions).to_csv(folder / "questions.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def pictures_model(tmp_path_factory, folder):
    """A tiny untrained CLIP."""
    import keras

    from comparators.generators import TextTokenizer

    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("model") / "pictures.keras"
    tokenizer = TextTokenizer.train(pd.read_csv(folder / "captions.csv")["text"], vocabulary_size=80, max_tokens=16)
    comparators.CLIP.small(tokenizer, embedding_dim=8, width=8, depth=1, num_heads=2).save(path)
    return path


# The whole way.


def test_pictures_and_texts_the_whole_way(run, folder, tmp_path):
    model, table = tmp_path / "m.keras", folder / "captions.csv"
    result = run("train", table, "-o", model, "--roles", "image,text", "--image-size", 28, "--grey", *SMALL, "--json")
    assert result.status == 0, result.err
    assert len(result.document["history"]["val_recall_at_1"]) == 1
    assert "3 validation matches of captions.csv" in result.document["threshold"]["origin"]
    assert type(comparators.load(model)).__name__ == "CLIP"
    figures = run("evaluate", model, table, "--json", "-q").document
    assert figures["matches"] == 18
    assert figures["retrieval"].keys() == {"image_to_text", "text_to_image", "mean"}
    assert figures["label_recall_at_1"] is figures["nearest_word"] is None
    found = run("search", model, "a bright picture", table, "--limit", 4, "--json", "-q").document
    assert (found["role"], found["searched"]) == ("text", 18)
    assert all(row["path"].endswith(".png") for row in found["results"])
    asked = run("search", model, folder / "dark_0.png", table, "--limit", 4, "--json", "-q").document
    assert asked["role"] == "image"
    assert all(row["text"].split()[-2] == "number" for row in asked["results"])


def test_sounds_and_texts_the_whole_way(run, folder, tmp_path):
    model, table = tmp_path / "m.keras", folder / "captions.csv"
    result = run("train", table, "-o", model, "--roles", "audio,text", "--window-seconds", 1, *SMALL)
    assert result.status == 0, result.err
    assert "trained on 15 matches of audio and text" in result.out
    assert run("evaluate", model, table, "--json", "-q").document["matches"] == 18
    found = run("search", model, "something dark", table, "--limit", 2, "--json", "-q").document
    assert all(row["path"].endswith(".wav") for row in found["results"])


def test_training_goes_on(run, folder, pictures_model, tmp_path):
    arguments = ("--model", pictures_model, "--roles", "text,image", *SMALL)
    result = run("train", folder / "captions.csv", "-o", tmp_path / "m.keras", *arguments)
    assert result.status == 0, result.err
    assert comparators.load(tmp_path / "m.keras").fingerprint != comparators.load(pictures_model).fingerprint
    refused = run("train", folder / "captions.csv", "-o", tmp_path / "m.keras", *arguments, "--tokenizer", "t.json")
    assert "keeps its own tokenizer. Received: --tokenizer t.json" in refused.err


# A role alone, and both.


def test_a_role_stands_for_its_encoder(run, folder, pictures_model, tmp_path):
    arguments = ("--model", pictures_model, "-q")
    assert run("embed", folder / "captions.csv", "-o", tmp_path / "e.npz", *arguments, "--role", "text").status == 0
    found = run("search", pictures_model, folder / "dark_0.png", tmp_path / "e.npz", "--json").document
    assert found["searched"] == 18
    direct = run("search", pictures_model, folder / "dark_0.png", folder / "captions.csv", "--json", "-q").document
    assert [row["text"] for row in found["results"]] == [row["text"] for row in direct["results"]]
    (tmp_path / "lines.txt").write_text("dark\nbright\n")
    lines = run("search", pictures_model, folder / "dark_0.png", tmp_path / "lines.txt", "--json", "-q").document
    assert sorted(row["text"] for row in lines["results"]) == ["bright", "dark"]


def test_verifies_a_picture_with_a_text_and_two_texts(run, folder, pictures_model):
    arguments = ("--model", pictures_model, "--threshold", -1, "--json")
    pairs = ((folder / "dark_0.png", "a dark picture"), ("a dark picture", folder / "dark_0.png"))
    scores = [run("verify", *pair, *arguments).document["score"] for pair in pairs]
    assert scores[0] == pytest.approx(scores[1])
    assert "both text" in run("verify", "dark", "bright", "--model", pictures_model).err
    same = run("verify", "dark", "dark", *arguments, "--role", "text").document
    assert same["score"] == pytest.approx(1, abs=1e-5)


# Tables.


def test_captions_imply_no_label_and_come_apart_where_all_share_them(tmp_path):
    table = tmp_path / "m.csv"
    rows = [("a.png", "a dog"), ("b.png", "a dog"), ("c.png", "the sea"), ("d.png", "a cat"), ("d.png", "a cat runs")]
    pd.DataFrame(rows, columns=["image", "text"]).to_csv(table, index=False)
    matches = read_matches([table], {"image": "image", "text": TEXTS})
    assert not matches.is_labelled
    assert matches.items["text"]["text"].tolist() == ["a dog", "the sea", "a cat", "a cat runs"]
    groups, pieces = matches.groups(), matches.pieces()
    for numbers in (groups, pieces):
        assert numbers[0] == numbers[1]
        assert numbers[3] == numbers[4]
        assert len(set(numbers)) == 3
    pd.DataFrame(rows[:3] + [("e.png", "a dog")], columns=["image", "text"]).to_csv(table, index=False)
    matches = read_matches([table], {"image": "image", "text": TEXTS})
    assert len(set(matches.groups())) == 2
    assert len(set(matches.pieces())) == 4


def test_the_text_of_a_role_is_in_its_column_or_in_text(tmp_path):
    table = tmp_path / "m.csv"
    table.write_text("caption,text,path\nx,y,a.png\n")
    for role, text in (("caption", "x"), ("text", "y"), ("title", "y")):
        assert read_matches([table], {"image": "image", role: TEXTS}).items[role]["text"].tolist() == [text]
    with pytest.raises(ValueError, match=r"No column `question` in .* Its columns: caption, text, path"):
        read_matches([table], {"question": TEXTS, "text": TEXTS})


# Bad input.


def test_missing_pictures_are_left_out_and_told(run, folder, pictures_model, tmp_path):
    rows = pd.read_csv(folder / "captions.csv")
    rows["image"] = [str(folder / name) for name in rows["image"]]
    gone = pd.DataFrame({"image": ["gone.png", "bad.png"], "text": ["nothing to see", "no picture"]})
    (tmp_path / "bad.png").write_text("no picture")
    pd.concat([gone, rows]).to_csv(tmp_path / "m.csv", index=False)
    result = run("evaluate", pictures_model, tmp_path / "m.csv", "--json", "-q")
    assert (result.status, result.document["matches"]) == (1, 18)
    assert sorted(result.document["failures"]) == [str(tmp_path / "bad.png"), str(tmp_path / "gone.png")]
    arguments = ("--roles", "image,text", "--model", pictures_model, *SMALL)
    trained = run("train", tmp_path / "m.csv", "-o", tmp_path / "m.keras", *arguments)
    assert trained.status == 1
    assert "left out 2 of 20 matches" in trained.err
    gone.to_csv(tmp_path / "gone.csv", index=False)
    refused = run("train", tmp_path / "gone.csv", "-o", tmp_path / "n.keras", *arguments)
    assert refused.status == 2
    assert "No match is left to train on" in refused.err
    assert not (tmp_path / "n.keras").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--roles", "image,text", "--tokenizer", "none.json"), "none.json"),
        (("--roles", "image,text", "--tokenizer", "captions.csv"), "Not a tokenizer"),
        (("--roles", "image,audio", "--tokenizer", "t.json"), "A tokenizer is for roles of texts"),
        (("--roles", "image,text", "--words", "glove.txt"), "and no other, needs word vectors"),
        (("--roles", "image,text", "--checkpoint", "."), "--checkpoint is of no use with --roles"),
        (("--roles", "image,text", "--bi-lstm"), "--bi-lstm is of no use with --roles"),
        (("--tokenizer", "t.json"), "--tokenizer is of no use without --roles or --media text"),
        (("--roles", "question,passage"), "No column `question`"),
        (("--roles", "question,text"), "`--roles` must be image,audio or"),
        (("--roles", "audio,text", "--window-seconds", 0.5), "must be at least 1 for sounds with words or texts"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_training_that_cannot_be_is_refused(run, folder, tmp_path, arguments, message, monkeypatch):
    monkeypatch.chdir(folder)
    result = run("train", "captions.csv", "-o", tmp_path / "m.keras", *arguments)
    assert result.status == 2
    assert message in result.err
    assert not (tmp_path / "m.keras").exists()


def test_captions_that_are_missing_are_named(run, folder, pictures_model, tmp_path):
    table = tmp_path / "m.csv"
    picture = folder / "dark_0.png"
    for content, message in (
        (f"image,text\n{picture},dark\n{picture},\n", "Empty `text` in row 3"),
        (f"image,caption\n{picture},dark\n", "No column `text`"),
        (f"image,text\n{folder}/dark_0.wav,dark\n", "Role `image` of"),
    ):
        table.write_text(content)
        result = run("evaluate", pictures_model, table)
        assert result.status == 2
        assert message in result.err
        assert str(table) in result.err
