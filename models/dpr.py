"""Questions and the passages that answer them: two text encoders of different weights."""

import keras

from comparators.custom_layers.match_info_nce import MatchInfoNCE
from comparators.generators.text_tokenizer import TextTokenizer
from comparators.models.dual_encoder import DualEncoder
from comparators.models.text_encoder import TextEncoder


@keras.saving.register_keras_serializable("comparators")
class DPR(DualEncoder):
    """Finds the passages that answer a question (dense passage retrieval), with an encoder for each of the two.

    Roles: `"question"` and `"passage"`, each a `TextEncoder` with its own weights and prompt. Where both are to share
    one network, take a `TextEncoder` with `InfoNCE` on `Rows` instead.

    Train it on matches, `Matches({role: model.encoder_of(role).items(texts[role]) for role in texts}, batch_size,
    keys=...)`; `keys` keep questions with one passage apart. Then mine hard negatives with the trained model, give
    their positions as `negatives`, and train on. The objective goes one way, from questions to passages; with
    `model.with_objective(SymmetricInfoNCE())` it goes both, without hard negatives.

    The arguments are those of `DualEncoder`; `default` builds the parts. Published checkpoints in local folders make
    the parts too; those of the paper are compared by the dot product: `DPR({"question":
    TextEncoder.from_checkpoint(one), "passage": TextEncoder.from_checkpoint(other)},
    MatchInfoNCE(VectorSimilarity("dot"), temperature=1.0))`.

    Example:
        >>> import numpy as np
        >>> from comparators.generators import Matches
        >>> from comparators.recognition import mine_hard_negatives
        >>> questions = ["where do fish live", "what do dogs eat", "when is it dark"]
        >>> passages = ["fish live in the sea", "dogs eat meat", "it is dark at night", "cats eat fish"]
        >>> tokenizer = TextTokenizer.train(questions + passages, vocabulary_size=80, max_tokens=12)
        >>> model = DPR.default(tokenizer, embedding_dim=8, depth=1, num_heads=2, question_prompt="question: ")
        >>> found = [model.embed(questions, "question"), model.embed(passages, "passage")]
        >>> negatives = mine_hard_negatives(found[0], found[1][:3], found[1])
        >>> items = {role: model.encoder_of(role).items(texts)
        ...          for role, texts in {"question": questions, "passage": passages}.items()}
        >>> model.compile(optimizer="adam")
        >>> history = model.fit(Matches(items, batch_size=3, negatives=negatives), verbose=0)
        >>> positions, scores = model.search("where is the sea", "question", model.encode(passages, "passage"), limit=2)
        >>> positions.shape
        (1, 2)

    Reference:
        Karpukhin et al. 2020, Dense passage retrieval for open-domain question answering.
    """

    @classmethod
    def default(
        cls,
        tokenizer: TextTokenizer,
        embedding_dim: int = 256,
        depth: int = 4,
        num_heads: int = 4,
        pooling: str = "mean",
        dropout: float = 0.1,
        temperature: float = 0.05,
        question_prompt: str = "",
        passage_prompt: str = "",
        name: str | None = None,
    ) -> "DPR":
        """Builds two transformers of BERT's form with random weights, compared by cosine.

        Args:
            tokenizer: of both roles, see `TextTokenizer.train`.
            embedding_dim: values of a token and of an embedding.
            depth: blocks.
            num_heads: heads of the attention.
            pooling: `"mean"`, `"max"`, or `"cls"` as in the paper.
            dropout: share dropped in training.
            temperature: what cosines are divided by in training.
            question_prompt: put before each question.
            passage_prompt: put before each passage.
            name: name of the model.
        """
        prompts = {"question": question_prompt, "passage": passage_prompt}
        encoders = {
            role: TextEncoder.default(tokenizer, embedding_dim, depth, num_heads, pooling, dropout, prompt)
            for role, prompt in prompts.items()
        }
        return cls(encoders, MatchInfoNCE(temperature=temperature), name=name)
