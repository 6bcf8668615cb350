import os
import sys

import librosa
import numpy as np
import pytest
import soundfile

from comparators.acoustics import SpeechDetector
from comparators.generators import AudioReader

SOUND = 0.1 * np.random.default_rng(0).normal(size=(48_000, 6))


@pytest.fixture
def write(tmp_path):
    def write(name: str, sound: np.ndarray = SOUND[:, 0], rate: int = 16_000, **how) -> str:
        soundfile.write(tmp_path / name, sound, rate, **how)
        return str(tmp_path / name)

    return write


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_same_bits_as_librosa(write, suffix, rate, channels):
    path = write(f"sound.{suffix}", SOUND[:, :channels], rate)
    reader = AudioReader()
    whole = reader.read(path)
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(whole, librosa.load(path, sr=16_000, mono=True)[0])
    part = librosa.load(path, sr=16_000, mono=True, offset=0.5, duration=0.2)[0]
    np.testing.assert_array_equal(reader.read(path, start=0.5, end=0.7), part)
    assert reader.duration(path) == pytest.approx(48_000 / rate, rel=0.2 if suffix == "mp3" else 1e-9)


def test_six_channels_at_48_khz_and_one_at_8(write):
    path = write("six.wav", SOUND, 48_000)
    assert AudioReader().read(path).shape == (16_000,)
    expected = librosa.load(path, sr=16_000, mono=False)[0][4]
    np.testing.assert_array_equal(AudioReader().read(path, channel=4), expected)
    assert AudioReader().read(write("telephone.wav", SOUND[:, 0], 8_000)).shape == (96_000,)


def test_only_the_range_is_decoded(write, monkeypatch):
    path = write("long.wav", np.zeros(160_000))
    asked = []
    read = soundfile.SoundFile.read
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda file, n, **k: asked.append(n) or read(file, n, **k))
    assert AudioReader().read(path, start=1.0, end=1.5).shape == (8_000,)
    assert asked == [8_000]


def test_empty_cells_of_a_table_mean_none(write):
    path = write("sound.wav")
    np.testing.assert_array_equal(
        AudioReader().read(path, float("nan"), np.float64("nan"), np.nan), AudioReader().read(path)
    )
    assert AudioReader().read(path, np.float64(0.5), 99.0, 0.0).shape == (40_000,)


def test_silence_and_50_ms_are_readable(write):
    assert not AudioReader().read(write("silence.wav", np.zeros(16_000))).any()
    assert AudioReader().read(write("short.flac", SOUND[:800, 0])).shape == (800,)


def test_trimming(write):
    sound = np.concatenate([np.zeros(16_000), SOUND[:8_000, 0], np.zeros(16_000)])
    reader = AudioReader(trim=SpeechDetector(padding_seconds=0.0))
    assert 8_000 <= len(reader.read(write("sound.flac", sound))) <= 9_000
    assert reader.read(write("silence.wav", np.zeros(16_000))).shape == (0,)
    assert AudioReader.trimming().get_config() == AudioReader(trim=SpeechDetector()).get_config()


def test_level(write):
    quiet = AudioReader(level_dbfs=-30.0).read(write("quiet.wav", 0.01 * SOUND[:, 0], subtype="FLOAT"))
    assert 10 * np.log10(np.mean(quiet**2)) == pytest.approx(-30.0, abs=0.01)
    loud = write("loud.wav")
    np.testing.assert_array_equal(AudioReader(level_dbfs=-30.0).read(loud), AudioReader().read(loud))


def test_config_round_trip():
    for reader in (AudioReader(8_000), AudioReader(8_000, SpeechDetector(8_000, sensitivity=0.4), level_dbfs=-25.0)):
        assert AudioReader.from_config(reader.get_config()).get_config() == reader.get_config()


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such audio file: '.*gone\.wav'\. Check the path"):
        AudioReader().read(tmp_path / "gone.wav")
    with pytest.raises(FileNotFoundError, match=r"No such audio file"):
        AudioReader().duration(tmp_path / "gone.wav")


def test_folder(tmp_path):
    with pytest.raises(ValueError, match=r"A folder was given .*: '.*'\. Name a file in it"):
        AudioReader().read(tmp_path)


def test_unreadable_file(write, monkeypatch):
    path = write("locked.wav")
    if os.geteuid() == 0:  # the superuser may read all
        monkeypatch.setattr(os, "access", lambda *arguments: False)
    else:
        os.chmod(path, 0)
    with pytest.raises(ValueError, match=r"No permission to read audio file '.*locked\.wav'\. Change its permissions"):
        AudioReader().read(path)


def test_empty_file(tmp_path):
    (tmp_path / "empty.wav").touch()
    with pytest.raises(ValueError, match=r"Empty audio file: '.*empty\.wav' \(0 bytes\)"):
        AudioReader().read(tmp_path / "empty.wav")


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_no_samples(write, suffix):
    with pytest.raises(ValueError, match=rf"'.*none\.{suffix}'"):
        AudioReader().read(write(f"none.{suffix}", np.zeros(0)))


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_truncated_file(write, suffix, share):
    path = write(f"cut.{suffix}")
    with open(path, "rb+") as file:
        file.truncate(int(share * os.path.getsize(path)))
    with pytest.raises(ValueError, match=rf"'.*cut\.{suffix}' .*Copy it again|Not a readable audio file: '.*cut"):
        AudioReader().read(path)


def test_mp3_without_a_stated_length(write):
    path = write("stated.mp3", SOUND[:, 0] * np.linspace(0, 1, 48_000) ** 4)
    with open(path, "rb+") as file:
        content = file.read()
        file.seek(0)
        file.write(content[content.find(content[:2], 4) :])
        file.truncate()
    assert AudioReader().read(path).shape[0] == pytest.approx(48_000, abs=4_000)


def test_wav_from_a_pipe_is_not_truncated(write):
    path = write("pipe.wav")
    with open(path, "rb+") as file:
        start = file.read(200).find(b"data")
        file.seek(start + 4)
        file.write(b"\xff\xff\xff\xff")
    assert AudioReader().read(path).shape == (48_000,)


def test_text_renamed(tmp_path):
    (tmp_path / "text.wav").write_text("not a sound at all")
    with pytest.raises(ValueError, match=r"Not a readable audio file: '.*text\.wav'.*convert it, or remove it"):
        AudioReader().read(tmp_path / "text.wav")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(write, value):
    sound = SOUND[:, 0].copy()
    sound[1_000] = value
    with pytest.raises(ValueError, match=r"NaN or infinite samples in audio file '.*nan\.wav'"):
        AudioReader().read(write("nan.wav", sound, subtype="FLOAT"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": 1.0, "end": 1.0}, r"`end` must be after `start`\. Received: start=1\.0, end=1\.0 for '.*wav'"),
        ({"end": 0.0}, r"`end` must be after `start`"),
        ({"start": -1.0}, r"`start` must not be negative\. Received: start=-1\.0"),
        ({"start": 3.0}, r"`start` is past the end of '.*sound\.wav', which lasts 3\.000 s\. Received: start=3\.0"),
        ({"channel": 1}, r"`channel` must be an index from 0 to 0: '.*' has 1 channel\(s\)\. Received: channel=1"),
        ({"channel": -1}, r"`channel` must be an index"),
        ({"start": 1.0, "end": 1.00001}, r"No sample between `start` and `end`"),
    ],
)
def test_range_and_channel_that_are_not_there(write, arguments, message):
    with pytest.raises(ValueError, match=message):
        AudioReader().read(write("sound.wav"), **arguments)


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"`sample_rate` must be a positive integer, in Hz. Received: sample_rate=0"):
        AudioReader(0)
    with pytest.raises(ValueError, match=r"`trim` must work at the reader's sample rate"):
        AudioReader(8_000, trim=SpeechDetector(16_000))


def test_starts_without_keras(fresh_python):
    program = "import sys\nimport comparators.generators.audio_reader, comparators.generators.manifest\n"
    program += "import comparators.generators.splits\nprint({'keras', 'librosa', 'tensorflow'} & set(sys.modules))"
    assert fresh_python(program).strip() == "set()"
    assert sys.executable


def test_samples_of_another_unit_are_refused(tmp_path):
    soundfile.write(tmp_path / "loud.wav", np.array([0.0, 100.0, -100.0] * 100), 16_000, subtype="FLOAT")
    with pytest.raises(ValueError, match=r"Samples far outside of \[-1, 1\] in audio file .*loud\.wav"):
        AudioReader().read(tmp_path / "loud.wav")
