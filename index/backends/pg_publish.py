"""Copy the files of a built version into PostgreSQL in one transaction."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.backends.pg_connection import PgDatabase, Transaction
from index.backends.pg_fulltext import text_search_config
from index.encoder.model_card import hash_file
from index.storage.entry_store import read_passages
from index.storage.layout import (
    CLASSIFIER_FILE,
    ENTRIES_FILE,
    INTENTS_FILE,
    KEYS_FILE,
    MANIFEST_FILE,
    NAMES_FILE,
    PASSAGES_FILE,
    POSTINGS_FILES,
    ROWS_FILE,
    TARGET_ENDS_FILE,
    TARGETS_FILE,
    VECTORS_FILE,
    WORDING_FILES,
)
from index.storage.manifest import Manifest, read_manifest
from index.storage.vector_index import read_vector_chunks
from index.text.analyzer import tokenize_words
from knowledge.passages import KINDS, PassageKind

# Small files are stored as they are.
SMALL_FILES = (
    MANIFEST_FILE,
    ROWS_FILE,
    TARGET_ENDS_FILE,
    TARGETS_FILE,
    INTENTS_FILE,
    NAMES_FILE,
    KEYS_FILE,
    CLASSIFIER_FILE,
    *WORDING_FILES,
)
VERSION_TABLES = ("files", "vectors", "passages", "entries", "postings", "words", "terms")
# HNSW parameters m and ef_construction; measured, see docs/decisions/0011-pgvector.md.
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
    """Publish a built folder as the newest version of ``name``, and return its schema.

    The previous version is kept for readers that still use it; older ones are dropped. Concurrent calls wait for each
    other.
    """
    index_manifest = read_manifest(folder)
    with database.open_transaction() as transaction:
        transaction.execute(_LOCK_CATALOG)
        transaction.execute(_CREATE_CATALOG)
        exact = index_manifest.passages <= max_exact_vectors
        version = hash_file(folder / MANIFEST_FILE)[:12]
        ((number,),) = transaction.execute(_INSERT_VERSION, (name, version, exact))
        transaction.schema = f"gw_index_{number}"
        transaction.execute(_CREATE_TABLES)
        _copy_files(transaction, folder)
        _copy_vectors(transaction, folder, index_manifest, exact)
        for table in VERSION_TABLES:
            transaction.execute(f"ANALYZE {{schema}}.{table}")
        checksums = json.dumps(compute_checksums(transaction))
        transaction.execute("UPDATE gw_index.versions SET checks = %s WHERE id = %s", (checksums, number))
    drop_versions(database, name, keep_newest=2)
    return transaction.schema


def drop_versions(database: PgDatabase, name: str, keep_newest: int = 0) -> None:
    """Drop all but the newest versions of ``name``; raises IndexMissing if no index was ever built."""
    with database.open_transaction() as transaction:
        for (old,) in transaction.execute(_SELECT_OLD_VERSIONS, (name, keep_newest)):
            transaction.schema = f"gw_index_{old}"
            transaction.execute("DROP SCHEMA IF EXISTS {schema} CASCADE")
            transaction.execute("DELETE FROM gw_index.versions WHERE id = %s", (old,))


def compute_checksums(transaction: Transaction) -> dict[str, list[str]]:
    """Return the row count and the sum of row hashes of each table of a version."""
    sums = {table: transaction.execute(_CHECKSUM_SQL.replace("TABLE", table))[0] for table in VERSION_TABLES}
    return {table: [str(rows), str(total)] for table, (rows, total) in sums.items()}


def _copy_files(transaction: Transaction, folder: Path) -> None:
    files = ((name, (folder / name).read_bytes()) for name in SMALL_FILES)
    transaction.copy_rows("{schema}.files", ("text", "bytea"), files)
    transaction.copy_rows("{schema}.passages", ("int4", "bytea"), enumerate(_read_lines(folder / PASSAGES_FILE)))
    entries = ((place, _parse_entry_id(line), line) for place, line in enumerate(_read_lines(folder / ENTRIES_FILE)))
    transaction.copy_rows("{schema}.entries", ("int4", "bytea", "bytea"), entries)
    transaction.copy_rows("{schema}.postings", ("int8", "int4", "bytea"), _read_postings(folder))
    transaction.copy_rows("gw_texts", ("int4", "bytea", "text", "text"), _read_entry_texts(folder))
    transaction.execute(_FILL_WORD_TABLES)


def _copy_vectors(transaction: Transaction, folder: Path, index_manifest: Manifest, exact: bool) -> None:
    column_type = f"halfvec({index_manifest.dimension})"
    transaction.execute(f"CREATE TABLE {{schema}}.vectors (row int PRIMARY KEY, v {column_type} NOT NULL)")
    transaction.execute("ALTER TABLE {schema}.vectors ALTER v SET STORAGE PLAIN")
    vectors = (vector for chunk in read_vector_chunks(folder / VECTORS_FILE) for vector in chunk)
    rows = ((row, _encode_halfvec(vector)) for row, vector in enumerate(vectors))
    transaction.copy_rows("{schema}.vectors", ("int4", "bytea"), rows)
    if exact:
        return
    # Without parallel workers, which need shared memory: a container has only 64 MB of it.
    megabytes = max(64, index_manifest.passages * (2 * index_manifest.dimension + 40 * HNSW_LINKS + 400) // 1_000_000)
    transaction.execute("SET LOCAL max_parallel_maintenance_workers = 0")
    transaction.execute(f"SET LOCAL maintenance_work_mem = '{min(megabytes, 2_000)}MB'")
    transaction.execute(
        "CREATE INDEX ON {schema}.vectors USING hnsw (v halfvec_ip_ops)"
        f" WITH (m = {HNSW_LINKS}, ef_construction = {HNSW_CANDIDATES})"
    )


def _encode_halfvec(vector: NDArray[np.float32]) -> bytes:
    """Encode a halfvec in its binary format: the length, two zero bytes, and big-endian 16-bit floats."""
    return struct.pack(">HH", len(vector), 0) + vector.astype(">f2").tobytes()


def _read_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _parse_entry_id(line: bytes) -> bytes:
    return str(json.loads(line)["id"]).encode()


def _read_postings(folder: Path) -> Iterator[tuple[int, int, bytes]]:
    token_hashes, starts, targets = (np.load(folder / name, mmap_mode="r") for name in POSTINGS_FILES)
    for number, token in enumerate(token_hashes.tolist()):
        posting_list = targets[starts[number] : starts[number + 1]]
        yield token, len(posting_list), posting_list.astype("<i4").tobytes()


def _read_entry_texts(folder: Path) -> Iterator[tuple[int, bytes, str, str]]:
    """Yield row, entry id, text search configuration and words of each text passage with the entry's questions."""
    questions_by_entry = _read_questions(folder)
    is_text = np.load(folder / ROWS_FILE, mmap_mode="r")["kind"] == KINDS.index(PassageKind.TEXT)
    for row, (passage_id, passage_text) in enumerate(read_passages(folder)):
        if is_text[row]:
            entry_id, lang, _kind, _number = passage_id.rsplit("/", 3)
            text = " ".join((passage_text, *questions_by_entry.get((entry_id, lang), ())))
            yield row, entry_id.encode(), text_search_config(lang), " ".join(tokenize_words(text))


def _read_questions(folder: Path) -> dict[tuple[str, str], list[str]]:
    entries: Iterator[dict[str, Any]] = map(json.loads, _read_lines(folder / ENTRIES_FILE))
    return {(entry["id"], entry["lang"]): entry["questions"] for entry in entries if entry["questions"]}
