"""Arrays of pyarrow whose texts are dictionaries: what they take without, and shorter ones."""

import importlib
from typing import Any


def size_of(array: Any) -> int:
    """Give about how many bytes an array takes once each row has its own text."""
    pa = importlib.import_module("pyarrow")
    compute = importlib.import_module("pyarrow.compute")
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        return size_of(array.storage)
    if pa.types.is_dictionary(kind) and _is_text(pa, kind.value_type):
        lengths = compute.binary_length(array.dictionary)
        total = compute.sum(compute.cast(lengths.take(array.indices), pa.int64())).as_py()
        return int(total or 0) + 8 * len(array)
    if pa.types.is_struct(kind):
        return len(array) + sum(size_of(field) for field in array.flatten())
    if pa.types.is_nested(kind) and hasattr(array, "flatten"):
        return 8 * len(array) + size_of(array.flatten())
    return int(max(array.nbytes, len(array) * (8 if pa.types.is_null(kind) else 1)))


def shortened(array: Any, characters: int) -> Any:
    """Give an array with no more than so many characters of each text, or bytes."""
    pa = importlib.import_module("pyarrow")
    compute = importlib.import_module("pyarrow.compute")
    kind = array.type
    if pa.types.is_dictionary(kind) and _is_text(pa, kind.value_type):
        dictionary = shortened(array.dictionary, characters)
        return pa.DictionaryArray.from_arrays(array.indices, dictionary, ordered=kind.ordered)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return compute.utf8_slice_codeunits(array, 0, characters)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return compute.binary_slice(array, 0, characters)
    return array


def _is_text(pa: Any, kind: Any) -> bool:
    return any(
        it(kind)
        for it in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_binary,
            pa.types.is_large_binary,
        )
    )
