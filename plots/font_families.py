"""Fonts for labels in any script."""

from __future__ import annotations

from collections.abc import Iterable

_BOXES = "Last Resort"  # has a box for every character, in place of the character


def font_families(texts: Iterable) -> list[str]:
    """Returns matplotlib's font families and, for characters that they lack, those of this machine that have them.

    Where no font has a character, matplotlib draws a box and warns, as always.

    Args:
        texts: what is to be written; `str` is taken of each.

    Returns:
        What `fontfamily` of a text takes.

    Example:
        >>> import matplotlib
        >>> font_families(["ann", 3]) == list(matplotlib.rcParams["font.family"])
        True
    """
    import matplotlib
    from matplotlib import font_manager

    families = list(matplotlib.rcParams["font.family"])
    usual = font_manager.findfont(font_manager.FontProperties(family=families))
    missing = _lacking(usual, {character for text in texts for character in str(text) if character.isprintable()})
    for font in font_manager.fontManager.ttflist:
        if not missing:
            break
        if font.name in families or font.name.startswith(_BOXES):
            continue
        left = _lacking(font.fname, missing)
        if left != missing:
            families.append(font.name)
            missing = left
    return families


def _lacking(path: str, characters: set[str]) -> set[str]:
    from matplotlib.font_manager import get_font

    font = get_font(path)
    return {character for character in characters if not font.get_char_index(ord(character))}
