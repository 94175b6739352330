"""Hashing passwords with argon2id: slow on purpose, so in threads, and few at a time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

_HASHERS_AT_ONCE = 2
"""Each takes 64 MiB."""


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_HASHERS_AT_ONCE, thread_name_prefix="argon2")


@cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


@cache
def _hash_of_nobody() -> str:
    return _hasher().hash("a password that nobody has")


async def hash_password(password: str) -> str:
    """The argon2id hash of a password, with a fresh salt."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), _hasher().hash, password)


async def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is right. Without a hash (nobody has this address) it takes as long, and is not."""

    def verify() -> bool:
        matches = _hasher().verify(password, password_hash or _hash_of_nobody())
        return matches and password_hash is not None

    return await asyncio.get_running_loop().run_in_executor(_threads(), verify)
