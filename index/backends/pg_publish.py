"""Copy the files of a built version into PostgreSQL: all of it, or nothing, in one transaction."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.backends.pg_connection import Database, Writing
from index.backends.pg_fulltext import configuration
from index.build.embeddings import KEYS
from index.storage import manifest
from index.storage.entry_store import FILES as ENTRIES
from index.storage.inverted_index import NAMES as POSTINGS
from index.storage.layout import FLOATS, PASSAGES
from index.storage.manifest import Manifest
from index.storage.vector_index import chunks
from index.text.analyzer import tokens
from knowledge.passages import KINDS, Kind

# Small files stay files: numbers a passage, names, and what the version was made from.
SMALL = (manifest.NAME, "rows.npy", "targets.npy", "targets.txt", "intents.json", "names.json", KEYS)
TABLES = ("files", "vectors", "passages", "entries", "postings", "words", "terms")
# Of HNSW: links a vector and candidates while building; measured, see docs/decisions/0011-pgvector.md.
LINKS, CANDIDATES = 24, 100
_HEAD = """
    CREATE EXTENSION IF NOT EXISTS vector;
    CREATE SCHEMA IF NOT EXISTS gw_index;
    CREATE TABLE IF NOT EXISTS gw_index.versions (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, version text NOT NULL,
        exact bool NOT NULL, made timestamptz NOT NULL DEFAULT now(), checks jsonb
    )
"""
_TABLES = """
    CREATE SCHEMA {schema};
    CREATE TABLE {schema}.files (name text PRIMARY KEY, data bytea NOT NULL);
    CREATE TABLE {schema}.passages (row int PRIMARY KEY, line bytea NOT NULL);
    CREATE TABLE {schema}.entries (place int PRIMARY KEY, id bytea NOT NULL, line bytea NOT NULL);
    CREATE TABLE {schema}.postings (token bigint PRIMARY KEY, holders int NOT NULL, targets bytea NOT NULL);
    CREATE TABLE {schema}.words (part int PRIMARY KEY, entry bytea NOT NULL, document tsvector NOT NULL);
    CREATE TABLE {schema}.terms (word text PRIMARY KEY, parts int NOT NULL);
    CREATE TEMPORARY TABLE gw_texts (part int, entry bytea, config text, line text) ON COMMIT DROP
"""
_WORDS = """
    INSERT INTO {schema}.words SELECT part, entry, to_tsvector(config::regconfig, line) FROM gw_texts;
    INSERT INTO {schema}.terms SELECT word, ndoc FROM ts_stat('SELECT document FROM {schema}.words');
    CREATE INDEX ON {schema}.words USING gin (document);
    CREATE INDEX ON {schema}.entries USING hash (id)
"""
_CHECK = (
    "SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0) FROM {schema}.TABLE AS t"
)
_INSERT = "INSERT INTO gw_index.versions (name, version, exact) VALUES (%s, %s, %s) RETURNING id"
_OLD = "SELECT id FROM gw_index.versions WHERE name = %s ORDER BY id DESC OFFSET %s"
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('gw_index'))"


def publish(database: Database, name: str, folder: Path, exact_up_to: int) -> str:
    """Put a built folder in use as the newest version of ``name``; its schema.

    Readers keep the version before until they look; the one before that is dropped. Builds wait for each other.
    """
    head = manifest.read(folder)
    with database.writing() as writing:
        writing.execute(_LOCK)
        writing.execute(_HEAD)
        exact = head.passages <= exact_up_to
        ((number,),) = writing.execute(_INSERT, (name, manifest.sha256(folder / manifest.NAME)[:12], exact))
        writing.schema = f"gw_index_{number}"
        writing.execute(_TABLES)
        _copy(writing, folder, head)
        _vectors(writing, folder, head, exact)
        for table in TABLES:
            writing.execute(f"ANALYZE {{schema}}.{table}")
        writing.execute(
            "UPDATE gw_index.versions SET checks = %s WHERE id = %s", (json.dumps(checks(writing)), number)
        )
    drop(database, name, but=2)
    return writing.schema


def drop(database: Database, name: str, but: int = 0) -> None:
    """Drop the versions of ``name``, all but the newest so many; raises Absent where no index was ever built."""
    with database.writing() as dropping:
        for (old,) in dropping.execute(_OLD, (name, but)):
            dropping.schema = f"gw_index_{old}"
            dropping.execute("DROP SCHEMA IF EXISTS {schema} CASCADE")
            dropping.execute("DELETE FROM gw_index.versions WHERE id = %s", (old,))


def checks(writing: Writing) -> dict[str, list[str]]:
    """For each table of a version how many rows it holds, and a sum over their hashes."""
    found = {table: writing.execute(_CHECK.replace("TABLE", table))[0] for table in TABLES}
    return {table: [str(rows), str(total)] for table, (rows, total) in found.items()}


def _copy(writing: Writing, folder: Path, head: Manifest) -> None:
    files = ((name, (folder / name).read_bytes()) for name in SMALL)
    writing.copy("{schema}.files", ("text", "bytea"), files)
    writing.copy("{schema}.passages", ("int4", "bytea"), enumerate(_lines(folder / PASSAGES)))
    entries = ((place, _id(line), line) for place, line in enumerate(_lines(folder / ENTRIES[0])))
    writing.copy("{schema}.entries", ("int4", "bytea", "bytea"), entries)
    writing.copy("{schema}.postings", ("int8", "int4", "bytea"), _postings(folder))
    writing.copy("gw_texts", ("int4", "bytea", "text", "text"), _texts(folder))
    writing.execute(_WORDS)


def _vectors(writing: Writing, folder: Path, head: Manifest, exact: bool) -> None:
    writing.execute(f"CREATE TABLE {{schema}}.vectors (row int PRIMARY KEY, v halfvec({head.dimension}) NOT NULL)")
    writing.execute("ALTER TABLE {schema}.vectors ALTER v SET STORAGE PLAIN")
    vectors = (vector for chunk in chunks(folder / FLOATS) for vector in chunk)
    writing.copy("{schema}.vectors", ("int4", "bytea"), ((row, _half(vector)) for row, vector in enumerate(vectors)))
    if exact:
        return
    # One process with memory of its own: parallel ones need shared memory, of which a container has 64 MB.
    megabytes = max(64, head.passages * (2 * head.dimension + 40 * LINKS + 400) // 1_000_000)
    writing.execute("SET LOCAL max_parallel_maintenance_workers = 0")
    writing.execute(f"SET LOCAL maintenance_work_mem = '{min(megabytes, 2_000)}MB'")
    writing.execute(
        "CREATE INDEX ON {schema}.vectors USING hnsw (v halfvec_ip_ops)"
        f" WITH (m = {LINKS}, ef_construction = {CANDIDATES})"
    )


def _half(vector: NDArray[np.float32]) -> bytes:
    """A halfvec as PostgreSQL receives it: its length, two bytes of zero, and numbers of 16 bits."""
    return struct.pack(">HH", len(vector), 0) + vector.astype(">f2").tobytes()


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _id(line: bytes) -> bytes:
    return str(json.loads(line)["id"]).encode()


def _postings(folder: Path) -> Iterator[tuple[int, int, bytes]]:
    words, starts, targets = (np.load(folder / name, mmap_mode="r") for name in POSTINGS)
    for number, token in enumerate(words.tolist()):
        held = targets[starts[number] : starts[number + 1]]
        yield token, len(held), held.astype("<i4").tobytes()


def _texts(folder: Path) -> Iterator[tuple[int, bytes, str, str]]:
    """Each part of an entry's text with the entry's example questions, in the words that FTS5 is given too."""
    asked = _questions(folder)
    kinds = np.load(folder / "rows.npy", mmap_mode="r")["kind"] == KINDS.index(Kind.TEXT)
    for row, line in enumerate(_lines(folder / PASSAGES)):
        if kinds[row]:
            passage = json.loads(line)
            entry, lang, *_ = _parted(passage["id"])
            text = " ".join((passage["text"], *asked.get((entry, lang), ())))
            yield row, entry.encode(), configuration(lang), " ".join(tokens(text))


def _parted(passage: str) -> tuple[str, ...]:
    return tuple(passage.rsplit("/", 3))


def _questions(folder: Path) -> dict[tuple[str, str], list[str]]:
    entries: Iterator[dict[str, Any]] = map(json.loads, _lines(folder / ENTRIES[0]))
    return {(one["id"], one["lang"]): one["questions"] for one in entries if one["questions"]}
