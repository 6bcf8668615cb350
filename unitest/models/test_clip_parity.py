"""CLIP beside open_clip and transformers in PyTorch, tiny and with random weights."""

import importlib.util

import numpy as np
import pytest
from keras import ops

from comparators.generators import TextTokenizer
from comparators.models import CLIP
from comparators.models.torch_checkpoint import read_torch_checkpoint

from . import open_clip_reference

pytestmark = pytest.mark.opt_in
pytest.importorskip("tokenizers", reason="needs the package `tokenizers`")
LIMIT = 3e-5


def installed(*names: str) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)


def words() -> TextTokenizer:
    return TextTokenizer.of_words([f"word{number}" for number in range(open_clip_reference.END)], max_tokens=12)


def ours(model: CLIP, pictures, tokens, lengths) -> dict[str, np.ndarray]:
    image = model.encoder_of("image").encoder.trunk(pictures)
    text = model.encoder_of("text")({"tokens": tokens, "lengths": lengths})
    logits = model.objective.scale * model.match_similarity.pairwise(image, text)
    return {
        "image": ops.convert_to_numpy(image),
        "text": ops.convert_to_numpy(text),
        "logits": ops.convert_to_numpy(logits),
    }


def check(found: dict, expected: dict) -> None:
    for name, value in expected.items():
        difference = np.abs(found[name] - value).max() / np.abs(value).max()
        assert difference < LIMIT, (name, difference)


@pytest.mark.skipif(not installed("torch", "open_clip", "transformers"), reason="open_clip is not installed")
@pytest.mark.parametrize("quick_gelu", [True, False])
@pytest.mark.parametrize("vision", ["vit", "resnet"])
def test_open_clip(vision, quick_gelu, tmp_path):
    import torch

    network = open_clip_reference.reference(vision, quick_gelu)
    torch.save({"epoch": 1, "state_dict": network.state_dict()}, tmp_path / "clip.pt")
    model = CLIP.from_checkpoint(tmp_path / "clip.pt", words(), "quick_gelu" if quick_gelu else "gelu")
    pictures, tokens, lengths = open_clip_reference.inputs(vision)
    expected = open_clip_reference.outputs(network, pictures, tokens)
    check(ours(model, pictures, tokens, lengths), expected)
    model.encoder_of("text").encoder.end_token = open_clip_reference.END
    text = ops.convert_to_numpy(model.encoder_of("text").encoder(tokens))
    assert np.abs(text - expected["text"]).max() / np.abs(expected["text"]).max() < LIMIT


@pytest.mark.skipif(not installed("torch", "open_clip", "transformers"), reason="open_clip is not installed")
def test_archives_with_code(tmp_path):
    """OpenAI publishes TorchScript archives, partly in half precision."""
    import torch

    network = open_clip_reference.reference("vit", True)
    pictures, tokens, lengths = open_clip_reference.inputs("vit")
    images, texts = torch.tensor(pictures.transpose(0, 3, 1, 2)), torch.tensor(tokens)
    traced = torch.jit.trace(network, (images, texts), check_trace=False, strict=False)
    torch.jit.save(traced, tmp_path / "clip.pt")
    state = read_torch_checkpoint(tmp_path / "clip.pt")
    assert set(network.state_dict()) <= set(state)
    model = CLIP.from_checkpoint(tmp_path / "clip.pt", words())
    check(ours(model, pictures, tokens, lengths), open_clip_reference.outputs(network, pictures, tokens))


@pytest.mark.skipif(not installed("torch", "transformers"), reason="transformers is not installed")
@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
def test_transformers(activation, tmp_path):
    import torch
    from transformers import CLIPConfig, CLIPModel

    torch.manual_seed(0)
    sizes = {"num_hidden_layers": 2, "hidden_act": activation, "projection_dim": 32}
    text = {"hidden_size": 64, "intermediate_size": 256, "num_attention_heads": 1, "vocab_size": 50}
    text |= {
        "max_position_embeddings": 12,
        "eos_token_id": open_clip_reference.END,
        "pad_token_id": 0,
        "bos_token_id": 1,
    }
    vision = {"hidden_size": 128, "intermediate_size": 512, "num_attention_heads": 2, "image_size": 32, "patch_size": 8}
    config = CLIPConfig(text_config=text | sizes, vision_config=vision | sizes, projection_dim=32)
    network = CLIPModel(config).eval()
    for parameter in network.parameters():
        if parameter.ndim:
            torch.nn.init.normal_(parameter, std=max(0.05, parameter.shape[-1] ** -0.5))
    network.save_pretrained(tmp_path)
    pictures, tokens, lengths = open_clip_reference.inputs("vit")
    with torch.no_grad():
        out = network(input_ids=torch.tensor(tokens), pixel_values=torch.tensor(pictures.transpose(0, 3, 1, 2)))
    model = CLIP.from_checkpoint(tmp_path, words())  # the folder's config.json says which activation
    found = ours(model, pictures, tokens, lengths)
    found |= {name: found[name] / np.linalg.norm(found[name], axis=-1, keepdims=True) for name in ("image", "text")}
    check(
        found,
        {
            "image": out.image_embeds.numpy(),
            "text": out.text_embeds.numpy(),
            "logits": out.logits_per_image.numpy(),
        },
    )
