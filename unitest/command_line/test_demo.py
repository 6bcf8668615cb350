"""`comparators demo`; what it does is tested in `test_demo.py` beside this folder."""


def test_prints_a_table_with_times(run, model_path, tmp_path):
    result = run("demo", "-o", tmp_path / "d", "--model", model_path, "--projection", "pca")
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[0].split() == ["step", "result", "seconds"]
    assert [line.split()[0] for line in lines[1:8]] == ["load", "embed", "verify", "recognise", "cluster", "map", "all"]
    assert "threshold to verify: 1.000 (equal error rate on" in result.out
    assert "threshold to recognise: " in result.out
    assert "loading the encoder ..." in result.err
    assert (tmp_path / "d" / "map_by_voice.png").exists()


def test_json_is_one_document(run, monkeypatch):
    import comparators.demo
    from comparators.demo import Step

    steps = [Step("verify", "in words", 1.5, {"equal_error_rate": 0.1, "threshold": float("nan")})]
    monkeypatch.setattr(comparators.demo, "run_demo", lambda *arguments, **options: steps)
    document = run("demo", "-o", "folder", "--json").document
    assert document["output"] == "folder"
    figures = {"equal_error_rate": 0.1, "threshold": None}
    assert document["steps"] == [{"step": "verify", "result": "in words", "seconds": 1.5, "figures": figures}]


def test_a_file_in_the_way_is_named(run, model_path, tmp_path):
    (tmp_path / "d").write_text("")
    assert run("demo", "-o", tmp_path / "d", "--model", model_path).status == 2
