"""open_clip's CLIP, where PyTorch and open_clip are installed; torchvision, of which it needs names only, is not."""

import importlib
import sys
from types import ModuleType

import numpy as np

TEXT = {"context_length": 12, "vocab_size": 50, "width": 64, "heads": 1, "layers": 2}
VISIONS = {
    "vit": {"image_size": 32, "layers": 2, "width": 128, "patch_size": 8},
    "resnet": {"image_size": 64, "layers": (1, 2, 1, 1), "width": 16, "patch_size": None},
}
END = TEXT["vocab_size"] - 1
_TRANSFORMS = ("Normalize", "Compose", "RandomResizedCrop", "ToTensor", "Resize", "CenterCrop")
_TRANSFORMS += ("ColorJitter", "Grayscale")


def open_clip_model() -> ModuleType:
    """Imports `open_clip.model`; names of torchvision stand in for it, where it is missing."""
    import transformers  # noqa: F401  it asks for torchvision itself, and must not see the stand-in

    if importlib.util.find_spec("torchvision") is None:
        modules = {name: ModuleType(name) for name in _module_names()}
        modules["torchvision.ops.misc"].FrozenBatchNorm2d = type("FrozenBatchNorm2d", (), {})
        modes = {"BICUBIC": "bicubic", "BILINEAR": "bilinear", "NEAREST": "nearest"}
        modules["torchvision.transforms"].InterpolationMode = type("InterpolationMode", (), modes)
        for name in _TRANSFORMS:
            setattr(modules["torchvision.transforms"], name, type(name, (), {}))
        for name, module in modules.items():
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(modules[parent], child, module)
        sys.modules.update(modules)
    try:
        return importlib.import_module("open_clip.model")
    finally:
        for name in _module_names():
            if getattr(sys.modules.get(name), "__spec__", None) is None:
                sys.modules.pop(name, None)


def _module_names() -> list[str]:
    transforms, ops = ("torchvision.transforms", ".functional"), ("torchvision.ops", ".misc")
    return ["torchvision", transforms[0], "".join(transforms), ops[0], "".join(ops)]


def reference(vision: str, quick_gelu: bool):
    """Makes a tiny CLIP with random weights and random statistics, `torch.nn.Module`."""
    import torch

    torch.manual_seed(0)
    network = open_clip_model().CLIP(32, vision_cfg=dict(VISIONS[vision]), text_cfg=dict(TEXT), quick_gelu=quick_gelu)
    for parameter in network.parameters():
        if parameter.ndim:
            torch.nn.init.normal_(parameter, std=max(0.05, parameter.shape[-1] ** -0.5))
    for name, buffer in network.named_buffers():
        if "running_mean" in name:
            buffer.normal_()
        elif "running_var" in name:
            buffer.uniform_(0.5, 2.0)
    return network.eval()


def inputs(vision: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns normalised pictures, channels last, tokens that end in `END` and zeros after it, and their lengths."""
    random = np.random.default_rng(0)
    side, lengths = VISIONS[vision]["image_size"], np.array([5, 12, 3], "int32")
    tokens = random.integers(1, END, (3, TEXT["context_length"]))
    tokens[np.arange(3), lengths - 1] = END
    tokens[np.arange(12) >= lengths[:, None]] = 0
    return random.normal(size=(3, side, side, 3)).astype("float32"), tokens, lengths


def outputs(network, pictures: np.ndarray, tokens: np.ndarray) -> dict[str, np.ndarray]:
    """Returns what the reference makes of them: features of pictures and texts, and their logits."""
    import torch

    images, texts = torch.tensor(pictures.transpose(0, 3, 1, 2)), torch.tensor(tokens)
    with torch.no_grad():
        image, text = network.encode_image(images), network.encode_text(texts)
        logits, _ = network.get_logits(images, texts)
    return {"image": image.numpy(), "text": text.numpy(), "logits": logits.numpy()}
