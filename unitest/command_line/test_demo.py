"""`comparators demo`; what it does is tested in `test_demo.py` beside this folder."""


def test_prints_a_table_with_times(run, model_path, tmp_path):
    result = run("demo", "-o", tmp_path / "d", "--model", model_path, "--projection", "pca")
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[0].split() == ["step", "result", "seconds"]
    assert [line.split()[0] for line in lines[1:]] == ["load", "embed", "verify", "recognise", "cluster", "map", "all"]
    assert "loading the encoder ..." in result.err
    assert (tmp_path / "d" / "map_by_voice.png").exists()


def test_json_is_one_document(run, model_path, tmp_path):
    result = run("demo", "-o", tmp_path / "d", "--model", model_path, "--projection", "pca", "--json", "-q")
    assert [step["step"] for step in result.document["steps"]][-1] == "map"
    assert "bundled voices" in result.document["steps"][2]["figures"]["threshold_origin"]
    assert result.err == ""


def test_a_file_in_the_way_is_named(run, model_path, tmp_path):
    (tmp_path / "d").write_text("")
    assert run("demo", "-o", tmp_path / "d", "--model", model_path).status == 2
