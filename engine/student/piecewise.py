"""Whether texts that are tokenised in pieces have the tokens of the whole text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.student.text_format import TextFormat


def count_cut_otherwise(form: TextFormat, texts: Iterable[Sequence[str]]) -> int:
    """Count the texts whose tokens are not those of the whole, each given in its pieces.

    A student that was pretrained on whole texts meets the border of two pieces as it rarely saw it
    there. That is no error: what is trained is what is prompted; but many may cost some training.
    """
    return sum(
        form.prompt_ids(pieces) != form.prompt_ids([pieces[0] + "".join(pieces[1:])])
        for pieces in texts
    )
