"""Prints the seed of a new nkey of a NATS account; with NKEY_SEED in the environment, the public half of that one.

Only the standard library, so that `make env` needs nothing but some Python 3. The curve arithmetic is that of RFC 8032,
section 5.1; it is slow and not hardened against who measures it, and runs once, where the seed is in the clear anyway.
"""

import base64
import binascii
import hashlib
import os
import sys

P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
SEED_OF_ACCOUNT, ACCOUNT = bytes([18 << 3, 0]), bytes([0])


def add(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """The sum of two points (x, y) of the curve."""
    (a, b), (c, d) = one, other
    product = D * a * b * c * d
    return (
        (a * d + b * c) * pow(1 + product, P - 2, P) % P,
        (b * d + a * c) * pow(1 - product, P - 2, P) % P,
    )


def public_key(secret: bytes) -> bytes:
    """The 32 bytes of the public key of 32 secret ones."""
    scalar = int.from_bytes(hashlib.sha512(secret).digest()[:32], "little")
    scalar = scalar & (1 << 254) - 8 | 1 << 254
    point, power = (0, 1), (BASE_X, BASE_Y)
    while scalar:
        if scalar & 1:
            point = add(point, power)
        power = add(power, power)
        scalar >>= 1
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def encoded(raw: bytes) -> str:
    """Bytes as an nkey: with their checksum, in base32."""
    return base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")


if __name__ == "__main__":
    seed = os.environ.get("NKEY_SEED", "")
    if seed:
        raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
        sys.stdout.write(encoded(ACCOUNT + public_key(raw[2:34])))
    else:
        sys.stdout.write(encoded(SEED_OF_ACCOUNT + os.urandom(32)))
