"""The Places audio JSON becomes a table of captions and images; what is wrong with a file is named with its line."""

import json
import os

import pytest

from comparators.generators import read_places_audio

ENTRIES = [
    {"uttid": "ann-1", "wav": "1/a.wav", "image": "a/abbey/gsun_1.jpg", "speaker": "ann", "asr_text": "an abbey"},
    {"uttid": "bob-2", "wav": "2/b.wav", "image": "/c/church/indoor/gsun_2.jpg", "speaker": "bob"},
    {"uttid": "bob-3", "wav": "2/c.wav", "image": "sky/gsun_3.jpg", "speaker": "bob"},
]


@pytest.fixture
def write(tmp_path):
    def write(places) -> str:
        path = tmp_path / "val.json"
        path.write_text(places if isinstance(places, str) else json.dumps(places))
        return str(path)

    return write


def places(**changed) -> dict:
    return {"audio_base_path": "/audio/places", "image_base_path": "images", "data": ENTRIES} | changed


def test_captions_and_images(write, tmp_path):
    table = read_places_audio(write(places()))
    assert table["path"].tolist() == ["/audio/places/1/a.wav", "/audio/places/2/b.wav", "/audio/places/2/c.wav"]
    assert table["image"].tolist()[0] == f"{tmp_path}/images/a/abbey/gsun_1.jpg"
    assert table["label"].tolist() == ["abbey", "church/indoor", "sky"]
    assert table["uttid"].tolist() == ["ann-1", "bob-2", "bob-3"]
    assert table["speaker"].tolist() == ["ann", "bob", "bob"]
    assert table["asr_text"].isna().tolist() == [False, True, True]


def test_folders_may_be_elsewhere(write, tmp_path, monkeypatch):
    path = write({"data": ENTRIES})
    monkeypatch.chdir(tmp_path)
    table = read_places_audio(path, audio_folder="here/wavs", image_folder=tmp_path / "pictures")
    assert table["path"][0] == os.path.abspath("here/wavs/1/a.wav")
    assert table["image"][2] == f"{tmp_path}/pictures/sky/gsun_3.jpg"
    with pytest.raises(
        ValueError, match=r"`audio_base_path` must be a folder. Received: None in .* Give `audio_folder`"
    ):
        read_places_audio(path)


def test_an_image_below_the_root_stays_below_the_folder(write, tmp_path):
    table = read_places_audio(write(places(data=[ENTRIES[1]])))
    assert table["image"][0] == f"{tmp_path}/images/c/church/indoor/gsun_2.jpg"


@pytest.mark.parametrize(
    "text", ['{\n"data": [\n{"uttid": "a"},\n]\n}', '{\n"data": [\n{"uttid": "a",}]\n}', '{"data":\n\n[1, ]}']
)
def test_a_comma_too_many_is_named_with_its_line(write, text):
    with pytest.raises(ValueError, match=r"Not JSON: '.*val\.json', line [34], column \d+ .*A comma after the last"):
        read_places_audio(write(text))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"data": [1\n2]}', r"Not JSON: '.*', line 2, column 1 \(.*\)\. Correct it\."),
        ("", r"Not JSON: '.*', line 1, column 1"),
        (ENTRIES, r"A JSON object with the key `data` is expected. Received: list"),
        (places(data=[]), r"`data` must be a list of entries with uttid, wav, image. Received: an empty list in '.*'"),
        ({"files": 3}, r"Received: NoneType in '.*', whose keys are files"),
        (places(data=[ENTRIES[0], 7]), r"Entry 1 of `data` must be an object. Received: int"),
        (places(data=[{"uttid": "a", "wav": "a.wav"}]), r"`image` must be a text. Received: None in entry 0 of `data`"),
        (places(data=[{"uttid": "a", "wav": " ", "image": "a/b/c.jpg"}]), r"`wav` must be a text. Received: ' '"),
        (places(data=[{**ENTRIES[0], "image": "1.jpg"}]), r"the folder of its class. Received: '1.jpg' in entry 0"),
        (places(data=[*ENTRIES, ENTRIES[1]]), r"`uttid` must differ. Received: 'bob-2' in entry 3"),
        (places(image_base_path=3), r"`image_base_path` must be a folder. Received: 3 in '.*'. Give `image_folder`"),
    ],
)
def test_wrong_files(write, content, message):
    with pytest.raises(ValueError, match=message):
        read_places_audio(write(content))


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such JSON file: '.*gone\.json'"):
        read_places_audio(tmp_path / "gone.json")
    with pytest.raises(ValueError, match=r"Not a readable JSON file"):
        read_places_audio(tmp_path)
