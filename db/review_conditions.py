"""Which trajectories a review shows, and in which order: as values, and as SQL over them.

The SQL is over ``trajectories AS t``, ``review_states AS s`` and ``review_checks AS c``, both of
which may have no row for a trajectory. Everything a person typed is a bound parameter.
"""

from dataclasses import dataclass
from enum import StrEnum

from db.records import Origin
from db.review_records import CheckVerdict, ReviewStatus
from db.rows import to_sqlite


class ReviewField(StrEnum):
    """What a term of a filter looks at. The value's type and meaning:"""

    STATUS = "status"
    """ReviewStatus."""
    ITERATION = "iter"
    """Number, compared."""
    TAG = "tag"
    """A reason tag."""
    CHECK = "check"
    """CheckVerdict: of the edited text where there is one."""
    ORIGIN = "origin"
    """Origin."""
    BY = "by"
    """AuthorKind that wrote at least one turn."""
    AUTHOR = "author"
    """The name of an author as stored, or that of an expert alone."""
    UPDATES = "updates"
    """Number, compared."""
    LENGTH = "len"
    """Characters of the trajectory as collected, compared."""
    FLAGGED = "flagged"
    """True."""
    WORDS = "words"
    """Text that stands in the trajectory or its edited text; ASCII letters in any case."""


class AuthorKind(StrEnum):
    STUDENT = "student"
    SCRIPT = "script"
    EXPERT = "expert"
    GOLD = "gold"
    PERSON = "person"
    """Also whoever edited it in review."""


class Comparison(StrEnum):
    EQUAL = "="
    LESS = "<"
    MORE = ">"
    AT_MOST = "<="
    AT_LEAST = ">="


FilterValue = ReviewStatus | CheckVerdict | Origin | AuthorKind | str | int


@dataclass(frozen=True, slots=True)
class ReviewTerm:
    """One condition. ``comparison`` is EQUAL but for numbers; ``negated`` turns it round."""

    field: ReviewField
    value: FilterValue
    comparison: Comparison = Comparison.EQUAL
    negated: bool = False


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Trajectories that fulfil all terms; without terms, all of them."""

    terms: tuple[ReviewTerm, ...] = ()

    def also(self, term: ReviewTerm) -> "ReviewFilter":
        """Return the filter narrowed by one more term."""
        return ReviewFilter((*self.terms, term))


PENDING = ReviewTerm(ReviewField.STATUS, ReviewStatus.PENDING)


class ReviewOrder(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    CHECKER = "checker"
    """First those where the checker disagrees: with the person who decided it, and with
    whatever kept the trajectory as right where nobody has."""
    SHORTEST = "shortest"


TABLES = (
    "FROM trajectories AS t LEFT JOIN review_states AS s ON s.trajectory_id = t.id"
    " LEFT JOIN review_checks AS c ON c.trajectory_id = t.id"
)
CHECKED = "CASE WHEN s.edited IS NOT NULL THEN s.edited_checked ELSE c.verdict END"
"""What the checker says of the text as it stands."""

_NUMBERS = {
    ReviewField.ITERATION: "t.iteration",
    ReviewField.UPDATES: "t.updates",
    ReviewField.LENGTH: "length(t.text)",
}
_DISAGREES = (
    f"coalesce({CHECKED}, '') = CASE coalesce(s.status, 'pending')"
    " WHEN 'rejected' THEN 'pass' ELSE 'fail' END"
)
_ORDERS = {
    ReviewOrder.NEWEST: "t.id DESC",
    ReviewOrder.OLDEST: "t.id",
    ReviewOrder.CHECKER: "t.id DESC",
    ReviewOrder.SHORTEST: "length(t.text), t.id",
}


def where(wanted: ReviewFilter) -> tuple[str, list[str | int]]:
    """Return the condition of a filter and the values of its marks."""
    conditions, values = ["1"], []
    for term in wanted.terms:
        condition, bound = _condition(term)
        conditions.append(f"NOT ({condition})" if term.negated else condition)
        values += [to_sqlite(value) for value in bound]
    return " AND ".join(conditions), values


def order_by(order: ReviewOrder) -> str:
    """Return the terms of an ORDER BY within a part; the order is total."""
    return _ORDERS[order]


def parts(order: ReviewOrder) -> tuple[str, ...]:
    """Return conditions of which each trajectory fulfils one; they come one after another.

    To sort by them would mean to look at all before the first is known.
    """
    return (_DISAGREES, f"NOT ({_DISAGREES})") if order is ReviewOrder.CHECKER else ("1",)


def _condition(term: ReviewTerm) -> tuple[str, tuple[str | int, ...]]:
    """Return a condition that is 0 or 1, never NULL, so that it can be negated."""
    match term.field:
        case ReviewField.ITERATION | ReviewField.UPDATES | ReviewField.LENGTH:
            return f"{_NUMBERS[term.field]} {term.comparison} ?", (term.value,)
        case ReviewField.STATUS if term.value == ReviewStatus.PENDING:
            return "(s.status IS NULL OR s.status = ?)", (term.value,)
        case ReviewField.STATUS:
            return "s.status IS ?", (term.value,)
        case ReviewField.ORIGIN:
            return "t.origin = ?", (term.value,)
        case ReviewField.FLAGGED:
            return "s.flagged IS 1", ()
        case ReviewField.TAG:
            return "instr(coalesce(s.tags, ''), ?) > 0", (f'"{term.value}"',)
        case ReviewField.CHECK if term.value == CheckVerdict.UNKNOWN:
            # Not asked yet is not known either.
            return f"coalesce({CHECKED}, ?) = 'unknown'", (term.value,)
        case ReviewField.CHECK:
            return f"{CHECKED} IS ?", (term.value,)
        case ReviewField.WORDS:
            pattern = f"%{_escaped(str(term.value))}%"
            # Few are edited: a list of those is shorter than to look at the edit of each.
            return (
                r"(t.text LIKE ? ESCAPE '\' OR t.id IN (SELECT trajectory_id"
                r" FROM review_states WHERE edited LIKE ? ESCAPE '\'))",
                (pattern, pattern),
            )
        case ReviewField.AUTHOR:
            return _wrote("author IN (?, ?)"), (term.value, f"expert:{term.value}")
        case ReviewField.BY if term.value == AuthorKind.EXPERT:
            return _wrote("author >= 'expert:' AND author < 'expert;'"), ()
        case ReviewField.BY if term.value == AuthorKind.PERSON:
            return f"(s.edited IS NOT NULL OR {_wrote('author = ?')})", (term.value,)
        case ReviewField.BY:
            return _wrote("author = ?"), (term.value,)


def _wrote(author: str) -> str:
    return f"EXISTS (SELECT 1 FROM turns WHERE trajectory_id = t.id AND {author})"


def _escaped(text: str) -> str:
    """Return a text of which LIKE takes no character for a pattern."""
    for sign in "\\%_":
        text = text.replace(sign, f"\\{sign}")
    return text
