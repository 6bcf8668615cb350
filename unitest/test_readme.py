"""The code of the README and of the guides runs, from first line to last, each in one namespace and one folder.

The folder holds `voices/` (the bundled recordings with their `manifest.csv`), `recordings/` (a folder for each of four
voices), `manifest.csv` (a table of these), `a.wav`, `b.wav` (one voice) and `c.wav` (another), `digits/` (a folder of
images for each of five digits), `matches.csv` (these images, each with a tone for its digit), `four.wav` (a tone) and
`pairs.csv` and `texts.csv` (graded pairs of sentences, and sentences).
Of shell blocks, the lines that begin with `comparators` are run. A block after a line `<!-- not run: why -->` is left
out.
"""

import re
import shlex
import shutil
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from PIL import Image
from sklearn.datasets import load_digits

CHECKOUT = Path(__file__).resolve().parents[1]
README = CHECKOUT / "README.md"
DOCUMENTS = [README, *sorted(path for path in (CHECKOUT / "examples").glob("*.md") if path.name != "README.md")]
HEADING_OR_BLOCK = re.compile(
    r"^#+ (?P<heading>[^\n]+)$|(?P<not_run><!-- not run: .+? -->\s*)?^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
SHELLS = {"bash", "sh", "shell", "console"}


class Piece(NamedTuple):
    """What is run at once: a Python block, or one line of a shell block, with the heading above it."""

    heading: str
    language: str
    code: str


def pieces_of_code(document: Path) -> list[Piece]:
    """Returns all code of a document that is to be run, in order."""
    heading, found = "", []
    # A `#` that begins a line of a block is a comment there: whole blocks are matched before headings inside of them.
    for match in HEADING_OR_BLOCK.finditer(document.read_text(encoding="utf-8")):
        heading = match["heading"] or heading
        if match["heading"] or match["not_run"]:
            continue
        if match["language"] == "python":
            found.append(Piece(heading, "python", match["code"]))
        elif match["language"] in SHELLS:
            lines = [line.strip().removeprefix("$ ") for line in match["code"].replace("\\\n", " ").splitlines()]
            found += [Piece(heading, "shell", line) for line in lines if line.startswith("comparators ")]
    return found


def run_command(line: str) -> None:
    """Runs one call of the command line, with the shell's patterns and comments understood."""
    words = shlex.split(line, comments=True)[1:]
    arguments = [name for word in words for name in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]
    (command,) = entry_points(group="console_scripts", name="comparators")
    result = CliRunner().invoke(command.load(), arguments)
    assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception!r}"


@pytest.fixture
def files(tmp_path, monkeypatch, voices):
    shutil.copytree(voices, tmp_path / "voices")
    rows = ["path,label"]
    for label in ("01", "02", "11", "17"):
        folder = tmp_path / "recordings" / f"voice-{label}"
        folder.mkdir(parents=True)
        for path in sorted(voices.glob(f"voice_{label}_*.flac")):
            shutil.copy(path, folder)
            rows.append(f"recordings/voice-{label}/{path.name},voice-{label}")
    (tmp_path / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for name, source in {"a": "01_sentence_1", "b": "01_sentence_2", "c": "11_sentence_1"}.items():
        soundfile.write(tmp_path / f"{name}.wav", *soundfile.read(voices / f"voice_{source}.flac"))
    digits = load_digits()
    for number in np.flatnonzero(digits.target < 5)[:50]:
        folder = tmp_path / "digits" / str(digits.target[number])
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray((digits.images[number] * 15).astype(np.uint8)).save(folder / f"{number}.png")
    matches = ["image,audio,label"]
    for path in sorted((tmp_path / "digits").glob("*/*.png")):
        digit = int(path.parent.name)
        sound = np.sin(np.arange(6000) * (0.05 + 0.06 * digit)) * (0.3 + 0.01 * len(matches) / 50)
        soundfile.write(tmp_path / f"{path.stem}.wav", sound, 16_000)
        matches.append(f"{path.relative_to(tmp_path)},{path.stem}.wav,{digit}")
    (tmp_path / "matches.csv").write_text("\n".join(matches) + "\n", encoding="utf-8")
    shutil.copy(tmp_path / f"{path.stem}.wav", tmp_path / "four.wav")
    who, does = ("a dog", "a man", "the cat", "a farmer"), ("runs in the park", "sings at night", "sleeps")
    texts = [f"{one} {other}" for one in who for other in does]
    (tmp_path / "texts.csv").write_text("\n".join(["text", *texts]) + "\n", encoding="utf-8")
    graded = [f"{a},{b},{5 * len(set(a.split()) & set(b.split())) / 4:.1f}" for a in texts for b in texts if a < b]
    (tmp_path / "pairs.csv").write_text("\n".join(["sentence1,sentence2,score", *graded]) + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_code_runs(document, files):
    namespace = {"__name__": "__main__"}
    for piece in pieces_of_code(document):
        if piece.language == "python":
            exec(compile(piece.code, f"{document.name}, {piece.heading}", "exec"), namespace)
        else:
            run_command(piece.code)


def test_readme_has_the_two_lines_of_set_up():
    text = README.read_text(encoding="utf-8")
    assert "pip install -e . && comparators demo" in text
    assert "pip install -e '.[test]' && pytest" in text
