"""Copy the files of a built version into PostgreSQL: all of it, or nothing, in one transaction."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.backends.pg_connection import PgDatabase, Transaction
from index.backends.pg_fulltext import text_search_config
from index.build.embeddings import KEYS_FILE
from index.storage import manifest
from index.storage.entry_store import ENTRY_FILES as ENTRIES
from index.storage.inverted_index import POSTINGS_FILES as POSTINGS
from index.storage.layout import PASSAGES_FILE, VECTORS_FILE
from index.storage.manifest import Manifest
from index.storage.vector_index import read_vector_chunks
from index.text.analyzer import tokenize_words
from knowledge.passages import KINDS, PassageKind

# Small files stay files: numbers a passage, names, and what the version was made from.
SMALL_FILES = (
    manifest.MANIFEST_FILE,
    "rows.npy",
    "targets.npy",
    "targets.txt",
    "intents.json",
    "names.json",
    KEYS_FILE,
)
VERSION_TABLES = ("files", "vectors", "passages", "entries", "postings", "words", "terms")
# Of HNSW: links a vector and candidates while building; measured, see docs/decisions/0011-pgvector.md.
HNSW_LINKS, HNSW_CANDIDATES = 24, 100
_CREATE_CATALOG = """
    CREATE EXTENSION IF NOT EXISTS vector;
    CREATE SCHEMA IF NOT EXISTS gw_index;
    CREATE TABLE IF NOT EXISTS gw_index.versions (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, version text NOT NULL,
        exact bool NOT NULL, made timestamptz NOT NULL DEFAULT now(), checks jsonb
    )
"""
_CREATE_TABLES = """
    CREATE SCHEMA {schema};
    CREATE TABLE {schema}.files (name text PRIMARY KEY, data bytea NOT NULL);
    CREATE TABLE {schema}.passages (row int PRIMARY KEY, line bytea NOT NULL);
    CREATE TABLE {schema}.entries (place int PRIMARY KEY, id bytea NOT NULL, line bytea NOT NULL);
    CREATE TABLE {schema}.postings (token bigint PRIMARY KEY, holders int NOT NULL, targets bytea NOT NULL);
    CREATE TABLE {schema}.words (part int PRIMARY KEY, entry bytea NOT NULL, document tsvector NOT NULL);
    CREATE TABLE {schema}.terms (word text PRIMARY KEY, parts int NOT NULL);
    CREATE TEMPORARY TABLE gw_texts (part int, entry bytea, config text, line text) ON COMMIT DROP
"""
_FILL_WORD_TABLES = """
    INSERT INTO {schema}.words SELECT part, entry, to_tsvector(config::regconfig, line) FROM gw_texts;
    INSERT INTO {schema}.terms SELECT word, ndoc FROM ts_stat('SELECT document FROM {schema}.words');
    CREATE INDEX ON {schema}.words USING gin (document);
    CREATE INDEX ON {schema}.entries USING hash (id)
"""
_CHECKSUM_SQL = (
    "SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0) FROM {schema}.TABLE AS t"
)
_INSERT_VERSION = "INSERT INTO gw_index.versions (name, version, exact) VALUES (%s, %s, %s) RETURNING id"
_SELECT_OLD_VERSIONS = "SELECT id FROM gw_index.versions WHERE name = %s ORDER BY id DESC OFFSET %s"
_LOCK_CATALOG = "SELECT pg_advisory_xact_lock(hashtext('gw_index'))"


def publish_version(database: PgDatabase, name: str, folder: Path, max_exact_vectors: int) -> str:
    """Put a built folder in use as the newest version of ``name``; its schema.

    Readers keep the version before until they look; the one before that is dropped. Builds wait for each other.
    """
    index_manifest = manifest.read_manifest(folder)
    with database.open_transaction() as transaction:
        transaction.execute(_LOCK_CATALOG)
        transaction.execute(_CREATE_CATALOG)
        exact = index_manifest.passages <= max_exact_vectors
        ((number,),) = transaction.execute(
            _INSERT_VERSION, (name, manifest.hash_file(folder / manifest.MANIFEST_FILE)[:12], exact)
        )
        transaction.schema = f"gw_index_{number}"
        transaction.execute(_CREATE_TABLES)
        _copy_files(transaction, folder, index_manifest)
        _copy_vectors(transaction, folder, index_manifest, exact)
        for table in VERSION_TABLES:
            transaction.execute(f"ANALYZE {{schema}}.{table}")
        transaction.execute(
            "UPDATE gw_index.versions SET checks = %s WHERE id = %s",
            (json.dumps(compute_checksums(transaction)), number),
        )
    drop_versions(database, name, keep_newest=2)
    return transaction.schema


def drop_versions(database: PgDatabase, name: str, keep_newest: int = 0) -> None:
    """Drop the versions of ``name``, all but the newest so many; raises Absent where no index was ever built."""
    with database.open_transaction() as transaction:
        for (old,) in transaction.execute(_SELECT_OLD_VERSIONS, (name, keep_newest)):
            transaction.schema = f"gw_index_{old}"
            transaction.execute("DROP SCHEMA IF EXISTS {schema} CASCADE")
            transaction.execute("DELETE FROM gw_index.versions WHERE id = %s", (old,))


def compute_checksums(transaction: Transaction) -> dict[str, list[str]]:
    """For each table of a version how many rows it holds, and a sum over their hashes."""
    sums = {table: transaction.execute(_CHECKSUM_SQL.replace("TABLE", table))[0] for table in VERSION_TABLES}
    return {table: [str(rows), str(total)] for table, (rows, total) in sums.items()}


def _copy_files(transaction: Transaction, folder: Path, index_manifest: Manifest) -> None:
    files = ((name, (folder / name).read_bytes()) for name in SMALL_FILES)
    transaction.copy_rows("{schema}.files", ("text", "bytea"), files)
    transaction.copy_rows("{schema}.passages", ("int4", "bytea"), enumerate(_read_lines(folder / PASSAGES_FILE)))
    entries = ((place, _parse_entry_id(line), line) for place, line in enumerate(_read_lines(folder / ENTRIES[0])))
    transaction.copy_rows("{schema}.entries", ("int4", "bytea", "bytea"), entries)
    transaction.copy_rows("{schema}.postings", ("int8", "int4", "bytea"), _read_postings(folder))
    transaction.copy_rows("gw_texts", ("int4", "bytea", "text", "text"), _read_entry_texts(folder))
    transaction.execute(_FILL_WORD_TABLES)


def _copy_vectors(transaction: Transaction, folder: Path, index_manifest: Manifest, exact: bool) -> None:
    transaction.execute(
        f"CREATE TABLE {{schema}}.vectors (row int PRIMARY KEY, v halfvec({index_manifest.dimension}) NOT NULL)"
    )
    transaction.execute("ALTER TABLE {schema}.vectors ALTER v SET STORAGE PLAIN")
    vectors = (vector for chunk in read_vector_chunks(folder / VECTORS_FILE) for vector in chunk)
    transaction.copy_rows(
        "{schema}.vectors", ("int4", "bytea"), ((row, _encode_halfvec(vector)) for row, vector in enumerate(vectors))
    )
    if exact:
        return
    # One process with memory of its own: parallel ones need shared memory, of which a container has 64 MB.
    megabytes = max(64, index_manifest.passages * (2 * index_manifest.dimension + 40 * HNSW_LINKS + 400) // 1_000_000)
    transaction.execute("SET LOCAL max_parallel_maintenance_workers = 0")
    transaction.execute(f"SET LOCAL maintenance_work_mem = '{min(megabytes, 2_000)}MB'")
    transaction.execute(
        "CREATE INDEX ON {schema}.vectors USING hnsw (v halfvec_ip_ops)"
        f" WITH (m = {HNSW_LINKS}, ef_construction = {HNSW_CANDIDATES})"
    )


def _encode_halfvec(vector: NDArray[np.float32]) -> bytes:
    """A halfvec as PostgreSQL receives it: its length, two bytes of zero, and numbers of 16 bits."""
    return struct.pack(">HH", len(vector), 0) + vector.astype(">f2").tobytes()


def _read_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _parse_entry_id(line: bytes) -> bytes:
    return str(json.loads(line)["id"]).encode()


def _read_postings(folder: Path) -> Iterator[tuple[int, int, bytes]]:
    token_hashes, starts, targets = (np.load(folder / name, mmap_mode="r") for name in POSTINGS)
    for number, token in enumerate(token_hashes.tolist()):
        posting_list = targets[starts[number] : starts[number + 1]]
        yield token, len(posting_list), posting_list.astype("<i4").tobytes()


def _read_entry_texts(folder: Path) -> Iterator[tuple[int, bytes, str, str]]:
    """Each part of an entry's text with the entry's example questions, in the words that FTS5 is given too."""
    questions_by_entry = _read_questions(folder)
    is_text = np.load(folder / "rows.npy", mmap_mode="r")["kind"] == KINDS.index(PassageKind.TEXT)
    for row, line in enumerate(_read_lines(folder / PASSAGES_FILE)):
        if is_text[row]:
            passage = json.loads(line)
            entry, lang, *_ = _split_passage_id(passage["id"])
            text = " ".join((passage["text"], *questions_by_entry.get((entry, lang), ())))
            yield row, entry.encode(), text_search_config(lang), " ".join(tokenize_words(text))


def _split_passage_id(passage_id: str) -> tuple[str, ...]:
    return tuple(passage_id.rsplit("/", 3))


def _read_questions(folder: Path) -> dict[tuple[str, str], list[str]]:
    entries: Iterator[dict[str, Any]] = map(json.loads, _read_lines(folder / ENTRIES[0]))
    return {(entry["id"], entry["lang"]): entry["questions"] for entry in entries if entry["questions"]}
