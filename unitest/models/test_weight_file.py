import pytest

from comparators.models.convert import read_state

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 90868376\n"


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.npz", "weights.pt", "pytorch_model.bin"])
def test_what_is_no_file_of_weights(tmp_path, name):
    path = tmp_path / name
    with pytest.raises(FileNotFoundError, match=rf"There is no checkpoint at .*{name}\. Give the path of a"):
        read_state(path)
    path.touch()
    with pytest.raises(ValueError, match=rf"{name} is empty \(0 bytes\)"):
        read_state(path)
    path.write_text(POINTER)
    with pytest.raises(ValueError, match=rf"{name} only points to the weights.*run `git lfs pull`"):
        read_state(path)
