"""What items can be: recordings and images in files, words that have vectors, texts."""

from comparators.generators.media_folder import MEDIA_NAMES

WORDS = "word"
"""Kind of words: few, each with a vector, and the labels of what they are matched with."""

TEXTS = "text"
"""Kind of texts: sentences and passages, read by a tokenizer. No label is implied by them."""


def item_column(media: str) -> str:
    """Returns the column of a table of items that holds the items of a kind: `path`, `word` or `text`.

    Example:
        >>> item_column("audio"), item_column(TEXTS)
        ('path', 'text')
    """
    return media if media in (WORDS, TEXTS) else "path"


def kind_name(media: str) -> str:
    """Returns what an item of a kind is called in a message, such as "image".

    Example:
        >>> kind_name("audio"), kind_name(WORDS)
        ('audio file', 'word')
    """
    return MEDIA_NAMES.get(media, media)
