"""The reason tags of a review, light enough for a table of keys."""

REASON_TAGS = (
    "wrong-step",
    "wrong-part",
    "wrong-reason",
    "bad-update",
    "wrong-answer",
    "lucky",
    "repeats",
    "bad-format",
    "bad-question",
)
"""Why a trajectory is as it is: what the keys 1 to 9 stand for."""
