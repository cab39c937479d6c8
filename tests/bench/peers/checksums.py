"""How fast checksums are in Python: ``python -m tests.bench.peers.checksums``, in an environment
that has the packages. Prints JSON: by name, the seconds for blocks of each size."""

import hashlib
import json
import os
import time
import zlib
from collections.abc import Callable

import blake3
import google_crc32c
import xxhash

SIZES = [64 * 1024, 896 * 1024, 16 * 1024**2]
ROUNDS = 7
ROUND = 0.02

CANDIDATES: dict[str, Callable[[bytes], object]] = {
    "CRC-32": zlib.crc32,
    "CRC-32C": google_crc32c.value,
    "Adler-32": zlib.adler32,
    "XXH64": lambda data: xxhash.xxh64(data).digest(),
    "XXH3-64": lambda data: xxhash.xxh3_64(data).digest(),
    "BLAKE3": lambda data: blake3.blake3(data).digest(),
    "SHA-256": lambda data: hashlib.sha256(data).digest(),
}


def seconds(digest: Callable[[bytes], object], data: bytes, count: int) -> float:
    """Give the seconds for one of `count` in a row."""
    started = time.perf_counter()
    for _ in range(count):
        digest(data)
    return (time.perf_counter() - started) / count


def best(digest: Callable[[bytes], object], size: int) -> float:
    data = os.urandom(size)
    count = 1 + int(ROUND / seconds(digest, data, 1))
    return min(seconds(digest, data, count) for _ in range(ROUNDS))


if __name__ == "__main__":
    print(json.dumps({n: {s: best(digest, s) for s in SIZES} for n, digest in CANDIDATES.items()}))
