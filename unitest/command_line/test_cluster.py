"""`comparators cluster`."""

import pandas as pd
import pytest


def test_writes_a_row_for_each_recording(run, model_path, recordings, tmp_path):
    result = run("cluster", recordings, "-o", tmp_path / "c.csv", "--model", model_path)
    assert result.status == 0
    rows = pd.read_csv(tmp_path / "c.csv")
    assert list(rows.columns) == ["path", "cluster", "speech_seconds", "label"]
    assert rows["path"].tolist() == sorted(map(str, recordings.rglob("*.wav")))
    assert f"9 recordings in {rows['cluster'].nunique()} cluster" in result.out
    assert "3 labels: adjusted mutual information" in result.out


def test_without_labels_there_is_no_label_column(run, model_path, recordings, tmp_path):
    result = run("cluster", recordings / "voice-01", "-o", tmp_path / "c.csv", "--model", model_path)
    assert result.status == 0
    assert list(pd.read_csv(tmp_path / "c.csv").columns) == ["path", "cluster", "speech_seconds"]
    assert "information" not in result.out


@pytest.mark.parametrize("method", ["similarity", "agglomerative", "hdbscan", "spectral", "kmeans"])
def test_every_method_gives_every_row(run, model_path, recordings, tmp_path, method):
    arguments = ("--method", method, "--model", model_path, "--json")
    document = run("cluster", recordings, "-o", tmp_path / "c.csv", *arguments).document
    assert document["recordings"] == len(pd.read_csv(tmp_path / "c.csv")) == 9


def test_a_given_number_is_found(run, model_path, recordings, tmp_path):
    arguments = ("--num-clusters", 3, "--model", model_path, "--json")
    assert run("cluster", recordings, "-o", tmp_path / "c.csv", *arguments).document["clusters"] == 3


def test_short_clips_get_a_row_but_start_no_cluster(run, model_path, recordings, odd_files, tmp_path):
    rows = pd.DataFrame({"path": [*sorted(recordings.rglob("*.wav")), odd_files["brief"]]})
    rows.to_csv(tmp_path / "m.csv", index=False)
    arguments = ("-o", tmp_path / "c.csv", "--model", model_path, "--threshold", "0.99999")
    assert run("cluster", tmp_path / "m.csv", *arguments).status == 0
    written = pd.read_csv(tmp_path / "c.csv")
    assert len(written) == 10
    short = written.iloc[9]
    assert short["cluster"] == -1 or (written["cluster"] == short["cluster"]).sum() > 1


def test_only_short_clips_are_refused(run, model_path, odd_files, tmp_path):
    pd.DataFrame({"path": [odd_files["brief"]]}).to_csv(tmp_path / "m.csv", index=False)
    result = run("cluster", tmp_path / "m.csv", "-o", tmp_path / "c.csv", "--model", model_path)
    assert result.status == 2
    assert "none can start a cluster" in result.err


def test_draws_a_picture(run, model_path, recordings, tmp_path):
    picture = tmp_path / "c.png"
    arguments = ("--plot", picture, "--projection", "pca", "--model", model_path)
    assert run("cluster", recordings, "-o", tmp_path / "c.csv", *arguments).status == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_options_that_do_not_fit_together_are_refused(run, model_path, recordings, tmp_path):
    arguments = ("-o", tmp_path / "c.csv", "--model", model_path)
    result = run("cluster", recordings, *arguments, "--num-clusters", 3, "--threshold", "0.5")
    assert result.status == 2
    assert "not both" in result.err
    assert run("cluster", recordings, *arguments, "--plot", tmp_path / "c.xyz").status == 2
