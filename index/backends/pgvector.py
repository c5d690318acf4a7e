"""An index in PostgreSQL: nearest vectors by pgvector (HNSW), words by full-text search, texts in tables.

Each version is a schema of its own; the newest one of a name is in use. What is a few bytes a passage (target and
kind) is read when a version is opened; vectors, words, postings, passages and entries are asked for.
"""

import json
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.backends import pg_publish
from index.backends.folder import Placed
from index.backends.pg_connection import Absent, Database
from index.backends.pg_fulltext import PgWords
from index.build.builder import write
from index.build.embeddings import KEYS, NOTHING, Known
from index.build.progress import Progress
from index.decision.calibration import Calibration
from index.encoder.encoder import Encoder
from index.errors import IndexUnreachable, IndexUnusable
from index.storage import manifest
from index.storage.entry_store import Entries
from index.storage.manifest import Manifest
from index.storage.reader import Opened, Parts, assembled, fitting, readable
from index.storage.term_overlap import Cover
from index.storage.vector_index import EXACT_UP_TO
from knowledge.loader import Knowledge

EF_SEARCH = 400  # candidates that HNSW keeps for a question, at least the neighbours asked for; measured
_CURRENT = "SELECT id, exact FROM gw_index.versions WHERE name = %s ORDER BY id DESC LIMIT 1"
_CHECKS = "SELECT checks FROM gw_index.versions WHERE id = %s"
_SIMILARITIES = """
    SELECT string_agg(int4send(row) || float4send((v <#> %s::halfvec)::float4), '') FROM {schema}.vectors
    WHERE row >= %s AND row < %s
"""
_NEAREST = "SELECT row, v <#> %s::halfvec FROM {schema}.vectors ORDER BY v <#> %s::halfvec LIMIT %s"
_HOLDERS = """
    SELECT token, holders, CASE WHEN holders <= %s THEN targets ELSE '' END FROM {schema}.postings
    WHERE token = ANY(%s)
"""
_PAIR = np.dtype([("row", ">i4"), ("score", ">f4")])


class PgPlace:
    """The versions of the index ``name`` in one database. Safe to use from several threads."""

    def __init__(self, url: str, name: str, exact_up_to: int = EXACT_UP_TO) -> None:
        self.database = Database(url, f"SET hnsw.ef_search = {EF_SEARCH}")
        self._name, self._exact_up_to = name, exact_up_to

    def __str__(self) -> str:
        return f"PostgreSQL ({self._name})"

    def current(self) -> str:
        """The schema of the version in use."""
        return self._current()[0]

    def head(self) -> Manifest:
        """The manifest of the version in use."""
        with tempfile.TemporaryDirectory() as folder:
            self._fetch(self.current(), Path(folder), (manifest.NAME,))
            return manifest.read(Path(folder))

    def open(self, encoder: Encoder) -> Opened:
        """Open the version in use; what is held in memory is verified against its hashes."""
        schema, exact = self._current()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            self._fetch(schema, folder, pg_publish.SMALL)
            head = manifest.read(folder)
            calibration = fitting(head, encoder, str(self))
            with readable(f"PostgreSQL ({schema})"):
                for file in set(pg_publish.SMALL) & set(head.files):
                    if manifest.sha256(folder / file) != head.files[file]:
                        raise ValueError(file)
                return assembled(schema, folder, head, calibration, self._parts(schema, head, exact, folder))

    def verify(self, opened: Opened) -> str:
        """Compare every table with the sum of hashes that was taken when it was written."""
        return self._verify(opened.version)

    def build(self, knowledge: Knowledge, encoder: Encoder, calibration: Calibration, progress: Progress) -> Placed:
        """Build into a temporary folder, copy it, and put it in use, all of it or nothing."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            known = self._known(encoder)
            head, embedded = write(folder, knowledge, encoder, calibration, known, progress, exact_up_to=2**62)
            progress("copying", 0, None)
            schema = pg_publish.publish(self.database, self._name, folder, self._exact_up_to)
        return Placed(schema, head, embedded)

    def remove(self) -> None:
        """Drop every version of this name."""
        with suppress(Absent):
            pg_publish.drop(self.database, self._name)

    def close(self) -> None:
        """Close the connections that wait."""
        self.database.close()

    def _current(self) -> tuple[str, bool]:
        try:
            found = self.database.rows(_CURRENT, (self._name,))
        except Absent:  # nothing was ever built in this database
            found = []
        if not found:
            raise IndexUnusable(f"There is no index {self._name} in PostgreSQL. Run: gwbot index build")
        return f"gw_index_{found[0][0]}", found[0][1]

    def _fetch(self, schema: str, folder: Path, names: Sequence[str]) -> None:
        """Write small files of a version into a folder."""
        found = self.database.rows(
            "SELECT name, data FROM {schema}.files WHERE name = ANY(%s)", (list(names),), schema
        )
        for name, data in found:
            (folder / name).write_bytes(data)
        if len(found) < len(names):
            raise IndexUnusable(f"Files of {schema} are missing in PostgreSQL. Run: gwbot index build")

    def _parts(self, schema: str, head: Manifest, exact: bool, folder: Path) -> Parts:
        database = self.database
        targets = len(np.load(folder / "targets.npy")) - 1
        return Parts(
            entries=Entries(head.entries, partial(_entry_lines, database, schema)),
            dense=PgVectors(database, schema, head.passages, exact),
            cover=Cover(PgHolders(database, schema), targets, head.languages),
            lexical=PgWords(database, schema, head.languages),
            passage=partial(_passage, database, schema),
        )

    def _verify(self, schema: str) -> str:
        with self.database.writing(schema) as reading:
            ((written,),) = reading.execute(_CHECKS, (int(schema.rpartition("_")[2]),))
            found = pg_publish.checks(reading)
        for table, check in found.items():
            if written.get(table) != check:
                raise IndexUnusable(f"The table {schema}.{table} is damaged. Run: gwbot index build")
        return f"all {len(found)} tables are as they were written"

    def _known(self, encoder: Encoder) -> Known:
        """The vectors of the version in use; none where it cannot be used for this encoder."""
        try:
            schema = self.current()
            if self.head().encoder_digest != encoder.digest:
                return NOTHING
            self._verify(schema)
            with tempfile.TemporaryDirectory() as folder:
                self._fetch(schema, Path(folder), (KEYS,))
                return Known(np.load(Path(folder) / KEYS), partial(_vectors_at, self.database, schema))
        except IndexUnreachable:
            raise
        except IndexUnusable:
            return NOTHING


class PgVectors:
    """The vectors of one version."""

    def __init__(self, database: Database, schema: str, count: int, exact: bool) -> None:
        self._database, self._schema, self._count, self.exact = database, schema, count, exact

    def __len__(self) -> int:
        return self._count

    def similarities(self, query: NDArray[np.float32], rows: slice) -> NDArray[np.float32]:
        """The cosine of these rows' vectors with ``query``, in order."""
        first, last, _ = rows.indices(self._count)
        ((data,),) = self._database.rows(_SIMILARITIES, (_written(query), first, last), self._schema)
        pairs = np.frombuffer(data or b"", _PAIR)
        found = np.full(last - first, -1.0, np.float32)
        found[pairs["row"] - first] = -pairs["score"]
        return found

    def nearest(self, query: NDArray[np.float32], limit: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Row numbers and cosines of the nearest vectors, best first."""
        asked = _written(query)
        found = self._database.rows(_NEAREST, (asked, asked, limit), self._schema)
        return np.array([row for row, _ in found], np.int64), -np.array([score for _, score in found], np.float32)


class PgHolders:
    """The postings of one version."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database, self._schema = database, schema

    def holders(self, asked: NDArray[np.uint32], most: int) -> tuple[NDArray[np.int64], Sequence[NDArray[np.int32]]]:
        """For each token how many targets hold it, and which; which is not told of more than ``most``."""
        found = self._database.rows(_HOLDERS, (most, asked.tolist()), self._schema)
        held = {token: (count, np.frombuffer(targets, "<i4")) for token, count, targets in found}
        nothing = (0, np.zeros(0, np.int32))
        told = [held.get(token, nothing) for token in asked.tolist()]
        return np.array([count for count, _ in told], np.int64), [targets for _, targets in told]


def _written(vector: NDArray[np.float32]) -> str:
    return f"[{','.join(map(repr, vector.tolist()))}]"


def _entry_lines(database: Database, schema: str, entry_id: str) -> list[bytes]:
    ask = "SELECT line FROM {schema}.entries WHERE id = %s ORDER BY place"
    return [line for (line,) in database.rows(ask, (entry_id.encode("utf-8", "replace"),), schema)]


def _passage(database: Database, schema: str, row: int) -> str:
    try:
        found = database.rows("SELECT line FROM {schema}.passages WHERE row = %s", (row,), schema)
    except Absent:  # dropped since it was opened
        return ""
    if not found:
        raise IndexError(row)
    return str(json.loads(found[0][0])["text"])


def _vectors_at(database: Database, schema: str, places: NDArray[np.int64]) -> NDArray[np.float32]:
    ask = "SELECT row, halfvec_send(v) FROM {schema}.vectors WHERE row = ANY(%s)"
    found = database.rows(ask, (places.tolist(),), schema)
    by_row = {row: np.frombuffer(data, ">f2", offset=4).astype(np.float32) for row, data in found}
    return np.stack([by_row[place] for place in places.tolist()])
