"""What the balance says: p and the weights, the way to the examples, what is short."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from db.records import ExampleKind
from engine.balance import Balance, Filter, FilterStep, Scarce, scarce
from engine.editing import DropReason
from engine.light_tokens import Basis, Piece
from engine.methods import Facts
from engine.postprocess import ratio_of, share_of_improving
from engine.preview import LateReviews
from engine.stage_two import Values
from tripost_tui.actions.keymap import fill
from tripost_tui.state.balance_view import BalanceView, Source

KINDS = {
    ExampleKind.IMPROVING: "improving",
    ExampleKind.NON_IMPROVING: "non-improving",
    ExampleKind.GROUND_TRUTH: "ground truth",
}
REASONS = {
    DropReason.REJECTED: "rejected",
    DropReason.EDIT_UNREADABLE: "bad edit",
    DropReason.DUPLICATE: "repeat",
    DropReason.TOO_LONG: "too long",
    DropReason.SURPLUS: "surplus",
    DropReason.GOLD_REJECTED: "bad gold",
    DropReason.FEEDBACK_FAILED: "not judged",
    DropReason.ATTEMPT_UNREADABLE: "no steps",
}
"""Why an example is left out, short enough for a list."""

SHORT_NAMES = {
    "postprocess.ratio": "p",
    "train.weight": "w",
    "train.wrong_attempt_weight": "wrong",
    "train.change_factor": "change",
    "train.question_weight": "question",
}
"""How a setting of stage 2 is written here. p is a share; its setting is r."""

_MOST = {"train.change_factor": 1000.0}


class ValueFault(ValueError):
    """What was written are no p and weights; the text says why."""


def parse_values(text: str, current: Values | None = None) -> dict[str, float]:
    """Read ``p=0.43 w=1.5 wrong=1 change=2 question=0``, some or all of it; a bare number is p.

    p is a share of at least 0 and below 1, ``off`` or 0 is no rebalancing; r sets the ratio itself.
    p as `p_text` writes that of ``current`` is its very ratio, though it is rounded.
    Raises ValueFault.
    """
    found: dict[str, float] = {}
    ratio = (current or {}).get("postprocess.ratio", 0.0)
    keys = {name: key for key, name in SHORT_NAMES.items()} | {key: key for key in SHORT_NAMES}
    for part in text.replace(",", " ").split():
        name, equals, written = part.partition("=")
        if not equals:
            name, written = "p", part
        if name == "r":
            found["postprocess.ratio"] = _number(part, written, -1, 100)
        elif name == "p":
            same = current is not None and written == p_text(ratio)
            found["postprocess.ratio"] = ratio if same else _ratio(part, written)
        elif name in keys:
            key = keys[name]
            found[key] = _number(part, written, 0, _MOST.get(key, 100.0))
        else:
            known = ", ".join(SHORT_NAMES.values())
            raise ValueFault(f"{part}: there is no {name!r}. Known are {known}, and r.")
    return found


def _ratio(part: str, written: str) -> float:
    if written == "off":
        return 0.0
    share = _number(part, written, 0, 1)
    if share > share_of_improving(100):
        raise ValueFault(f"{part}: p is at most {share_of_improving(100):.2f} (r = 100).")
    return round(ratio_of(share), 6)


def _number(part: str, written: str, least: float, most: float) -> float:
    try:
        value = float(written)
    except ValueError:
        raise ValueFault(f"{part}: {written!r} is no number.") from None
    if not math.isfinite(value) or not least <= value <= most:
        raise ValueFault(f"{part}: from {least:g} to {most:g}.")
    return value


def p_text(ratio: float) -> str:
    """p as it is shown and can be written: ``0.43``, or ``off``."""
    return f"{share_of_improving(ratio):.4g}" if ratio > 0 else "off"


def values_text(values: Values) -> str:
    """p and the weights as `parse_values` reads them."""
    parts = []
    for key, name in SHORT_NAMES.items():
        value = values.get(key, 0.0)
        parts.append(f"{name}={p_text(value) if name == 'p' else f'{value:g}'}")
    return " ".join(parts)


def values_said(values: Values, facts: Facts) -> list[str]:
    """p and the weights in words; those that the method has no use for are left out."""
    ratio = values.get("postprocess.ratio", 0.0)
    question = f"question {values.get('train.question_weight', 0):g}"
    if not facts.trains:
        return [facts.title]
    if not facts.balances:
        return [f"{facts.title}: no p, all is taken", question]
    p = f"p {share_of_improving(ratio):.2f} (r {ratio:.3g})" if ratio > 0 else "p off: all is taken"
    if facts.uniform:
        wrong = f"wrong attempt {values.get('train.wrong_attempt_weight', 0):g}"
        return [p, f"w 1 ({facts.title})", wrong, question]
    return [
        p,
        f"w {values.get('train.weight', 0):g}",
        f"wrong attempt {values.get('train.wrong_attempt_weight', 0):g}",
        f"change x{values.get('train.change_factor', 0):g}",
        question,
    ]


# --- the way from trajectories to examples -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class CountRow:
    """One line of the account: by kind, and in all. ``lost``: what a filter takes out."""

    name: str
    counts: tuple[int, int, int]
    lost: bool = False

    @property
    def total(self) -> int:
        return sum(self.counts)


_FILTER_NAMES = {
    Filter.REVIEW: "rejected in review",
    Filter.UNUSABLE: "cannot be used",
    Filter.REPEATS: "repeats",
    Filter.LENGTH: "too long",
    Filter.REBALANCING: "surplus over p",
}


def count_rows(balance: Balance, *, brief: bool) -> list[CountRow]:
    """The account, filter by filter; ``brief`` leaves out filters that take nothing."""
    rows = [CountRow("examples made", _by_kind(balance.made))]
    for step in balance.steps:
        if not brief or step.lost_in_all:
            rows.append(CountRow(_FILTER_NAMES[step.filter], _by_kind(step.lost), lost=True))
        if step.filter is Filter.LENGTH and not brief:
            rows.append(CountRow("before rebalancing", _by_kind(step.left)))
    return [*rows, CountRow("trained on", _by_kind(balance.selected))]


def _by_kind(counts: Mapping[ExampleKind, int]) -> tuple[int, int, int]:
    first, second, third = (counts.get(kind, 0) for kind in KINDS)
    return first, second, third


def kept_said(view: BalanceView) -> str:
    """Trajectories and reviews: what the examples are made of."""
    if view.facts.is_gold_alone:
        return "gold rationales alone: nothing is sampled"
    reviews = view.reviews
    noun = "trajectory" if view.kept == 1 else "trajectories"
    parts = [f"{view.kept:,} {noun} kept"]
    if view.source is Source.STORED:
        if reviews.decided or reviews.edited:
            now = f"{reviews.rejected:,} rejected, {reviews.edited:,} edited"
            parts.append(f"in review now: {now}, {reviews.pending:,} undecided")
        return "; ".join(parts)
    if reviews.decided or reviews.edited:
        parts.append(f"{reviews.rejected:,} rejected, {reviews.edited:,} edited in review")
    if reviews.pending:
        parts.append(f"{reviews.pending:,} undecided, used as they are")
    return "; ".join(parts)


def p_reached(balance: Balance, ratio: float, facts: Facts) -> str:
    """p as it is, and what keeps more from being trained on."""
    if not facts.balances and balance.selected_in_all:
        return "no improving examples in this method"
    share = balance.share_of_improving
    if share is None:
        return "nothing is trained on"
    text = f"p is {share:.2f}"
    if (short := scarce(balance, ratio)) is not None:
        text += f"; {scarce_said(short)}"
    return text


def scarce_said(short: Scarce) -> str:
    kind = "improving" if short.improving else "other"
    return f"{short.missing:,} more {kind} examples would leave no surplus"


def shortage(view: BalanceView, *, in_app: bool = True) -> tuple[str, str] | None:
    """Title and text where there are too few rows: the shortfall, the filter that costs most.

    ``in_app``: what can be done is told by keys, else by options of `tripost balance`.
    """
    balance, overview = view.balance, view.overview
    if balance is None or overview is None or view.is_old or view.is_collecting:
        return None
    selected, wanted = balance.selected_in_all, max(1, overview.minimum)
    if selected >= wanted:
        return None
    title = "Nothing to train on" if not selected else "Too few examples"
    text = f"{selected:,} are trained on, {wanted - selected:,} short of {wanted:,}"
    text += " (collect.minimum)" if overview.minimum else ""
    worst = balance.costliest
    if worst is None:
        what = "gold rationales" if view.facts.is_gold_alone else f"{view.kept:,} trajectories"
        return title, f"{text}. No filter takes any out: {what} are too few."
    return title, f"{text}. {costs_most(worst, balance, in_app=in_app)}"


def costs_most(worst: FilterStep, balance: Balance, *, in_app: bool) -> str:
    """Name a filter with its counts, and what can be done about it."""
    text = (
        f"What costs most: {_FILTER_NAMES[worst.filter]}, "
        f"{worst.lost_in_all:,} of {balance.made_in_all:,}"
    )
    advice = _ADVICE | (_ADVICE_IN_APP if in_app else {})
    return f"{text}. {fill(advice[worst.filter])}"


_ADVICE = {
    Filter.REVIEW: "tripost review takes decisions back.",
    Filter.UNUSABLE: "--rows dropped --show 10 shows which and why.",
    Filter.REPEATS: "More questions, or a higher collect.temperature, give fewer.",
    Filter.LENGTH: "train.max_tokens and the student's context set the length.",
    Filter.REBALANCING: "Another --p takes fewer out.",
}
_ADVICE_IN_APP = {
    Filter.REVIEW: "Review takes decisions back ({review.undo}).",
    Filter.UNUSABLE: "{balance.rows} shows which and why.",
    Filter.REBALANCING: "Another p takes fewer out: {balance.more} and {balance.less} try it, "
    "{balance.off} turns it off.",
}


# --- one example -------------------------------------------------------------------------------


def weights_counted(pieces: Sequence[Piece], basis: Basis) -> list[tuple[float, int]]:
    """How many tokens, or characters, have each weight, the lightest first."""
    counts: Counter[float] = Counter()
    for piece in pieces:
        counts[piece.weight] += len(piece.text) if basis is Basis.CHARACTERS else piece.tokens
    return sorted((weight, count) for weight, count in counts.items() if count)


def weight_runs(pieces: Iterable[Piece]) -> list[tuple[str, float]]:
    """Text with its weight, neighbours of the same weight as one; the end is an empty text."""
    found: list[tuple[str, float]] = []
    for text, group in groupby(pieces, key=lambda piece: (piece.weight, not piece.text)):
        found.append(("".join(piece.text for piece in group), text[0]))
    return found


END = "<end>"
"""The end of a text, which is a token with a weight, too."""


def weighted_text(pieces: Iterable[Piece]) -> str:
    """An example with a weight in braces behind all that has it: ``So it is{1} 14{3}``."""
    return "".join(f"{text}{{{weight:g}}}{rest}" for text, weight, rest in numbered_runs(pieces))


def numbered_runs(pieces: Iterable[Piece]) -> list[tuple[str, float, str]]:
    """Text, its weight, and the line ends behind it, before which the weight is written."""
    found = []
    for text, weight in weight_runs(pieces):
        bare = text.rstrip("\n") or text
        found.append((bare or END, weight, text[len(bare) :]))
    return found


def example_said(pieces: Sequence[Piece], basis: Basis) -> str:
    """How long an example is, and how much of it counts."""
    counts = weights_counted(pieces, basis)
    total = sum(count for _, count in counts)
    counting = sum(count for weight, count in counts if weight > 0)
    unit = "characters" if basis is Basis.CHARACTERS else "tokens"
    return f"{total:,} {unit}, {counting:,} with weight"


def late_word(trajectory_id: int | None, late: LateReviews) -> str:
    """What was decided too late about an example's trajectory."""
    if trajectory_id in late.rejected:
        return "rejected since: trained on all the same"
    if trajectory_id in late.restored:
        return "no longer rejected: left out all the same"
    if trajectory_id in late.edited:
        return "edited since: this is the text before"
    return ""


def late_said(late: LateReviews) -> str:
    """What came too late for an iteration's examples."""
    parts = [
        f"{len(some):,} {word}"
        for some, word in (
            (late.rejected, "rejected"),
            (late.restored, "no longer rejected"),
            (late.edited, "edited"),
        )
        if some
    ]
    return ", ".join(parts)


# --- the screen as a whole ---------------------------------------------------------------------

NOT_COLLECTED: tuple[str, ...] = (
    "Nothing is collected for this iteration yet.",
    "Trajectories come when the run samples the student and edits its attempts.",
    "Where no engine is at work: esc, then {run.pause} starts or resumes it.",
    "What would train is shown as they come.",
)


_NEVER_COLLECTED = (
    "This method trains on nothing.",
    "The student is shown examples of self-improvement, and tested.",
)


def nothing_said(facts: Facts) -> tuple[str, ...]:
    """Why there are no examples to see."""
    return NOT_COLLECTED if facts.trains else _NEVER_COLLECTED


def source_said(view: BalanceView) -> str:
    """Whether these are the examples, or what they would be."""
    if view.source is Source.STORED:
        return "as trained on"
    if view.source is Source.WHAT_IF:
        return "what if: made already, with other values"
    if view.source is Source.NOTHING:
        return "nothing collected yet" if view.facts.trains else "nothing is trained"
    if view.is_collecting:
        return "still collecting: as of now"
    return "not made yet: as of now"


def counting_said(view: BalanceView, progress: tuple[int, int] | None) -> str:
    """How far the counting is; empty where all is counted."""
    if view.job is None:
        return ""
    if progress is None or not progress[1]:
        return "counting"
    return f"counting {100 * progress[0] // progress[1]}%"


def saved_words(view: BalanceView) -> str:
    """For which examples saved values hold."""
    said = f"Saved: {values_text(view.values)}."
    if (iteration := view.next_iteration) is None:
        return f"{said} This run's examples are all made; a new run takes them: tripost run --new."
    last = view.overview.iterations if view.overview else iteration
    which = f"iteration {iteration}" if iteration == last else f"iteration {iteration} and later"
    return f"{said} {which.capitalize()} will be made with them; the report says so."
