"""What can go wrong with an expert, named for the person who has to deal with it."""


class ExpertError(Exception):
    """An expert, or a model file, could not be used.

    ``title`` is a short line without a full stop; ``message`` says which address or file, and
    what happened. Neither ever holds a key. Parts of a message may come from a server: clean
    it before showing it.
    """

    title = "The expert cannot be used"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"{self.title}: {self.message}"


class ExpertAddressInvalid(ExpertError):
    """The configured address is no http(s) URL."""

    title = "The expert's address is not valid"


class ExpertUnreachable(ExpertError):
    """Nothing answers at the address."""

    title = "The expert does not answer"


class ExpertTooSlow(ExpertError):
    """The reply was not complete in time."""

    title = "The expert took too long"


class ExpertRefused(ExpertError):
    """The server answered with another status than 200, which is ``status``."""

    title = "The expert refused the request"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class ExpertReplyInvalid(ExpertError):
    """The reply is too large, is not JSON, or lacks what it should hold."""

    title = "The expert's reply makes no sense"


class ModelFileInvalid(ExpertError):
    """A model file cannot be read, or is not what its name says."""

    title = "The model file cannot be used"
