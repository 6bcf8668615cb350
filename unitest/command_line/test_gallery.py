"""`comparators enroll`, `recognize` and `gallery`: one story, as users go through it."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from comparators.command_line import main
from comparators.recognition.gallery import Gallery


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory, model_path, recordings):
    """A gallery of two voices with two recordings each, not to be changed."""
    path = tmp_path_factory.mktemp("gallery") / "team.gallery"
    for name, folder in (("anna", "voice-01"), ("ben", "voice-11")):
        files = [str(recordings / folder / f"{number}.wav") for number in (1, 2)]
        with pytest.raises(SystemExit) as end:
            main.main(["enroll", str(path), name, *files, "--model", str(model_path)])
        assert not end.value.code
    return path


@pytest.fixture
def team(enrolled, tmp_path):
    """A copy of it."""
    return Path(shutil.copy(enrolled, tmp_path))


def test_enrolled_recordings_are_kept_with_their_files_and_the_models_fingerprint(team, recordings, model_path):
    from comparators import load

    gallery = Gallery.load(team, load(model_path).fingerprint)
    assert gallery.labels == ["anna", "ben"]
    files = [str(recordings / "voice-01" / f"{number}.wav") for number in (1, 2)]
    assert gallery.table.ids[:2].tolist() == files


def test_enrolling_again_changes_nothing(run, team, recordings, model_path):
    before = Gallery.load(team).table
    result = run("enroll", team, "anna", recordings / "voice-01" / "1.wav", "--model", model_path)
    assert result.status == 0
    assert "0 recordings of 'anna' enrolled (2 names, 4 recordings in all)" in result.out
    np.testing.assert_array_equal(Gallery.load(team).table.vectors, before.vectors)


def test_a_recording_of_another_name_is_refused(run, team, recordings, model_path):
    files = recordings / "voice-01" / "1.wav", recordings / "voice-11" / "3.wav"
    result = run("enroll", team, "ben", *files, "--model", model_path, "--json")
    assert result.status == 1
    assert "enrolled already, as 'anna'" in result.err
    assert result.document["enrolled"] == [str(files[1])]
    assert list(result.document["refused"]) == [str(files[0])]


def test_recordings_with_too_little_speech_are_refused_by_name(run, team, odd_files, recordings, model_path):
    before = len(Gallery.load(team))
    files = odd_files["brief"], odd_files["zeros"], odd_files["empty"], recordings / "voice-17" / "1.wav"
    result = run("enroll", team, "carl", *files, "--model", model_path)
    assert result.status == 1
    for file in files[:3]:
        assert str(file) in result.err
    assert "at least 0.60 s are needed" in result.err
    assert len(Gallery.load(team)) == before + 1


def test_nothing_to_enrol_leaves_the_gallery_as_it_was(run, team, odd_files, model_path, tmp_path):
    before = team.read_bytes()
    result = run("enroll", team, "carl", odd_files["brief"], "--model", model_path)
    assert result.status == 2
    assert team.read_bytes() == before
    assert run("enroll", tmp_path / "new.gallery", "carl", odd_files["brief"], "--model", model_path).status == 2
    assert not (tmp_path / "new.gallery").exists()


@pytest.mark.parametrize("name", ["", "  ", "unknown"])
def test_names_that_are_none_are_refused(run, team, recordings, model_path, name):
    result = run("enroll", team, name, recordings / "voice-17" / "1.wav", "--model", model_path)
    assert result.status == 2
    assert "label" in result.err.lower()


def test_a_gallery_of_another_model_is_refused(run, team, recordings, other_model_path):
    file = recordings / "voice-01" / "3.wav"
    for command in (("enroll", team, "anna", file), ("recognize", team, file)):
        result = run(*command, "--model", other_model_path)
        assert result.status == 2
        assert "made with another model" in result.err


def test_what_is_no_gallery_is_refused(run, recordings, model_path, tmp_path):
    path = tmp_path / "text.gallery"
    path.write_text("no gallery")
    result = run("recognize", path, recordings / "voice-01" / "1.wav", "--model", model_path)
    assert result.status == 2
    assert "no gallery" in result.err
    assert str(path) in result.err
    assert run("gallery", "list", tmp_path / "missing.gallery").status == 2


def test_recognize_says_label_score_and_threshold(run, team, recordings, model_path):
    files = [recordings / folder / "3.wav" for folder in ("voice-01", "voice-17")]
    result = run("recognize", team, *files, "--model", model_path)
    assert result.status == 0
    assert all(str(file) in result.out for file in files)
    assert "each enrolled label left out in turn" in result.out


def test_recognize_as_json(run, team, recordings, model_path):
    file = recordings / "voice-01" / "1.wav"
    arguments = ("recognize", team, file, "--model", model_path, "--json")
    document = run(*arguments, "--threshold", "-1").document
    assert document["threshold"]["origin"] == "given on the command line"
    (answer,) = document["recordings"]
    assert answer["file"] == str(file)
    assert answer["known"] is True
    assert answer["short"] is False
    assert answer["score"] == pytest.approx(1, abs=1e-5)
    assert run(*arguments, "--threshold", "1.01").document["recordings"][0]["label"] == "unknown"


def test_short_clips_may_be_asked_about(run, team, odd_files, model_path):
    result = run("recognize", team, odd_files["brief"], "--model", model_path)
    assert result.status == 0
    assert "too little speech" in result.err
    assert str(odd_files["brief"]) in result.err


def test_files_that_cannot_be_read_are_skipped(run, team, odd_files, recordings, model_path):
    result = run("recognize", team, odd_files["text"], recordings / "voice-01" / "1.wav", "--model", model_path)
    assert result.status == 1
    assert str(odd_files["text"]) in result.err
    assert "skipped 1 of 2 recordings" in result.err
    assert str(recordings) in result.out


def test_a_gallery_too_small_for_a_threshold_takes_the_models_and_warns(run, recordings, model_path, tmp_path):
    path = tmp_path / "one.gallery"
    run("enroll", path, "anna", recordings / "voice-01" / "1.wav", "--model", model_path)
    result = run("recognize", path, recordings / "voice-01" / "2.wav", "--model", model_path)
    assert result.status == 0
    assert "too small to fit a threshold" in result.err
    assert "bundled voices" in result.out


def test_list_remove_relabel_and_merge(run, team, recordings, model_path, tmp_path):
    other = tmp_path / "other.gallery"
    run("enroll", other, "carl", recordings / "voice-17" / "1.wav", "--model", model_path)
    assert run("gallery", "merge", team, other).status == 0
    assert run("gallery", "relabel", team, "anna", "Anna Berg").status == 0
    assert run("gallery", "remove", team, "ben").status == 0
    assert run("gallery", "remove", team, "--item", recordings / "voice-01" / "2.wav").status == 0
    items = run("gallery", "list", team, "--json").document["items"]
    assert [(item["label"], item["id"]) for item in items] == [
        ("Anna Berg", str(recordings / "voice-01" / "1.wav")),
        ("carl", str(recordings / "voice-17" / "1.wav")),
    ]
    listed = run("gallery", "list", team)
    assert "Anna Berg" in listed.out
    assert "2 names, 2 items" in listed.out


def test_changes_of_names_that_are_not_there_say_who_is(run, team):
    for arguments in (("remove", team, "zoe"), ("relabel", team, "zoe", "x")):
        result = run("gallery", *arguments)
        assert result.status == 2
        assert "'zoe'" in result.err
        assert "anna, ben" in result.err


def test_a_fitted_threshold_is_kept(run, team, recordings, model_path):
    fitted = run("gallery", "fit-threshold", team, "--target-far", "0.5", "--json").document
    document = run("recognize", team, recordings / "voice-01" / "3.wav", "--model", model_path, "--json").document
    assert document["threshold"]["value"] == fitted["value"]
    assert "threshold" in run("gallery", "list", team).out


def test_an_empty_gallery_can_be_listed_and_says_so_when_asked(run, team, recordings, model_path):
    run("gallery", "remove", team, "anna")
    run("gallery", "remove", team, "ben")
    assert "0 names, 0 items" in run("gallery", "list", team).out
    result = run("recognize", team, recordings / "voice-01" / "1.wav", "--model", model_path)
    assert result.status == 2
    assert "empty" in result.err
