"""CAV-MAE against the published code: encoder, decoder, losses, masks, classifier, and four steps of training."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import CAVMAEObjective
from comparators.models.cavmae import CAVMAE, FIXED_POSITIONS
from comparators.models.cavmae_classifier import CAVMAEClassifier
from comparators.models.convert import load_state
from comparators.models.encoders import CAVMAEBackbone, CAVMAEDecoder
from comparators.models.grouped_adam import GroupedAdam

LIMIT = 3e-5


class Case:
    """A golden case with its network."""

    def __init__(self, golden, model=None):
        self.golden, self.model = golden, model
        inputs = golden.inputs
        self.features = {"audio": inputs["audio"]}
        if "image" in inputs:
            self.features["image"] = inputs["image"].transpose(0, 2, 3, 1)

    def check(self, output: str, value, limit: float = LIMIT) -> None:
        value = ops.convert_to_numpy(value)
        shape = self.golden.info["outputs"][output]["shape"]
        value = value.reshape(shape) if value.size == np.prod(shape) else value
        _, relative = self.golden.rule.compare(self.golden.info, self.golden.arrays, output, value)
        assert relative < limit, output

    def masks(self, **covered):
        noise = {"audio": self.golden.inputs["noise_a"], "image": self.golden.inputs["noise_v"]}
        return {
            role: self.model.masking[role](self.model.patches(role, features), noise[role], covered.get(role))
            for role, features in self.features.items()
        }

    def check_losses(self, outputs, prefix: str = "") -> None:
        for name, norm_pix in (("losses_norm_pix", True), ("losses_raw_pix", False)):
            self.check(prefix + name, losses(CAVMAEObjective(norm_pix=norm_pix), outputs))


def losses(objective: CAVMAEObjective, outputs) -> list[float]:
    """The loss and its parts as the published code tells them."""
    parts = objective.measures(outputs)
    audio, image = parts["audio_error"], parts["image_error"]
    total = objective(outputs, None)
    return [float(value) for value in (total, audio + image, audio, image, 0.01 * parts["contrast"])]


def pretraining(golden, masks=0.75, mode="unstructured") -> Case:
    sizes = golden.info["constructor"]
    base = "embed_dim" not in sizes
    backbone = CAVMAEBackbone() if base else backbone_of(sizes)
    decoder_sizes = () if base else [sizes[f"decoder_{key}"] for key in ("embed_dim", "depth", "num_heads")]
    decoder = CAVMAEDecoder.for_backbone(backbone, *decoder_sizes)
    model = CAVMAE.of_parts(backbone, decoder, mask_ratio=masks, mask_mode=mode)
    load_state(model, golden.state, unused=FIXED_POSITIONS)
    return Case(golden, model)


def backbone_of(sizes, image=True, **arguments) -> CAVMAEBackbone:
    shape = (sizes["img_size"], sizes["img_size"], 3) if image else None
    depths = sizes["modality_specific_depth"], 12
    return CAVMAEBackbone((sizes["audio_length"], 128), shape, sizes["embed_dim"], *depths, 4, **arguments)


def check_pretraining(case: Case) -> None:
    model, features, masks = case.model, case.features, case.masks()
    outputs = model.autoencode(features, masks)
    backbone = model.backbone
    for role, letter in (("audio", "a"), ("image", "v")):
        case.check(f"mask_{letter}", masks[role].hidden)
        np.testing.assert_array_equal(masks[role].restore, case.golden.arrays[f"ids_restore_{letter}"])
        np.testing.assert_array_equal(np.sort(masks[role].visible), np.sort(case.golden.arrays[f"ids_keep_{letter}"]))
        case.check(f"pred_{letter}", outputs[role]["prediction"])
        case.check(f"feat_{letter}", backbone.stream(role, backbone.branch(role, features[role])))
    tokens = {role: backbone.branch(role, features[role], masks[role].visible) for role in features}
    case.check("latent", backbone.joint(tokens))
    # The published code does not chain several shared blocks; the chained variant is stored beside.
    chained = "chained" if "chained_a" in case.golden.info["outputs"] else "contrast"
    case.check(f"{chained}_a", backbone.stream("audio", tokens["audio"]))
    case.check(f"{chained}_v", backbone.stream("image", tokens["image"]))
    if chained == "contrast":
        case.check_losses(outputs)
        case.check("nce_one_way", CAVMAEObjective().contrast(outputs))
        case.check("nce_both_ways", CAVMAEObjective(symmetric=True).contrast(outputs))


def test_tiny(golden):
    case = pretraining(golden("cavmae_tiny"))
    check_pretraining(case)
    case.check("patchify_image", case.model.patches("image", case.features["image"]))
    for role, letter in (("audio", "a"), ("image", "v")):
        case.check(f"pos_embed_{letter}", case.model.backbone.tokens[role].positions)
        case.check(f"decoder_pos_embed_{letter}", case.model.decoder.positions[role])
    outputs, plain = case.model.autoencode(case.features, case.masks()), CAVMAEObjective(norm_pix=False)
    case.check("inpaint_losses", [float(plain.error(outputs[role])) for role in ("audio", "image")])


def test_shared_blocks_are_chained(golden):
    check_pretraining(pretraining(golden("cavmae_tiny_depth2"), {"audio": 0.5, "image": 0.65}))


@pytest.mark.opt_in
def test_base(golden):
    case = pretraining(golden("cavmae_base"))
    check_pretraining(case)
    model = case.model
    assert sum(np.prod(weight.shape) for weight in [*model.backbone.weights, *model.decoder.weights]) == 191_036_160


@pytest.mark.parametrize("name", ["time_75", "freq_75", "tf_75", "time_50", "freq_65", "tf_85"])
def test_structured_masks(golden, name):
    stored = golden("cavmae_structured")
    mode, ratio = name.split("_")[0], stored.info["mask_ratio"][name]
    case = pretraining(stored, {"audio": ratio, "image": 0.75}, mode)
    masks = case.masks(audio=covered(stored.info["masked_lists"][name], mode))
    kept = stored.arrays[f"{name}.ids_keep_a"]
    if sum(stored.info["kept_by_tie"][name]):
        # The published code leaves to the sorting which of the tied tokens stay: take the same ones.
        noise = np.ones(case.golden.inputs["noise_a"].shape, "float32")
        np.put_along_axis(noise, kept, np.linspace(0, 0.5, kept.shape[1])[None].astype("float32"), axis=1)
        masks["audio"] = case.model.masking["audio"](
            case.model.patches("audio", case.features["audio"]), noise, np.zeros(noise.shape, bool)
        )
    np.testing.assert_array_equal(np.sort(masks["audio"].visible), np.sort(kept))
    np.testing.assert_array_equal(ops.convert_to_numpy(masks["audio"].hidden), stored.arrays[f"{name}.mask_a"])
    outputs = case.model.autoencode(case.features, masks)
    case.check_losses(outputs, f"{name}.")
    if ratio == 0.75:
        case.check(f"{name}.pred_a", outputs["audio"]["prediction"])
        case.check(f"{name}.pred_v", outputs["image"]["prediction"])
        case.check(f"{name}.contrast_a", outputs["audio"]["embedding"])
        case.check(f"{name}.nce_one_way", CAVMAEObjective().contrast(outputs))


def covered(lists, mode: str) -> np.ndarray:
    """The tokens of the stored columns (time) and rows (frequency) of two samples."""
    columns = lists[:2] if mode != "freq" else [[], []]
    rows = lists[-2:] if mode != "time" else [[], []]
    marked = np.zeros((2, 8, 64), bool)
    for sample in range(2):
        marked[sample, :, columns[sample]] = True
        marked[sample, rows[sample]] = True
    return marked.reshape(2, 512)


def test_classifier_in_every_mode(golden):
    stored = golden("cavmae_ft_tiny")
    case = Case(stored)
    model = CAVMAEClassifier(backbone_of(stored.info["constructor"], trainable_positions=True), 7)
    load_state(model, stored.state)
    for mode in ("multimodal", "audioonly", "videoonly", "missingaudioonly", "missingvideoonly"):
        case.check(mode, model.with_mode(mode)(case.features))
    silent = {role: np.zeros((1, *features.shape[1:]), "float32") for role, features in case.features.items()}
    case.check("silent_multimodal", model(silent))
    for role, letter in (("audio", "a"), ("image", "v")):
        for prefix, features in (("", case.features), ("silent_", silent)):
            tokens = model.backbone.branch(role, features[role])
            case.check(f"{prefix}feat_{letter}", model.backbone.stream(role, tokens))


def test_classifier_of_sound_alone(golden):
    stored = golden("cavmae_ft_audio_tiny")
    case = Case(stored)
    backbone = backbone_of(stored.info["constructor"], image=False, trainable_positions=True)
    model = CAVMAEClassifier(backbone, 7, "audioonly")
    load_state(model, stored.state)
    case.check("logits", model(case.features))
    case.check("features", backbone.stream("audio", backbone.branch("audio", case.features["audio"])))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="takes gradients by TensorFlow's tape")
def test_training(golden):
    import tensorflow as tf

    case = pretraining(golden("cavmae_tiny_training"))
    model, objective, masks = case.model, CAVMAEObjective(), case.masks()
    variables = [*model.backbone.trainable_variables, *model.decoder.trainable_variables]
    optimizer = GroupedAdam(1e-3, beta_1=0.95, beta_2=0.999, epsilon=1e-8, l2=5e-7)
    stored, rows = case.golden.arrays, []
    for step in range(4):
        with tf.GradientTape() as tape:
            outputs = model.autoencode(case.features, masks)
            loss = objective(outputs, None)
        rows.append(losses(objective, outputs))
        gradients = tape.gradient(loss, variables)
        if step == 0:
            check_gradients(case, dict(zip([variable.path for variable in variables], gradients, strict=True)))
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
    np.testing.assert_allclose(rows, stored["losses"], rtol=LIMIT)


def check_gradients(case: Case, gradients: dict) -> None:
    """Norms of all gradients, and what has none: what the published code trains is what is trained here."""
    norms = dict(zip([name for name, _ in case.golden.info["state"]], case.golden.arrays["grad_norms"], strict=True))
    weights = {weight.names[0]: weight for weight in case.model.torch_weights()}
    for name, norm in norms.items():
        if norm < 0:
            assert name in FIXED_POSITIONS or weights[name].variable.path not in gradients, name
        else:
            gradient = np.asarray(gradients[weights[name].variable.path])
            assert np.linalg.norm(gradient) == pytest.approx(norm, rel=1e-4, abs=1e-7), name
    case.check("grad_mask_token", gradients[weights["mask_token"].variable.path])
    fc2 = np.asarray(gradients[weights["blocks_v.10.mlp.fc2.weight"].variable.path])
    case.check("grad_blocks_v.10.mlp.fc2.weight", fc2.T)
