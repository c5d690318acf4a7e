"""`make bench-pgvector`: 100,000 synthetic passages in PostgreSQL, compared with files and FAISS IndexFlatIP.

`--again` copies the folder that was built before, by this or by `make bench-scale`.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np

from index.backends.pg_publish import VERSION_TABLES, publish_version
from index.backends.pgvector import PgBackend
from index.search.scoring import MAX_NEIGHBOURS
from index.search.searcher import Searcher
from index.storage.layout import VECTORS_FILE
from index.storage.reader import current_folder, open_index
from index.storage.vector_index import read_vector_chunks
from tests.performance.bench.scale import EXACT, REAL, build_in_subprocess, load_questions, measure_latencies
from tests.performance.bench.synthetic import MixedEncoder
from tests.support import postgres
from tests.support.paths import ROOT

COUNT, RUNS = 100_000, 3
SIZES = "SELECT pg_total_relation_size('{schema}.TABLE')"


def main(*, again: bool = False) -> None:
    """Build or reuse a folder, then measure it."""
    folder = ROOT / "data" / "bench-scale" / str(COUNT)
    print(f"build of the files        {'not in this run' if again else build_in_subprocess(COUNT, folder)}")
    with postgres.server() as server:
        backend = PgBackend(postgres.database(server), "main")
        measure(folder, backend)
        backend.close()


def measure(folder: Path, backend: PgBackend) -> None:
    """Copy a folder to PostgreSQL, measure both, and print the figures."""
    vectors = load_questions()
    texts, encoder = list(vectors), MixedEncoder(np.load(REAL / VECTORS_FILE), vectors)
    start = time.perf_counter()
    schema = publish_version(backend.database, "main", current_folder(folder), max_exact_vectors=0)
    copying = time.perf_counter() - start
    start = time.perf_counter()
    pg_reader = backend.open_reader(encoder)
    opening = time.perf_counter() - start
    folder_reader = open_index(folder, encoder)
    flat = faiss.IndexFlatIP(encoder.dimension)
    for chunk in read_vector_chunks(current_folder(folder) / VECTORS_FILE):
        flat.add(chunk)

    exact = {text: flat.search(vectors[text][None, :], MAX_NEIGHBOURS)[1][0][:10] for text in texts}
    for name, dense in (("pgvector", pg_reader.vector_index), ("our files", folder_reader.vector_index)):
        recall = statistics.mean(
            len({*dense.find_nearest(vectors[text], MAX_NEIGHBOURS)[0][:10].tolist()} & {*exact[text].tolist()}) / 10
            for text in texts
        )
        print(f"{f'recall@10, {name}':26}{recall:.3f} over {len(texts)} questions")
    folder_searcher, pg_searcher = Searcher(folder_reader, encoder), Searcher(pg_reader, encoder)
    pairs = [(folder_searcher.search(text), pg_searcher.search(text)) for text in texts]
    same = [
        (first.decision, first.reply, first.shown_ids) == (second.decision, second.reply, second.shown_ids)
        for first, second in pairs
    ]
    print(f"{'same outcome and entries':26}{statistics.mean(same):.3f}")
    kinds: dict[str, tuple[Callable[[str], object], list[str]]] = {
        "pgvector, vectors": (lambda text: pg_reader.vector_index.find_nearest(vectors[text], MAX_NEIGHBOURS), texts),
        "our files, vectors": (
            lambda text: folder_reader.vector_index.find_nearest(vectors[text], MAX_NEIGHBOURS),
            texts,
        ),
        "IndexFlatIP, vectors": (lambda text: flat.search(vectors[text][None, :], MAX_NEIGHBOURS), texts[:EXACT]),
        "pgvector, wording": (pg_reader.term_overlap_index.term_overlap, texts),
        "our files, wording": (folder_reader.term_overlap_index.term_overlap, texts),
        "pgvector, whole search": (pg_searcher.search, texts),
        "our files, whole search": (folder_searcher.search, texts),
    }
    runs = [
        {name: measure_latencies(ask, queries)[:, 0] for name, (ask, queries) in kinds.items()} for _ in range(RUNS)
    ]

    print(f"{'ms, clock':26}{'p50':>10}{'p95':>10}   medians of {RUNS} interleaved runs")
    for name in kinds:
        percentiles = np.median([np.percentile(run[name], (50, 95)) for run in runs], axis=0)
        print(f"{name:26}" + "".join(f"{value:10.2f}" for value in percentiles))
    print(f"copying, with HNSW        {copying:.0f} s")
    print(f"opening                   {opening:.2f} s")
    sizes = {
        table: backend.database.fetch_rows(SIZES.replace("TABLE", table), schema=schema)[0][0]
        for table in VERSION_TABLES
    }
    print(f"MB                        {sum(sizes.values()) / 1e6:.0f}: " + _format_sizes(sizes))


def _format_sizes(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name} {size / 1e6:.0f}" for name, size in sizes.items())


if __name__ == "__main__":
    main(again="--again" in sys.argv)
