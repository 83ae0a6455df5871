import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_experts.errors import ModelFileInvalid
from local_experts.gguf import find_gguf, read_gguf

U32, STRING, ARRAY, U64 = 4, 8, 9, 10


def text(value: str, order: str = "<") -> bytes:
    data = value.encode()
    return struct.pack(order + "Q", len(data)) + data


def gguf(
    *pairs: tuple[str, int, bytes], version: int = 3, order: str = "<", count: int | None = None
) -> bytes:
    head = b"GGUF" + struct.pack(order + "IQQ", version, 2, len(pairs) if count is None else count)
    return head + b"".join(
        text(key, order) + struct.pack(order + "I", kind) + value for key, kind, value in pairs
    )


LLAMA = (
    ("general.architecture", STRING, text("llama")),
    ("general.tags", ARRAY, struct.pack("<IQ", STRING, 2) + text("a") + text("bc")),
    ("llama.rope", ARRAY, struct.pack("<IQ", U32, 3) + b"\0" * 12),
    ("general.name", STRING, text("Tiny \x1b[31m Llama")),
    ("llama.context_length", U32, struct.pack("<I", 4096)),
    ("tokenizer.ggml.tokens", ARRAY, struct.pack("<IQ", STRING, 2**60)),
)


def test_a_header_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(gguf(*LLAMA) + b"tensors")
    found = read_gguf(path)
    assert (found.architecture, found.context, found.version) == ("llama", 4096, 3)
    assert found.name == "Tiny \x1b[31m Llama"
    assert found.size_bytes == path.stat().st_size


def test_a_big_endian_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.gguf"
    path.write_bytes(gguf(("general.name", STRING, text("Big", ">")), order=">"))
    assert read_gguf(path).name == "Big"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "ends inside"),
        (b"PK\3\4 not it", "not a GGUF"),
        (gguf(version=1), "version 1"),
        (gguf(version=99), "version 99"),
        (gguf(*LLAMA)[:60], "ends inside"),
        (gguf(count=5), "ends inside"),
        (gguf(("k", 77, b"")), "unknown type 77"),
        (gguf(("k", STRING, struct.pack("<Q", 2**62))), "bytes"),
        (gguf(("k", ARRAY, struct.pack("<IQ", U64, 2**62))), "ends inside"),
    ],
)
def test_a_file_that_is_not_what_it_says(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelFileInvalid, match=reason):
        read_gguf(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileInvalid, match=r"gone\.gguf"):
        read_gguf(tmp_path / "gone.gguf")


@given(cut=st.integers(0, 400), flips=st.lists(st.tuples(st.integers(4, 200), st.integers(0, 255))))
def test_no_damage_does_more_than_a_named_error(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flips: list[tuple[int, int]]
) -> None:
    content = bytearray(gguf(*LLAMA))
    for position, value in flips:
        content[position] = value
    path = tmp_path_factory.getbasetemp() / "damaged.gguf"
    path.write_bytes(content[:cut])
    with contextlib.suppress(ModelFileInvalid):
        assert read_gguf(path).path == path


def test_files_are_found_below_a_folder(tmp_path: Path) -> None:
    deep = tmp_path / "a/b"
    deep.mkdir(parents=True)
    (deep / "one.GGUF").write_bytes(gguf(*LLAMA))
    (tmp_path / "big-00001-of-00002.gguf").write_bytes(gguf(*LLAMA))
    (tmp_path / "big-00002-of-00002.gguf").write_bytes(gguf())
    (tmp_path / "link.gguf").symlink_to(deep / "one.GGUF")
    (tmp_path / "dangling.gguf").symlink_to(tmp_path / "nothing")
    (tmp_path / "readme.txt").write_text("no model")
    found, problems = find_gguf([tmp_path, tmp_path / "absent"])
    assert [file.path.name for file in found] == [
        "one.GGUF",
        "big-00001-of-00002.gguf",
        "link.gguf",
    ]
    assert [problem.message for problem in problems] == [
        f"{tmp_path / 'dangling.gguf'}: No such file or directory."
    ]
