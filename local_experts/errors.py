"""What can go wrong with an expert, named for the person who has to deal with it."""

from __future__ import annotations


class ExpertError(Exception):
    """An expert, or a model file, could not be used.

    ``title`` is a short line without a full stop; ``message`` says which address or file, and
    what happened. Neither ever holds a key. Parts of a message may come from a server: clean
    it before showing it. ``transient`` errors may be gone when the same is asked again. ``expert``
    is the name of the one that was asked, where that is known.
    """

    title = "The expert cannot be used"
    transient = False
    expert: str | None = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"{self.title}: {self.message}"


class ExpertAddressInvalid(ExpertError):
    """What names an expert, or its address, is not valid."""

    title = "The expert's address is not valid"


class ExpertUnreachable(ExpertError):
    """Nothing answers at the address, or the connection broke before a reply."""

    title = "The expert does not answer"
    transient = True


class ExpertTooSlow(ExpertError):
    """The reply was not complete in time."""

    title = "The expert took too long"
    transient = True


class ExpertRefused(ExpertError):
    """The server answered with another status than 200, which is ``status``.

    ``retry_after_s`` is how long it asks to wait, where it says so.
    """

    title = "The expert refused the request"

    def __init__(self, message: str, status: int, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s
        self.transient = status in (408, 409, 425, 429) or status >= 500


class KeyMissing(ExpertError):
    """A key that is named is neither in the environment nor in the keyring."""

    title = "A key is missing"


class KeyRefused(ExpertRefused):
    """The server wants a key, or another one."""

    title = "The expert refused the key"


class ModelMissing(ExpertRefused):
    """The server, or the disk, has no such model; the message says how to get it."""

    title = "The expert's model is not there"


class PromptTooLong(ExpertError):
    """The prompt does not fit the context, or the server truncated it."""

    title = "The prompt is too long for the expert"


class ContextTooSmall(ExpertError):
    """The model's context is smaller than the settings ask for."""

    title = "The expert's context is too small"


class ExpertReplyInvalid(ExpertError):
    """The reply was cut in transit, is too large, or is not what the protocol says."""

    title = "The expert's reply makes no sense"
    transient = True


class CallFailed(ExpertError):
    """One request fails again and again, while the expert answers others."""

    title = "The expert fails at this request"


class ModelFileInvalid(ExpertError):
    """A model file cannot be read, or is not what its name says."""

    title = "The model file cannot be used"


class LibraryMissing(ExpertError):
    """A library that the expert needs is not installed; the message says which."""

    title = "A library is missing"


class NotUnloaded(ExpertError):
    """The expert still holds memory that the student needs."""

    title = "The expert does not give its memory back"


class BudgetReached(ExpertError):
    """A ceiling on tokens or cost was reached; no further call is made."""

    title = "The budget for experts is used up"


class RecordUnusable(ExpertError):
    """The file in which replies are recorded cannot be read or written."""

    title = "The record of replies cannot be used"


class NotRecorded(ExpertError):
    """Offline, and no recorded reply answers the request."""

    title = "Offline, and the reply is not recorded"
