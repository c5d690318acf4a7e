"""An index in PostgreSQL: vectors in pgvector (HNSW), words in full-text search, texts in tables.

Each version has its own schema, and the newest version of a name is in use. Opening a version reads a few bytes per
passage (target and kind); vectors, words, posting lists, passages and entries are queried when they are needed.
HNSW: Malkov and Yashunin, Efficient and Robust Approximate Nearest Neighbor Search, 2018.
"""

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.backends import pg_publish
from index.backends.pg_connection import IndexMissing, PgDatabase
from index.backends.pg_fulltext import PgFullTextIndex
from index.build.builder import BuildResult, IndexSource, write_index_files
from index.build.corpus import ProgressCallback
from index.build.embeddings import EmbeddingCache
from index.build.target_classifier import read_classifiers
from index.encoder.encoder import Encoder, Vectors
from index.encoder.model_card import hash_file
from index.errors import REBUILD_HINT, IndexUnreachable, IndexUnusable
from index.storage import manifest
from index.storage.entry_store import EntryStore, TargetNames, parse_passage
from index.storage.layout import CLASSIFIER_FILE, KEYS_FILE, MANIFEST_FILE
from index.storage.manifest import Manifest
from index.storage.reader import (
    IndexComponents,
    IndexReader,
    assemble_reader,
    check_compatible,
    translate_read_errors,
)
from index.storage.term_overlap import TermOverlapIndex

HNSW_EF_SEARCH = 400  # size of the candidate list of a query, at least the number of neighbours; measured
_SELECT_CURRENT = "SELECT id, exact FROM gw_index.versions WHERE name = %s ORDER BY id DESC LIMIT 1"
_SELECT_CHECKSUMS = "SELECT checks FROM gw_index.versions WHERE id = %s"
_SELECT_SIMILARITIES = """
    SELECT string_agg(int4send(row) || float4send((v <#> %s::halfvec)::float4), '') FROM {schema}.vectors
    WHERE row >= %s AND row < %s
"""
_SELECT_NEAREST = "SELECT row, v <#> %s::halfvec FROM {schema}.vectors ORDER BY v <#> %s::halfvec LIMIT %s"
_SELECT_POSTINGS = """
    SELECT token, holders, CASE WHEN holders <= %s THEN targets ELSE '' END FROM {schema}.postings
    WHERE token = ANY(%s)
"""
# The built-in knowledge has to stay below: an approximate search answers worse.
MAX_COMPARED_VECTORS = 150_000
_PAIR_DTYPE = np.dtype([("row", ">i4"), ("score", ">f4")])


class PgBackend:
    """The versions of the index ``name`` in one database; thread-safe."""

    def __init__(self, url: str, name: str, max_exact_vectors: int = MAX_COMPARED_VECTORS) -> None:
        self.database = PgDatabase(url, f"SET hnsw.ef_search = {HNSW_EF_SEARCH}")
        self._name, self._max_exact_vectors = name, max_exact_vectors

    def __str__(self) -> str:
        return f"PostgreSQL ({self._name})"

    def current_version(self) -> str:
        """Return the schema of the version in use."""
        return self._find_current()[0]

    def read_manifest(self) -> Manifest:
        """Return the manifest of the version in use."""
        with tempfile.TemporaryDirectory() as folder:
            self._fetch_files(self.current_version(), Path(folder), (MANIFEST_FILE,))
            return manifest.read_manifest(Path(folder))

    def open_reader(self, encoder: Encoder) -> IndexReader:
        """Open the version in use, and verify the hashes of what is read into memory."""
        schema, exact = self._find_current()
        with tempfile.TemporaryDirectory() as temp_folder:
            folder = Path(temp_folder)
            self._fetch_files(schema, folder, pg_publish.SMALL_FILES)
            index_manifest = manifest.read_manifest(folder)
            calibration = check_compatible(index_manifest, encoder, str(self))
            with translate_read_errors(f"PostgreSQL ({schema})"):
                for file in set(pg_publish.SMALL_FILES) & set(index_manifest.files):
                    if hash_file(folder / file) != index_manifest.files[file]:
                        raise ValueError(file)
                components = self._create_components(schema, index_manifest, exact, folder)
                return assemble_reader(schema, folder, index_manifest, calibration, components)

    def verify_version(self, reader: IndexReader) -> str:
        """Compare every table with the checksum that was computed when it was written."""
        return self._verify_tables(reader.version)

    def build_version(self, source: IndexSource, progress: ProgressCallback) -> BuildResult:
        """Build into a temporary folder, then copy it and put it in use in one transaction."""
        with tempfile.TemporaryDirectory() as temp_folder:
            folder = Path(temp_folder)
            cache = self._load_cache(source.encoder)
            index_manifest, embedded_count = write_index_files(folder, source, cache, progress)
            progress("copying", 0, None)
            schema = pg_publish.publish_version(self.database, self._name, folder, self._max_exact_vectors)
        return BuildResult(schema, index_manifest, embedded_count)

    def remove_versions(self) -> None:
        """Drop every version of this name."""
        with suppress(IndexMissing):
            pg_publish.drop_versions(self.database, self._name)

    def close(self) -> None:
        """Close all idle connections."""
        self.database.close()

    def _find_current(self) -> tuple[str, bool]:
        try:
            versions = self.database.fetch_rows(_SELECT_CURRENT, (self._name,))
        except IndexMissing:  # nothing has been built in this database yet
            versions = []
        if not versions:
            raise IndexUnusable(f"There is no index {self._name} in PostgreSQL. {REBUILD_HINT}")
        return f"gw_index_{versions[0][0]}", versions[0][1]

    def _fetch_files(self, schema: str, folder: Path, names: Sequence[str]) -> None:
        """Write small files of a version into a folder."""
        statement = "SELECT name, data FROM {schema}.files WHERE name = ANY(%s)"
        files = self.database.fetch_rows(statement, (list(names),), schema)
        for name, data in files:
            (folder / name).write_bytes(data)
        if len(files) < len(names):
            raise IndexUnusable(f"Files of {schema} are missing in PostgreSQL. {REBUILD_HINT}")

    def _create_components(self, schema: str, index_manifest: Manifest, exact: bool, folder: Path) -> IndexComponents:
        database, langs = self.database, index_manifest.languages
        return IndexComponents(
            entries=EntryStore(index_manifest.entries, partial(_fetch_entry_lines, database, schema)),
            vector_index=PgVectorIndex(database, schema, index_manifest.passages, exact),
            term_overlap_index=TermOverlapIndex(PgInvertedIndex(database, schema), len(TargetNames(folder)), langs),
            word_index=PgFullTextIndex(database, schema, langs),
            read_passage=partial(_fetch_passage, database, schema),
        )

    def _verify_tables(self, schema: str) -> str:
        with self.database.open_transaction(schema) as transaction:
            ((stored_checksums,),) = transaction.execute(_SELECT_CHECKSUMS, (int(schema.rpartition("_")[2]),))
            checksums = pg_publish.compute_checksums(transaction)
        for table, checksum in checksums.items():
            if stored_checksums.get(table) != checksum:
                raise IndexUnusable(f"The table {schema}.{table} is damaged. {REBUILD_HINT}")
        return f"all {len(checksums)} tables are as they were written"

    def _load_cache(self, encoder: Encoder) -> EmbeddingCache:
        """Return the vectors of the version in use, or the shipped ones if it is unusable or of another encoder."""
        try:
            schema = self.current_version()
            if self.read_manifest().encoder_digest == encoder.digest:
                self._verify_tables(schema)
                with tempfile.TemporaryDirectory() as folder:
                    self._fetch_files(schema, Path(folder), (KEYS_FILE, CLASSIFIER_FILE))
                    keys = np.load(Path(folder) / KEYS_FILE)
                    classifiers = read_classifiers(Path(folder) / CLASSIFIER_FILE)
                    return EmbeddingCache(keys, partial(_fetch_vectors, self.database, schema), classifiers)
        except IndexUnreachable:
            raise
        except IndexUnusable:
            pass  # as in a folder
        return EmbeddingCache.open_shipped(encoder)


class PgVectorIndex:
    """A VectorIndex over the vectors of one version."""

    def __init__(self, database: PgDatabase, schema: str, count: int, exact: bool) -> None:
        self._database, self._schema, self._count, self.is_exact = database, schema, count, exact

    def __len__(self) -> int:
        return self._count

    def compute_similarities(self, queries: NDArray[np.float32], rows: slice = slice(None)) -> NDArray[np.float32]:
        """Return the cosines (n, rows) of ``queries``, shape (n, d), with these rows."""
        return np.stack([self._compare_query(query, rows) for query in queries])

    def _compare_query(self, query: NDArray[np.float32], rows: slice) -> NDArray[np.float32]:
        first, last, _ = rows.indices(self._count)
        values = (_format_vector(query), first, last)
        ((data,),) = self._database.fetch_rows(_SELECT_SIMILARITIES, values, self._schema)
        pairs = np.frombuffer(data or b"", _PAIR_DTYPE)
        cosines = np.full(last - first, -1.0, np.float32)
        cosines[pairs["row"] - first] = -pairs["score"]
        return cosines

    def find_nearest(self, query: NDArray[np.float32], limit: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows and cosines of at most ``limit`` nearest vectors to ``query`` (shape (d,)), best first."""
        vector_literal = _format_vector(query)
        rows = self._database.fetch_rows(_SELECT_NEAREST, (vector_literal, vector_literal, limit), self._schema)
        return np.array([row for row, _ in rows], np.int64), -np.array([score for _, score in rows], np.float32)


class PgInvertedIndex:
    """The posting lists of one version."""

    def __init__(self, database: PgDatabase, schema: str) -> None:
        self._database, self._schema = database, schema

    def posting_lists(
        self, tokens: NDArray[np.uint32], max_length: int
    ) -> tuple[NDArray[np.int64], Sequence[NDArray[np.int32]]]:
        """Return document frequency and posting list per token; lists longer than ``max_length`` are empty."""
        rows = self._database.fetch_rows(_SELECT_POSTINGS, (max_length, tokens.tolist()), self._schema)
        postings_by_token = {token: (count, np.frombuffer(targets, "<i4")) for token, count, targets in rows}
        empty = (0, np.zeros(0, np.int32))
        postings = [postings_by_token.get(token, empty) for token in tokens.tolist()]
        return np.array([count for count, _ in postings], np.int64), [targets for _, targets in postings]


def _format_vector(vector: NDArray[np.float32]) -> str:
    return f"[{','.join(map(repr, vector.tolist()))}]"


def _fetch_entry_lines(database: PgDatabase, schema: str, entry_id: str) -> list[bytes]:
    statement = "SELECT line FROM {schema}.entries WHERE id = %s ORDER BY place"
    return [line for (line,) in database.fetch_rows(statement, (entry_id.encode("utf-8", "replace"),), schema)]


def _fetch_passage(database: PgDatabase, schema: str, row: int) -> str:
    try:
        rows = database.fetch_rows("SELECT line FROM {schema}.passages WHERE row = %s", (row,), schema)
    except IndexMissing:  # dropped since the reader was opened
        return ""
    if not rows:
        raise IndexError(row)
    return parse_passage(rows[0][0])[1]


def _fetch_vectors(database: PgDatabase, schema: str, row_numbers: NDArray[np.int64]) -> Vectors:
    statement = "SELECT row, halfvec_send(v) FROM {schema}.vectors WHERE row = ANY(%s)"
    rows = database.fetch_rows(statement, (row_numbers.tolist(),), schema)
    by_row = {row: np.frombuffer(data, ">f2", offset=4).astype(np.float32) for row, data in rows}
    return np.stack([by_row[row_number] for row_number in row_numbers.tolist()])
