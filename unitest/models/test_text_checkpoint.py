"""Folders of BERT-like and sentence-transformers checkpoints: read, refused, and as good as in PyTorch."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from keras import ops

import comparators
from comparators.generators import TextTokenizer
from comparators.models import TextEncoder, TextSiamese
from comparators.models.encoders import TextTransformerTrunk
from comparators.models.text_checkpoint import read_text_checkpoint

pytest.importorskip("tokenizers")

TEXTS = ["a dog by the sea", "the sea by night and the dog, the cat, the cow", "", "Ünïcode 😀", "sea " * 60, "dog"]
TOKENIZER = TextTokenizer.train(TEXTS * 3, vocabulary_size=120, max_tokens=24)
CONFIG = {
    "model_type": "bert",
    "vocab_size": 60,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 40,
    "hidden_act": "gelu",
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}
DISTILBERT = {
    "model_type": "distilbert",
    "vocab_size": 60,
    "dim": 16,
    "n_layers": 2,
    "n_heads": 4,
    "hidden_dim": 24,
    "max_position_embeddings": 40,
    "activation": "gelu",
}


def write_safetensors(path: Path, state: dict[str, np.ndarray]) -> None:
    header, start = {}, 0
    for name, values in state.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [start, start + values.nbytes]}
        start += values.nbytes
    head = json.dumps(header).encode()
    data = b"".join(np.ascontiguousarray(values, "<f4").tobytes() for values in state.values())
    path.write_bytes(struct.pack("<Q", len(head)) + head + data)


def random_state(trunk, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        name: random.normal(0, 0.3, weight.shape).astype("float32")
        for weight in trunk.torch_weights()
        for name in weight.names
    }


def write_json(path: Path, content) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def folder(tmp_path) -> Path:
    trunk = TextTransformerTrunk(60, 40, 16, 2, 4, 24)
    state = random_state(trunk) | {
        "pooler.dense.weight": np.ones((16, 16), "f4"),
        "pooler.dense.bias": np.ones(16, "f4"),
    }
    write_json(tmp_path / "config.json", CONFIG)
    (tmp_path / "tokenizer.json").write_text(TOKENIZER.definition, encoding="utf-8")
    write_safetensors(tmp_path / "model.safetensors", state)
    return tmp_path


def add_modules(folder: Path, kinds=("Transformer", "Pooling", "Dense", "Normalize"), pooling=None, dense=None) -> None:
    paths = {"Transformer": "", "Pooling": "1_Pooling", "Dense": "2_Dense", "Normalize": "3_Normalize"}
    names = [(kind, paths.get(kind, f"4_{kind}")) for kind in kinds]
    modules = [
        {"idx": i, "path": path, "type": f"sentence_transformers.models.{kind}"} for i, (kind, path) in enumerate(names)
    ]
    write_json(folder / "modules.json", modules)
    write_json(
        folder / "1_Pooling/config.json",
        {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True} | (pooling or {}),
    )
    settings = {
        "in_features": 16,
        "out_features": 5,
        "bias": True,
        "activation_function": "torch.nn.modules.activation.Tanh",
    }
    write_json(folder / "2_Dense/config.json", settings | (dense or {}))
    weights = np.random.default_rng(1).normal(size=(5, 16)).astype("f4")
    bias = {"linear.bias": np.ones(5, "f4")} if (dense or {}).get("bias", True) else {}
    write_safetensors(folder / "2_Dense/model.safetensors", {"linear.weight": weights} | bias)


def test_plain_folder(folder, tmp_path):
    checkpoint = read_text_checkpoint(folder)
    assert (checkpoint.trunk.pooling, checkpoint.trunk.normalize, checkpoint.trunk.output_dim) == ("mean", False, None)
    assert checkpoint.tokenizer.max_tokens == 40
    assert checkpoint.prompt() == ""
    model = TextEncoder.from_checkpoint(folder, max_tokens=24)
    expected = ops.convert_to_numpy(checkpoint.trunk(TOKENIZER.encode(TEXTS)))
    np.testing.assert_allclose(model.embed(TEXTS), expected, atol=1e-5)
    model.save(tmp_path / "model.keras")
    np.testing.assert_allclose(comparators.load(tmp_path / "model.keras").embed(TEXTS), expected, atol=1e-5)
    siamese = TextSiamese.from_checkpoint(folder, max_tokens=24)
    np.testing.assert_allclose(siamese.embed(TEXTS), expected, atol=1e-5)
    assert siamese.similarity(TEXTS, TEXTS).shape == (len(TEXTS),)


def test_prefixes_and_old_names_are_understood(folder):
    expected = TextEncoder.from_checkpoint(folder).embed(TEXTS)
    state = random_state(TextTransformerTrunk(60, 40, 16, 2, 4, 24))
    old = {
        f"bert.{name}".replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): values
        for name, values in state.items()
    }
    write_safetensors(folder / "model.safetensors", old | {"cls.predictions.bias": np.ones(60, "f4")})
    np.testing.assert_array_equal(TextEncoder.from_checkpoint(folder).embed(TEXTS), expected)


def test_distilbert_names(folder):
    trunk = TextTransformerTrunk(60, 40, 16, 2, 4, 24, num_token_types=0)
    theirs = {
        "encoder.layer.": "transformer.layer.",
        "attention.self.query": "attention.q_lin",
        "attention.self.key": "attention.k_lin",
        "attention.self.value": "attention.v_lin",
        "attention.output.dense": "attention.out_lin",
        "attention.output.LayerNorm": "sa_layer_norm",
        "intermediate.dense": "ffn.lin1",
        ".output.dense": ".ffn.lin2",
        ".output.LayerNorm": ".output_layer_norm",
    }
    state = {}
    for name, values in random_state(trunk).items():
        for ours, their in theirs.items():
            name = name.replace(ours, their)
        state[name] = values
    write_json(folder / "config.json", DISTILBERT)
    write_safetensors(folder / "model.safetensors", state)
    checkpoint = read_text_checkpoint(folder)
    assert checkpoint.trunk.num_token_types == 0
    weight = checkpoint.trunk.blocks[1].dense2.kernel
    np.testing.assert_array_equal(
        ops.convert_to_numpy(weight).T, random_state(trunk)["encoder.layer.1.output.dense.weight"]
    )


def test_roberta_counts_its_places_after_the_padding_token(folder):
    write_json(folder / "config.json", CONFIG | {"model_type": "xlm-roberta", "type_vocab_size": 1, "pad_token_id": 1})
    trunk = TextTransformerTrunk(60, 38, 16, 2, 4, 24, num_token_types=1, position_offset=2)
    write_safetensors(folder / "model.safetensors", random_state(trunk))
    checkpoint = read_text_checkpoint(folder)
    assert (checkpoint.trunk.position_offset, checkpoint.trunk.max_tokens, checkpoint.tokenizer.max_tokens) == (
        2,
        38,
        38,
    )


def test_sentence_transformers_folder(folder):
    add_modules(folder)
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 20, "do_lower_case": False})
    settings = {"prompts": {"query": "the dog ", "passage": ""}, "default_prompt_name": "query"}
    write_json(folder / "config_sentence_transformers.json", settings)
    model = TextEncoder.from_checkpoint(folder)
    assert (model.embedding_dim, model.tokenizer.max_tokens, model.prompt) == (5, 20, "the dog ")
    assert TextEncoder.from_checkpoint(folder, prompt_name="passage").prompt == ""
    with pytest.raises(
        ValueError, match=r"`prompt_name` must be one of .*: passage, query\. Received: prompt_name='q'"
    ):
        TextEncoder.from_checkpoint(folder, prompt_name="q")
    np.testing.assert_allclose(np.linalg.norm(model.embed(TEXTS), axis=1), 1, atol=1e-5)
    add_modules(folder, ("Transformer", "Pooling"), {"pooling_mode": "cls"})
    assert TextEncoder.from_checkpoint(folder).encoder.pooling == "cls"
    add_modules(folder, dense={"bias": False, "activation_function": "torch.nn.modules.linear.Identity"})
    trunk = read_text_checkpoint(folder).trunk
    assert not ops.convert_to_numpy(trunk.projection.bias).any()
    assert trunk.get_config()["output_activation"] == "linear"


def test_prompts_that_do_not_count_are_refused(folder):
    add_modules(folder, ("Transformer", "Pooling"), {"pooling_mode_mean_tokens": True, "include_prompt": False})
    TextEncoder.from_checkpoint(folder)
    write_json(folder / "config_sentence_transformers.json", {"prompts": {"query": "the dog "}})
    with pytest.raises(ValueError, match=r"tokens of a prompt must count.*include_prompt=false in .*1_Pooling"):
        TextEncoder.from_checkpoint(folder)


def test_lower_case_of_the_folder(folder):
    cased = TextTokenizer.train(TEXTS * 3, vocabulary_size=120, lowercase=False)
    (folder / "tokenizer.json").write_text(cased.definition, encoding="utf-8")
    add_modules(folder)
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 20, "do_lower_case": True})
    model = TextEncoder.from_checkpoint(folder)
    np.testing.assert_allclose(*model.embed(["THE DOG", "the dog"]), atol=1e-6)


def test_similarity_of_the_folder(folder):
    add_modules(folder, ("Transformer", "Pooling"))
    write_json(folder / "config_sentence_transformers.json", {"similarity_fn_name": "euclidean"})
    assert TextEncoder.from_checkpoint(folder).similarity_name == "euclidean"
    write_json(folder / "config_sentence_transformers.json", {"similarity_fn_name": "dot"})
    with pytest.warns(UserWarning, match=r"compares by 'dot'; here its embeddings are compared by the cosine"):
        assert TextEncoder.from_checkpoint(folder).similarity_name == "cosine"


def test_missing_files_are_named(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no folder '.*gone'"):
        TextEncoder.from_checkpoint(tmp_path / "gone")
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        (folder / name).unlink()
        with pytest.raises(FileNotFoundError, match=rf"Missing in the checkpoint '.*': .*{name}"):
            TextEncoder.from_checkpoint(folder)
    write_json(
        folder / "modules.json", [{"type": "x.Transformer", "path": ""}, {"type": "x.Pooling", "path": "1_Pooling"}]
    )
    with pytest.raises(FileNotFoundError, match=r"config\.json, tokenizer\.json, model\.safetensors or pytorch_model"):
        TextEncoder.from_checkpoint(folder)


def test_missing_files_of_modules_are_named(folder):
    add_modules(folder)
    (folder / "2_Dense/model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"2_Dense': model\.safetensors or pytorch_model\.bin"):
        TextEncoder.from_checkpoint(folder)
    (folder / "1_Pooling/config.json").unlink()
    add = json.loads((folder / "modules.json").read_text())
    write_json(folder / "modules.json", add[:2])
    with pytest.raises(FileNotFoundError, match=r"1_Pooling.*config\.json"):
        TextEncoder.from_checkpoint(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"model_type": "mpnet"},
            r"one of the types bert, distilbert, roberta, xlm-roberta\. Received: model_type='mpnet'",
        ),
        ({"position_embedding_type": "relative_key"}, r"absolute positions\. Received: .*relative_key"),
        ({"hidden_act": "swish"}, r"The activation must be one of .*Received: 'swish'"),
        ({"num_attention_heads": "2"}, r"must be positive integers\. Received: num_attention_heads='2'"),
        ({"hidden_size": 0}, r"must be positive integers\. Received: hidden_size=0"),
        ({"hidden_size": 32}, r"The weights do not fit, and nothing was loaded\. Of another shape"),
        ({"num_hidden_layers": 3}, r"Missing: encoder\.layer\.2"),
        ({"num_hidden_layers": 1}, r"Unexpected: encoder\.layer\.1"),
        ({"vocab_size": 50}, r"Of another shape: embeddings\.word_embeddings\.weight"),
    ],
)
def test_other_architectures_are_refused(folder, change, message):
    write_json(folder / "config.json", CONFIG | change)
    with pytest.raises(ValueError, match=message):
        TextEncoder.from_checkpoint(folder)


def test_other_modules_are_refused(folder):
    for kinds in (("Transformer", "WordWeights"), ("Transformer", "Pooling", "Pooling")):
        add_modules(folder, kinds)
        with pytest.raises(ValueError, match=rf"each once\. Received: {kinds[-1]}"):
            TextEncoder.from_checkpoint(folder)
    add_modules(folder, ("Transformer", "Normalize", "Pooling"))
    with pytest.raises(ValueError, match=r"in the order .*Received: Transformer, Normalize, Pooling"):
        TextEncoder.from_checkpoint(folder)
    add_modules(folder, pooling={"pooling_mode_max_tokens": True})
    with pytest.raises(ValueError, match=r"The pooling must be mean, max or cls\. Received: mean, max"):
        TextEncoder.from_checkpoint(folder)
    add_modules(folder, pooling={"pooling_mode": "lasttoken"})
    with pytest.raises(ValueError, match=r"Received: lasttoken in"):
        TextEncoder.from_checkpoint(folder)
    add_modules(folder, dense={"activation_function": "torch.nn.modules.activation.Hardtanh"})
    with pytest.raises(ValueError, match=r"The dense layer's activation must be one of .*Received: Hardtanh"):
        TextEncoder.from_checkpoint(folder)


def test_damaged_files_are_named(folder):
    (folder / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"Not JSON, or damaged: '.*config\.json'"):
        TextEncoder.from_checkpoint(folder)
    write_json(folder / "config.json", {"model_type": "bert"})
    with pytest.raises(ValueError, match=r"config\.json must have all sizes of the network\. Missing: vocab_size"):
        TextEncoder.from_checkpoint(folder)
    write_json(folder / "config.json", CONFIG)
    (folder / "tokenizer.json").write_text("[]")
    with pytest.raises(ValueError, match=r"Not a tokenizer: '.*tokenizer\.json'"):
        TextEncoder.from_checkpoint(folder)
    larger = TextTokenizer.of_words([f"word{number}" for number in range(200)])
    (folder / "tokenizer.json").write_text(larger.definition)
    with pytest.raises(ValueError, match=r"a tokenizer of another vocabulary\. Received: 201 tokens.* knows 60"):
        TextEncoder.from_checkpoint(folder)


def close(ours: np.ndarray, theirs: np.ndarray) -> bool:
    return np.abs(ours - theirs).max() < 3e-5 * np.abs(theirs).max()


@pytest.mark.opt_in
@pytest.mark.parametrize("model_type", ["bert", "roberta", "xlm-roberta", "distilbert"])
@pytest.mark.parametrize("head", [False, True])
def test_as_in_transformers(model_type, head, tmp_path):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    sizes = dict(DISTILBERT if model_type == "distilbert" else CONFIG)
    sizes |= {"pad_token_id": 1, "type_vocab_size": 1} if model_type.endswith("roberta") else {}
    sizes |= {"initializer_range": 0.3}
    config = transformers.AutoConfig.for_model(**sizes | {"model_type": model_type})
    kind = transformers.AutoModelForMaskedLM if head else transformers.AutoModel
    network = kind.from_config(config).eval()
    for parameter in network.parameters():  # biases, too
        torch.nn.init.normal_(parameter, 0.1, 0.3)
    network.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text(TOKENIZER.definition, encoding="utf-8")
    model = TextEncoder.from_checkpoint(tmp_path, max_tokens=24)
    encoded = model.tokenizer.encode(TEXTS)
    mask = np.arange(encoded["tokens"].shape[1]) < encoded["lengths"][:, None]
    # As their tokenizer pads, so that RoBERTa's positions are right.
    ids = np.where(mask, encoded["tokens"], config.pad_token_id)
    if model_type.endswith("roberta"):
        # Their positions leave out any token of the padding's number.
        ids = np.where(mask & (ids == 1), 5, ids)
        encoded["tokens"] = ids.astype("int32")
    base = network.base_model if head else network
    with torch.inference_mode():
        theirs = base(torch.tensor(ids, dtype=torch.long), attention_mask=torch.tensor(mask.astype("int64")))
    theirs = theirs.last_hidden_state.numpy()
    vectors = ops.convert_to_numpy(model.encoder.token_vectors(encoded))
    assert close(vectors[mask], theirs[mask])
    means = np.stack([row[real].mean(axis=0) for row, real in zip(theirs, mask, strict=True)])
    assert close(ops.convert_to_numpy(model.encoder(encoded)), means)


@pytest.mark.opt_in
@pytest.mark.parametrize("pooling", ["mean", "max", "cls"])
@pytest.mark.parametrize("dense", [False, True])
def test_as_in_sentence_transformers(pooling, dense, tmp_path):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    sentence_transformers = pytest.importorskip("sentence_transformers")
    from sentence_transformers import models

    torch.manual_seed(0)
    plain = tmp_path / "plain"
    sizes = {name: value for name, value in CONFIG.items() if name != "model_type"}
    transformers.BertModel(transformers.BertConfig(**sizes | {"initializer_range": 0.3})).save_pretrained(plain)
    (tmp_path / "tokenizer.json").write_text(TOKENIZER.definition, encoding="utf-8")
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(tmp_path / "tokenizer.json"), **special)
    tokenizer.save_pretrained(plain)
    modules = [models.Transformer(str(plain), max_seq_length=24), models.Pooling(16, pooling)]
    modules += [models.Dense(16, 5, bias=pooling != "max"), models.Normalize()] if dense else []
    prompts = {"query": "the cow "}
    theirs = sentence_transformers.SentenceTransformer(
        modules=modules, prompts=prompts, default_prompt_name="query", device="cpu"
    )
    theirs.save(str(tmp_path / "saved"))
    model = TextEncoder.from_checkpoint(tmp_path / "saved")
    assert model.tokenizer.max_tokens == 24
    assert close(model.embed(TEXTS, batch_size=4), theirs.encode(TEXTS, batch_size=3))
    plain_prompt = TextEncoder(model.encoder, model.tokenizer)
    assert close(plain_prompt.embed(TEXTS), theirs.encode(TEXTS, prompt=""))
