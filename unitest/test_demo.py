"""The demo, with a tiny untrained encoder: its pictures, tables and figures are there, whatever they say."""

import pandas as pd
import pytest

from comparators.demo import run_demo

STEPS = ["load", "embed", "verify", "recognise", "cluster", "map"]
PICTURES = {"scores.png", "similarities.png", "recognition.png", "map_by_voice.png", "map_by_cluster.png"}
TABLES = {"embeddings.csv": 144, "verification.csv": 10_296, "recognition.csv": 96, "clusters.csv": 144, "map.csv": 144}


@pytest.fixture(scope="module")
def model_path(tmp_path_factory):
    from comparators.custom_layers import LogMel
    from comparators.models import AudioEncoder
    from comparators.models.encoders import LSTMTrunk, WaveformEncoder

    trunk = LSTMTrunk(units=8, num_layers=1, embedding_dim=6)
    path = tmp_path_factory.mktemp("model") / "tiny.keras"
    AudioEncoder(WaveformEncoder(LogMel(num_mels=16), trunk)).save(path)
    return path


@pytest.fixture(scope="module")
def demo(tmp_path_factory, model_path):
    folder = tmp_path_factory.mktemp("demo") / "new" / "folder"
    told = []
    return folder, run_demo(str(model_path), folder, projection="pca", tell=told.append), told


def test_goes_through_all_steps_and_tells_them(demo):
    _, steps, told = demo
    assert [step.step for step in steps] == STEPS
    assert len(told) == len(STEPS)
    assert all(step.seconds >= 0 and step.result for step in steps)


def test_writes_pictures_and_a_table_for_each_step(demo):
    folder, _, _ = demo
    assert {path.name for path in folder.iterdir()} == PICTURES | set(TABLES)
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in PICTURES)
    assert {name: len(pd.read_csv(folder / name)) for name in TABLES} == TABLES


def test_two_thirds_of_the_voices_are_enrolled_and_the_others_are_unknown(demo):
    folder, _, _ = demo
    rows = pd.read_csv(folder / "recognition.csv")
    unknown = rows[rows["expected"] == "unknown"]
    assert unknown["voice"].nunique() == 8
    assert len(unknown) == 48
    known = rows[rows["expected"] != "unknown"]
    assert known["voice"].nunique() == 16
    assert (known["voice"] == known["expected"]).all()


def test_figures_are_those_of_the_tables(demo):
    folder, steps, _ = demo
    figures = {step.step: step.figures for step in steps}
    rows = pd.read_csv(folder / "recognition.csv")
    right = rows["answer"] == rows["expected"]
    assert figures["recognise"]["unknown_right"] == pytest.approx(right[rows["expected"] == "unknown"].mean())
    assert figures["cluster"]["clusters"] == pd.read_csv(folder / "clusters.csv")["cluster"].nunique()
    assert 0 <= figures["verify"]["equal_error_rate"] <= 1
