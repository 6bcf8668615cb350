"""CLIP: published forms number by number, checkpoints by name, training, saving, bad input."""

import json

import keras
import numpy as np
import pandas as pd
import pytest
from keras import ops
from PIL import Image

import comparators
from comparators.custom_layers import SigLIP, SymmetricInfoNCE
from comparators.generators import ArrayItems, ImageItems, Matches, TextItems, TextTokenizer
from comparators.models import CLIP
from comparators.models.clip_checkpoint import ARCHITECTURES, read_clip_state, settings_of, sizes_of
from comparators.models.encoders import ClipImageTrunk, ImageTrunk

pytest.importorskip("tokenizers", reason="needs the package `tokenizers`")

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 200, 40),
    "blue": (30, 40, 210),
    "yellow": (230, 220, 30),
    "white": (250, 250, 250),
    "black": (5, 5, 5),
    "purple": (150, 30, 170),
    "orange": (240, 140, 20),
}
SQUARES = np.array([np.full((14, 14, 3), colour) for colour in COLOURS.values()], "uint8")
CAPTIONS = [f"a {colour} square" for colour in COLOURS]


def words(count: int, max_tokens: int = 12) -> TextTokenizer:
    """A tokenizer of so many tokens."""
    return TextTokenizer.of_words([f"word{number}" for number in range(count - 1)], max_tokens)


def tiny(tokenizer: TextTokenizer | None = None, **arguments) -> CLIP:
    tokenizer = TextTokenizer.of_words([*COLOURS, "a", "square"], max_tokens=8) if tokenizer is None else tokenizer
    sizes = {"size": (14, 14), "mode": "rgb", "embedding_dim": 16, "width": 16, "depth": 1, "num_heads": 2}
    return CLIP.small(tokenizer, **sizes | arguments)


def matches(tokenizer: TextTokenizer) -> Matches:
    return Matches({"image": ArrayItems(SQUARES), "text": TextItems(CAPTIONS, tokenizer)}, batch_size=8)


# Published networks.


@pytest.mark.parametrize("kind", ["quick", "gelu"])
@pytest.mark.parametrize("name", ["clip_vit", "clip_resnet"])
def test_published_forms(golden, name, kind):
    case = golden(name)
    activation = {"quick": "quick_gelu", "gelu": "gelu"}[kind]
    heads = case.info["constructor"]["vision_cfg"]["width"] // case.info["constructor"]["vision_cfg"]["head_width"]
    model = CLIP.from_checkpoint(
        case.state, words(50), activation, image_heads=heads if name == "clip_vit" else None, text_heads=2
    )
    tokens, lengths = case.inputs["tokens"], np.array(case.info["lengths"])
    tokens[np.arange(3), lengths - 1] = 49
    tokens[np.arange(12) >= lengths[:, None]] = 0
    image = model.encoder_of("image").encoder.trunk(case.inputs["image"].transpose(0, 2, 3, 1))
    text = model.encoder_of("text")({"tokens": tokens, "lengths": lengths})
    logits = model.objective.scale * model.match_similarity.pairwise(image, text)
    for output, value in {"image": image, "text": text, "logits": logits}.items():
        assert case.rule.compare(case.info, case.arrays, f"{kind}_{output}", ops.convert_to_numpy(value))[1] < 3e-5


def in_hugging_face_form(state: dict) -> dict:
    """The same weights as Hugging Face's `CLIPModel` names them."""
    named = {"logit_scale": state["logit_scale"], "text_model.embeddings.position_ids": np.arange(12)[None]}
    named["visual_projection.weight"] = state["visual.proj"].T
    named["text_projection.weight"] = state["text_projection"].T
    beginnings = {
        "visual.class_embedding": "vision_model.embeddings.class_embedding",
        "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
        "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
        "visual.ln_pre": "vision_model.pre_layrnorm",
        "visual.ln_post": "vision_model.post_layernorm",
        "visual.transformer.resblocks": "vision_model.encoder.layers",
        "token_embedding": "text_model.embeddings.token_embedding",
        "positional_embedding": "text_model.embeddings.position_embedding.weight",
        "ln_final": "text_model.final_layer_norm",
        "transformer.resblocks": "text_model.encoder.layers",
    }
    parts = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
    parts["attn.out_proj"] = "self_attn.out_proj"
    for name, value in state.items():
        beginning = next((known for known in beginnings if name.startswith(known)), None)
        if beginning is None:
            continue
        name = beginnings[beginning] + name.removeprefix(beginning)
        for old, new in parts.items():
            name = name.replace(f".{old}.", f".{new}.")
        if ".attn.in_proj_" in name:
            for part, third in zip("qkv", np.split(value, 3), strict=True):
                named[name.replace("attn.in_proj_", f"self_attn.{part}_proj.")] = third
        else:
            named[name] = value
    return named


def write_safetensors(path, state: dict) -> None:
    header, data = {}, b""
    for name, value in state.items():
        value = np.asarray(value, "<f2" if value.dtype == np.float16 else "<f4")
        dtype = "F16" if value.dtype == np.float16 else "F32"
        header[name] = {"dtype": dtype, "shape": value.shape, "data_offsets": [len(data), len(data) + value.nbytes]}
        data += value.tobytes()
    head = json.dumps(header).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + data)


def test_settings_beside_the_weights_are_followed(golden, tmp_path):
    write_safetensors(tmp_path / "model.safetensors", in_hugging_face_form(golden("clip_vit").state))
    parts = {
        "vision_config": {"hidden_act": "gelu", "num_attention_heads": 4},
        "text_config": {"num_attention_heads": 2},
    }
    (tmp_path / "config.json").write_text(json.dumps(parts))
    model = CLIP.from_checkpoint(tmp_path, words(50))
    image, text = (model.encoder_of(role).encoder for role in ("image", "text"))
    assert (image.trunk.blocks[0].num_heads, text.blocks[0].num_heads) == (4, 2)
    assert {image.trunk.blocks[0].activation, text.blocks[0].activation} == {"gelu"}
    own = CLIP.from_checkpoint(tmp_path, words(50), "quick_gelu", image_heads=2)
    assert own.encoder_of("image").encoder.trunk.blocks[0].num_heads == 2
    assert own.encoder_of("image").encoder.trunk.blocks[0].activation == "quick_gelu"
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": {"text_cfg": {"heads": 2}}}))
    assert settings_of(tmp_path) == {"activation": "gelu", "text_heads": 2}
    (tmp_path / "open_clip_config.json").write_text("{")
    with pytest.raises(ValueError, match=r"Not JSON: .*open_clip_config\.json"):
        settings_of(tmp_path)
    (tmp_path / "open_clip_config.json").unlink()
    (tmp_path / "config.json").write_text(json.dumps({"vision_config": {"hidden_act": "swish"}}))
    with pytest.raises(ValueError, match=r"must be gelu or quick_gelu\. Received: 'swish'"):
        CLIP.from_checkpoint(tmp_path, words(50))


def test_forms_of_checkpoints(golden, tmp_path):
    """OpenAI's, open_clip's with parts of its training, Hugging Face's, in files and folders: the same network."""
    case = golden("clip_vit")
    heads = {"image_heads": 2, "text_heads": 2}
    expected = CLIP.from_checkpoint(case.state, words(50), **heads)
    named = in_hugging_face_form(case.state)
    (tmp_path / "folder").mkdir()
    write_safetensors(tmp_path / "folder" / "model.safetensors", named)
    np.savez(tmp_path / "clip.npz", **case.state)
    numbers = {"input_resolution": np.array(16), "context_length": np.array(12), "vocab_size": np.array(50)}
    visual = {name: value for name, value in case.state.items() if name.startswith("visual.")}
    texts = {f"text.{name}": value for name, value in case.state.items() if name not in [*visual, "logit_scale"]}
    sources = [
        {**case.state, **numbers},
        {"epoch": 3, "state_dict": {f"module.{name}": value for name, value in case.state.items()}},
        {**visual, **texts, "logit_scale": case.state["logit_scale"].reshape(1)},
        named,
        tmp_path / "folder",
        tmp_path / "clip.npz",
    ]
    for source in sources:
        model = CLIP.from_checkpoint(source, words(50), **heads)
        for mine, other in zip(model.get_weights(), expected.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, other)
    assert float(model.objective.log_scale) == pytest.approx(float(case.state["logit_scale"]))


def test_half_precision_and_sig_lip(golden, tmp_path):
    state = {name: value.astype("float16") for name, value in golden("clip_vit").state.items()}
    write_safetensors(tmp_path / "clip.safetensors", state | {"logit_bias": np.array(-9.0, "float32")})
    model = CLIP.from_checkpoint(tmp_path / "clip.safetensors", words(50), image_heads=2, text_heads=2)
    assert isinstance(model.objective, SigLIP)
    assert float(model.objective.bias) == -9.0
    own = SymmetricInfoNCE(temperature=0.5)
    model = CLIP.from_checkpoint(state, words(50), image_heads=2, text_heads=2, objective=own)
    assert model.objective is own
    assert float(own.scale) == pytest.approx(2.0)


def test_temperature_of_a_checkpoint_is_clamped(golden):
    state = golden("clip_vit").state | {"logit_scale": np.array(6.0, "float32")}
    model = CLIP.from_checkpoint(state, words(50), image_heads=2, text_heads=2)
    assert float(model.objective.scale) == pytest.approx(100.0)


def test_sizes_of_checkpoints(golden):
    sizes = sizes_of(read_clip_state(golden("clip_resnet").state))
    assert (sizes.image_size, sizes.image_width, sizes.image_depth, sizes.patch_size) == (64, 16, (1, 2, 1, 1), None)
    assert (sizes.embedding_dim, sizes.text_width, sizes.text_depth, sizes.max_tokens) == (24, 64, 2, 12)
    model = CLIP.from_checkpoint(golden("clip_resnet").state, words(50))
    assert model.encoder_of("image").encoder.trunk.num_heads == 8


def test_pictures_are_read_as_published_networks_want_them(golden):
    model = CLIP.from_checkpoint(golden("clip_vit").state, words(50))
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 24, 3), dtype="uint8"))
    expected = np.array(picture.resize((16, 26), Image.Resampling.BICUBIC).crop((0, 5, 16, 21)))
    np.testing.assert_array_equal(model.encoder_of("image").read(np.array(picture)), expected)
    pixels = model.encoder_of("image").encoder.features(expected[None])
    np.testing.assert_allclose(
        ops.convert_to_numpy(pixels)[0, ..., 0], (expected[..., 0] / 255 - 0.48145466) / 0.26862954, atol=1e-5
    )


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "count"), [("ViT-B-32", 151_277_313), ("RN50", 102_007_137)])
def test_sizes_of_published_networks(architecture, count):
    """open_clip's counts of parameters."""
    model = CLIP.of_architecture(architecture, words(49_408, max_tokens=77))
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == count


def test_architectures_agree_with_open_clip():
    """Heads, and sizes that the stages divide, of those that are too large to be built here."""
    assert set(ARCHITECTURES) >= {"RN50", "RN101", "RN50x4", "ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336"}
    for sizes in ARCHITECTURES.values():
        assert sizes.image_size % (sizes.patch_size or 32) == 0
        assert sizes.text_width % 64 == 0


# Training and use.


def with_transformer(**arguments) -> CLIP:
    trunk = ClipImageTrunk((14, 14), patch_size=7, width=16, depth=1, num_heads=2, embedding_dim=16)
    return tiny(image_trunk=trunk, **arguments)


@pytest.mark.parametrize("objective", [SymmetricInfoNCE(), SigLIP(bias=-4.0)], ids=["InfoNCE", "SigLIP"])
def test_learns_squares_and_their_captions(objective):
    keras.utils.set_random_seed(0)
    model = with_transformer(objective=objective)
    model.compile(optimizer=keras.optimizers.Adam(0.005))
    inputs = {"image": SQUARES, "text": model.encoder_of("text").tokenizer.encode(CAPTIONS)}
    history = model.fit(inputs, np.arange(8), batch_size=8, epochs=60, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert history["recall_at_1"][-1] == 1.0
    scores = model.similarity_matrix(SQUARES, CAPTIONS)
    assert (scores.argmax(axis=0) == np.arange(8)).all()
    assert (scores.argmax(axis=1) == np.arange(8)).all()
    classifier = model.zero_shot_classifier(list(COLOURS), ["a {} square"])
    assert classifier.predict(SQUARES).tolist() == list(COLOURS)


def test_default_parts_learn():
    keras.utils.set_random_seed(0)
    model = tiny()
    assert isinstance(model.encoder_of("image").encoder.trunk, ImageTrunk)
    assert isinstance(model.objective, SymmetricInfoNCE)
    model.compile(optimizer=keras.optimizers.Adam(0.005))
    history = model.fit(matches(model.encoder_of("text").tokenizer), epochs=40, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert history["recall_at_1"][-1] == 1.0


def test_batch_and_alone():
    model = tiny()
    images, texts = model.embed(SQUARES, "image"), model.embed(CAPTIONS, "text")
    for index in (0, 5):
        np.testing.assert_allclose(model.embed(SQUARES[index : index + 1], "image")[0], images[index], atol=1e-5)
        np.testing.assert_allclose(model.embed(CAPTIONS[index], "text")[0], texts[index], atol=1e-5)


def test_saved_in_a_fresh_process(tmp_path, fresh_python):
    model = tiny(objective=SymmetricInfoNCE(temperature=0.02))
    model.save(tmp_path / "clip.keras")
    np.save(tmp_path / "squares.npy", SQUARES)
    np.save(tmp_path / "scores.npy", model.similarity_matrix(SQUARES, CAPTIONS))
    loaded = comparators.load(tmp_path / "clip.keras")
    assert isinstance(loaded, CLIP)
    assert float(loaded.objective.scale) == pytest.approx(50.0)
    assert loaded.fingerprint == model.fingerprint
    fresh_python(
        f"import comparators, numpy as np; f = {str(tmp_path)!r}; m = comparators.load(f + '/clip.keras')\n"
        f"s = m.similarity_matrix(np.load(f + '/squares.npy'), {CAPTIONS!r})\n"
        "np.testing.assert_allclose(s, np.load(f + '/scores.npy'), atol=1e-5)"
    )


def test_published_forms_are_saved(golden, tmp_path):
    model = CLIP.from_checkpoint(golden("clip_resnet").state, words(50))
    model.save(tmp_path / "clip.keras")
    loaded = comparators.load(tmp_path / "clip.keras")
    pictures = np.random.default_rng(0).integers(0, 256, (2, 70, 64, 3), dtype="uint8")
    np.testing.assert_allclose(loaded.embed(pictures, "image"), model.embed(pictures, "image"), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(loaded.embed(["word3"], "text"), model.embed(["word3"], "text"), rtol=1e-4, atol=1e-5)


# Bad input.


def test_wrong_parts():
    text = tiny().encoder_of("text")
    with pytest.raises(ValueError, match=r"of the roles 'image' and 'text'. Received: \['picture', 'text'\]"):
        CLIP({"picture": text, "text": text})
    with pytest.raises(ValueError, match=r"must give embeddings of 16 values, as the texts have. Received: 5"):
        tiny(image_trunk=ClipImageTrunk((14, 14), patch_size=7, width=8, depth=1, num_heads=2, embedding_dim=5))
    with pytest.raises(ValueError, match=r"one of RN50, RN101, .*Received: architecture='ViT-B'"):
        CLIP.of_architecture("ViT-B", words(50))
    with pytest.raises(ValueError, match=r"at most 77 tokens. Received: max_tokens=128. Make it with max_tokens=77"):
        CLIP.of_architecture("ViT-B-32", words(50, max_tokens=128))


def test_checkpoints_of_other_networks(golden, tmp_path):
    state = golden("clip_vit").state
    with pytest.raises(ValueError, match=r"no checkpoint of CLIP: it lacks positional_embedding.*Received: mlp_head"):
        CLIP.from_checkpoint(golden("ast_tiny224").state, words(50))
    other = {name: value for name, value in state.items() if name != "visual.positional_embedding"}
    with pytest.raises(ValueError, match=r"it lacks visual.positional_embedding"):
        CLIP.from_checkpoint(other, words(50))
    with pytest.raises(
        ValueError, match=r"do not fit, and nothing was loaded. Missing: ln_final.bias. Unexpected: more"
    ):
        CLIP.from_checkpoint(
            {name: value for name, value in (state | {"more": np.ones(2)}).items() if name != "ln_final.bias"},
            words(50),
        )
    wide = state | {"transformer.resblocks.1.mlp.c_fc.weight": np.ones((64, 64), "float32")}
    with pytest.raises(
        ValueError, match=r"Of another shape: transformer.resblocks.1.mlp.c_fc.weight is \(64, 64\), not"
    ):
        CLIP.from_checkpoint(wide, words(50))
    oblong = state | {"visual.positional_embedding": np.ones((13, 64), "float32")}
    with pytest.raises(ValueError, match=r"must be squares. Received: positions for 12 places"):
        CLIP.from_checkpoint(oblong, words(50))
    with pytest.raises(FileNotFoundError, match=r"must hold the weights, one of model.safetensors"):
        CLIP.from_checkpoint(tmp_path, words(50))
    with pytest.raises(FileNotFoundError, match=r"missing\.pt"):
        CLIP.from_checkpoint(tmp_path / "missing.pt", words(50))


def test_tokenizers_of_other_networks(golden):
    with pytest.raises(ValueError, match=r"must be the checkpoint's, of 50 tokens. Received: one of 31"):
        CLIP.from_checkpoint(golden("clip_vit").state, words(31))
    with pytest.raises(ValueError, match=r"at most 12 tokens. Received: max_tokens=77. Make it with max_tokens=12"):
        CLIP.from_checkpoint(golden("clip_vit").state, words(50, max_tokens=77))


def test_manifest_whose_images_are_missing(tmp_path):
    """Each step names the file; what is there is not lost."""
    Image.fromarray(SQUARES[0]).save(tmp_path / "there.png")
    table = pd.DataFrame({"path": ["there.png", "gone.png"], "text": CAPTIONS[:2]})
    table.to_csv(tmp_path / "pictures.csv", index=False)
    model = tiny()
    with pytest.raises(FileNotFoundError, match=r"gone\.png"):
        model.embed(tmp_path / "pictures.csv", "image")
    manifest = comparators.read_manifest(tmp_path / "pictures.csv")
    encoder = model.encoder_of("image")
    items = {
        "image": ImageItems(manifest, encoder.reader),
        "text": TextItems(manifest.text, model.encoder_of("text").tokenizer),
    }
    model.compile(optimizer="adam")
    with pytest.raises(Exception, match=r"gone\.png"):
        model.fit(Matches(items, batch_size=2), verbose=0)
    result = encoder.embed_files(tmp_path / "pictures.csv", progress=False)
    assert len(result.table) == 1
    assert "gone.png" in str(result.failures)
