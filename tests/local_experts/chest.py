"""Keyrings in memory, put in the place of this machine's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class Chest(KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.held.pop((service, username), None) is None:
            raise PasswordDeleteError(username)


class Locked(Chest):
    """A keyring that nobody opens."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("no one is here")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"no one is here to take {password}")


@contextmanager
def in_place(chest: Chest) -> Iterator[Chest]:
    """Make ``chest`` the keyring for as long as it lasts."""
    before = keyring.get_keyring()
    keyring.set_keyring(chest)
    try:
        yield chest
    finally:
        keyring.set_keyring(before)
