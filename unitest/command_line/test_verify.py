"""`comparators verify`."""

import pytest


@pytest.fixture
def pair(recordings):
    return recordings / "voice-01" / "1.wav", recordings / "voice-01" / "2.wav"


def test_status_says_the_decision(run, model_path, pair):
    same = run("verify", *pair, "--model", model_path, "--threshold", "-1")
    different = run("verify", *pair, "--model", model_path, "--threshold", "1.01")
    assert (same.status, different.status) == (0, 1)
    assert same.out.startswith("same: ")
    assert different.out.startswith("different: ")
    assert "given on the command line" in same.out


def test_the_models_threshold_and_its_origin_are_told(run, model_path, pair):
    result = run("verify", *pair, "--model", model_path)
    assert "bundled voices" in result.out
    assert "probability" in result.out


def test_json_is_one_document(run, model_path, pair):
    result = run("verify", *pair, "--model", model_path, "--json")
    document = result.document
    assert document["decision"] is (result.status == 0)
    assert -1 <= document["score"] <= 1
    assert 0 <= document["probability"] <= 1
    assert "bundled voices" in document["origin"]
    assert (document["a"], document["b"]) == tuple(map(str, pair))


def test_a_recording_is_the_same_as_itself(run, model_path, pair):
    document = run("verify", pair[0], pair[0], "--model", model_path, "--json").document
    assert document["score"] == pytest.approx(1, abs=1e-5)
    assert document["decision"] is True


def test_without_a_threshold_there_is_no_decision_and_a_warning(run, other_model_path, pair):
    result = run("verify", *pair, "--model", other_model_path, "--json")
    assert result.status == 1
    assert result.document["decision"] is None
    assert result.err.startswith("comparators: warning: ")
    assert "no threshold" in result.err
