"""AST and CAV-MAE as published, by hand in plain PyTorch: the other side of transformer_speed.py."""

import torch
from torch import nn
from torch.nn import functional


class Attention(nn.Module):
    def __init__(self, dim: int, heads: int, bias: bool, dropout: float):
        super().__init__()
        self.heads, self.scale = heads, (dim // heads) ** -0.5
        self.qkv, self.proj, self.drop = nn.Linear(dim, 3 * dim, bias=bias), nn.Linear(dim, dim), nn.Dropout(dropout)

    def forward(self, tokens):
        rows, count, dim = tokens.shape
        parts = self.qkv(tokens).reshape(rows, count, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        queries, keys, values = parts.unbind(0)
        attention = ((queries @ keys.transpose(-2, -1)) * self.scale).softmax(dim=-1)
        return self.drop(self.proj((attention @ values).transpose(1, 2).reshape(rows, count, dim)))


class Mlp(nn.Module):
    def __init__(self, dim: int, dropout: float):
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, tokens):
        return self.drop(self.fc2(self.drop(self.act(self.fc1(tokens)))))


class Block(nn.Module):
    """A pre-norm block with a pair of normalisations for each stream (joint, audio, visual)."""

    def __init__(self, dim: int, heads: int, streams: int = 1, bias: bool = True, dropout: float = 0.0):
        super().__init__()
        self.norm1 = nn.ModuleList(nn.LayerNorm(dim) for _ in range(streams))
        self.norm2 = nn.ModuleList(nn.LayerNorm(dim) for _ in range(streams))
        self.attn, self.mlp = Attention(dim, heads, bias, dropout), Mlp(dim, dropout)

    def forward(self, tokens, stream: int = 0):
        tokens = tokens + self.attn(self.norm1[stream](tokens))
        return tokens + self.mlp(self.norm2[stream](tokens))


class AST(nn.Module):
    """The small form: patches that overlap, a class token, blocks with dropout, LayerNorm and a linear layer."""

    def __init__(self, classes: int, frames: int, bands: int, dim: int = 768, depth: int = 2, heads: int = 6):
        super().__init__()
        count = (1 + (frames - 16) // 10) * (1 + (bands - 16) // 10)
        self.proj = nn.Conv2d(1, dim, 16, 10)
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, dim))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 1 + count, dim))
        self.drop = nn.Dropout(0.1)
        self.blocks = nn.ModuleList(Block(dim, heads, bias=False, dropout=0.1) for _ in range(depth))
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, classes))

    def forward(self, spectrograms):
        patches = self.proj(spectrograms[:, None].transpose(2, 3)).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls_token.expand(len(patches), -1, -1), patches], dim=1)
        tokens = self.drop(tokens + self.positions)
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(tokens[:, 0])


class CAVMAE(nn.Module):
    """The network of pre-training. Sound is first, the image second wherever there are two of a thing.

    Its forward pass hides patches and returns the mean tokens, the reconstructions and which patches were hidden.
    """

    def __init__(self, spectrogram, image, patches, encoder, depths, decoder):
        super().__init__()
        shapes = ((*spectrogram[::-1], 1), image)
        (dim, heads), (narrow, narrow_heads, narrow_depth) = encoder, decoder
        self.patches = patches
        self.counts = [h // p * (w // q) for (h, w, _), (p, q) in zip(shapes, patches, strict=True)]
        self.patch_embed = nn.ModuleList(
            nn.Conv2d(shape[-1], dim, patch, patch) for shape, patch in zip(shapes, patches, strict=True)
        )
        # What fixed positions hold makes no difference to the time.
        self.positions = [torch.randn(1, count, dim) for count in self.counts]
        self.modality = nn.ParameterList(torch.randn(1, 1, dim) for _ in shapes)
        branch, shared = depths
        self.branches = nn.ModuleList(
            nn.ModuleList(Block(dim, heads, streams=3) for _ in range(branch)) for _ in shapes
        )
        self.shared = nn.ModuleList(Block(dim, heads, streams=3) for _ in range(shared))
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3))
        self.decoder_embed = nn.Linear(dim, narrow)
        self.mask_token = nn.Parameter(torch.randn(1, 1, narrow))
        self.decoder_positions = [torch.randn(1, count, narrow) for count in self.counts]
        self.decoder_modality = nn.ParameterList(torch.randn(1, 1, narrow) for _ in shapes)
        self.decoder_blocks = nn.ModuleList(Block(narrow, narrow_heads, streams=3) for _ in range(narrow_depth))
        self.decoder_norm = nn.LayerNorm(narrow)
        self.heads = nn.ModuleList(
            nn.Linear(narrow, p * q * shape[-1]) for shape, (p, q) in zip(shapes, patches, strict=True)
        )

    def encode(self, side: int, images, ratio: float):
        tokens = self.patch_embed[side](images).flatten(2).transpose(1, 2)
        tokens = tokens + self.positions[side] + self.modality[side]
        order = torch.argsort(torch.rand(tokens.shape[:2]), dim=1)
        restore = torch.argsort(order, dim=1)
        kept = int(self.counts[side] * (1 - ratio))
        tokens = torch.gather(tokens, 1, order[:, :kept, None].expand(-1, -1, tokens.shape[2]))
        hidden = torch.ones(restore.shape)
        hidden[:, :kept] = 0
        for block in self.branches[side]:
            tokens = block(tokens)
        return tokens, torch.gather(hidden, 1, restore), restore

    def through_shared(self, tokens, stream: int):
        for block in self.shared:
            tokens = block(tokens, stream)
        return self.norms[stream](tokens)

    def decode(self, latent, restores):
        latent, start, tokens = self.decoder_embed(latent), 0, []
        for side, restore in enumerate(restores):
            kept = latent.shape[1] * self.counts[side] // sum(self.counts)
            filler = self.mask_token.expand(len(latent), self.counts[side] - kept, -1)
            places = torch.cat([latent[:, start : start + kept], filler], dim=1)
            places = torch.gather(places, 1, restore[:, :, None].expand(-1, -1, latent.shape[2]))
            tokens.append(places + self.decoder_positions[side] + self.decoder_modality[side])
            start += kept
        tokens = torch.cat(tokens, dim=1)
        for block in self.decoder_blocks:
            tokens = block(tokens)
        parts = self.decoder_norm(tokens).split(self.counts, dim=1)
        return [head(part) for head, part in zip(self.heads, parts, strict=True)]

    def forward(self, spectrograms, images, ratio: float = 0.75):
        pictures = (spectrograms[:, None].transpose(2, 3), images.permute(0, 3, 1, 2))
        tokens, hidden, restores = zip(
            *(self.encode(i, picture, ratio) for i, picture in enumerate(pictures)), strict=True
        )
        latent = self.through_shared(torch.cat(tokens, dim=1), 0)
        means = [self.through_shared(part, side + 1).mean(dim=1) for side, part in enumerate(tokens)]
        return means, self.decode(latent, restores), hidden

    def loss(self, spectrograms, images, means, predictions, hidden):
        """Returns the error of the hidden patches, each normalised, and a hundredth of the contrast."""
        total = 0.0
        pictures = (spectrograms.transpose(1, 2)[..., None], images)
        for picture, (p, q), prediction, mask in zip(pictures, self.patches, predictions, hidden, strict=True):
            rows, height, width, channels = picture.shape
            parts = picture.reshape(rows, height // p, p, width // q, q, channels).permute(0, 1, 3, 2, 4, 5)
            target = parts.reshape(prediction.shape)
            target = (target - target.mean(dim=-1, keepdim=True)) / (target.var(dim=-1, keepdim=True) + 1e-6).sqrt()
            total = total + (((prediction - target) ** 2).mean(dim=-1) * mask).sum() / mask.sum()
        sound, image = (functional.normalize(mean, dim=-1) for mean in means)
        scores = sound @ image.T / 0.05
        contrast = -torch.diag(functional.log_softmax(scores, dim=0)).mean()
        return total + 0.01 * contrast
