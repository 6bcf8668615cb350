"""The program as a whole: help without Keras, exit statuses, messages in place of tracebacks."""

import click
import pytest

from comparators.command_line import main, program
from comparators.command_line.program import Program

COMMANDS = (
    "demo",
    "verify",
    "search",
    "embed",
    "enroll",
    "recognize",
    "gallery",
    "cluster",
    "plot",
    "train",
    "pretrain",
    "finetune",
    "evaluate",
    "crossvalidate",
    "convert",
    "extract-video",
)
HEAVY = ("keras", "tensorflow", "numpy", "pandas", "scipy", "sklearn", "umap", "matplotlib", "librosa")


def paths_of_commands() -> list[list[str]]:
    paths = [[], *([name] for name in COMMANDS)]
    return paths + [["gallery", name] for name in main.commands["gallery"].commands]


def test_commands_have_the_names_that_are_fixed():
    assert tuple(main.commands) == COMMANDS


@pytest.mark.parametrize("path", paths_of_commands(), ids=" ".join)
def test_help_explains_with_an_example(run, path):
    result = run(*path, "--help")
    assert result.status == 0
    assert f"  {' '.join(['comparators', *path])} " in result.out


def test_help_of_every_command_loads_nothing_heavy(fresh_python):
    program = f"""
import sys
from comparators.command_line import main
for path in {paths_of_commands()!r}:
    try:
        main.main([*path, "--help"], prog_name="comparators")
    except SystemExit as end:
        assert not end.code
print("loaded:", *({HEAVY!r} & sys.modules.keys()))
""".replace(repr(HEAVY), repr(set(HEAVY)))
    assert fresh_python(program).rpartition("loaded:")[2].split() == []


def test_wrong_usage_has_status_2(run):
    assert run("verfy").status == 2
    assert run("verify", "only-one.wav").status == 2
    assert run("embed", ".").status == 2
    assert "No such option" in run("verify", "a", "b", "--treshold", "1").err


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (ValueError("`k` must be positive. Received: k=0."), 2, "comparators: `k` must be positive. Received: k=0."),
        (FileNotFoundError("No such audio file: 'a.wav'."), 2, "comparators: No such audio file: 'a.wav'."),
        (PermissionError(13, "Permission denied", "a.wav"), 2, "comparators: Permission denied: 'a.wav'"),
        (OSError(28, "No space left on device"), 2, "comparators: No space left on device"),
        (KeyError("No label 'ann'."), 2, "comparators: No label 'ann'."),
        (KeyboardInterrupt(), 130, "comparators: interrupted"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors_become_messages(capsys, error, status, message):
    @click.group(cls=Program)
    def program():
        pass

    @program.command()
    def fail():
        raise error

    with pytest.raises(SystemExit) as end:
        program.main(["fail"])
    assert end.value.code == status
    assert capsys.readouterr().err.strip() == message


def test_status_is_what_the_command_returns(capsys):
    @click.group(cls=Program)
    def program():
        pass

    @program.command()
    @click.argument("status", type=int)
    def end(status):
        return status

    for status in (0, 1):
        with pytest.raises(SystemExit) as exit:
            program.main(["end", str(status)])
        assert exit.value.code == status


@pytest.fixture
def two_files(voices):
    return sorted(voices.glob("*.flac"))[:2]


def test_an_error_that_nobody_foresaw_is_one_line(run, monkeypatch):
    monkeypatch.delenv("COMPARATORS_TRACEBACK", raising=False)
    monkeypatch.setattr(program.verify, "callback", lambda **options: 1 / 0)
    result = run("verify", "a.wav", "b.wav")
    assert result.status == 2
    assert "unexpected ZeroDivisionError: division by zero. Set COMPARATORS_TRACEBACK=1" in result.err


def test_a_model_that_is_not_there_is_named(run, tmp_path, two_files):
    for name in ("no-such-model", tmp_path / "no.keras"):
        result = run("verify", *two_files, "--model", name)
        assert result.status == 2
        assert f"No model '{name}'" in result.err


def test_a_file_that_is_no_model_is_named(run, tmp_path, two_files):
    path = tmp_path / "broken.keras"
    path.write_bytes(b"not a model")
    result = run("verify", *two_files, "--model", path)
    assert result.status == 2
    assert "Not a model, or a damaged one" in result.err
    assert str(path) in result.err


def test_a_model_of_something_else_is_refused(run, tmp_path, two_files):
    import keras

    from comparators.models import Encoder

    path = tmp_path / "images.keras"
    Encoder(keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])).save(path)
    result = run("verify", *two_files, "--model", path)
    assert result.status == 2
    assert "needs a model of recordings" in result.err
