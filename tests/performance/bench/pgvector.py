"""`make bench-pgvector`: 100,000 made-up passages in PostgreSQL, beside our files and FAISS IndexFlatIP.

`--again` takes the folder that was built before, by this or by `make bench-scale`, and copies it anew.
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
from index.storage.vector_index import MAX_EXACT_VECTORS, read_vector_chunks
from tests.performance.bench.scale import EXACT, REAL, build_apart, milliseconds, questions
from tests.performance.bench.synthetic import Mixed
from tests.support import postgres
from tests.support.paths import ROOT

COUNT, RUNS = 100_000, 3
SIZES = "SELECT pg_total_relation_size('{schema}.TABLE')"


def main(*, again: bool = False) -> None:
    """Build or take a folder, copy it, measure, print."""
    folder = ROOT / "data" / "bench-scale" / str(COUNT)
    print(f"build of the files        {'not in this run' if again else build_apart(COUNT, folder)}")
    with postgres.server() as server:
        place = PgBackend(postgres.database(server, "bench"), "main")
        measure(folder, place)
        place.close()


def measure(folder: Path, place: PgBackend) -> None:
    """Copy and ask."""
    asked = questions()
    texts, encoder = list(asked), Mixed(np.load(REAL / VECTORS_FILE), asked)
    start = time.perf_counter()
    schema = publish_version(place.database, "main", current_folder(folder), MAX_EXACT_VECTORS)
    copying = time.perf_counter() - start
    start = time.perf_counter()
    there = place.open_reader(encoder)
    opening = time.perf_counter() - start
    here = open_index(folder, encoder)
    flat = faiss.IndexFlatIP(encoder.dimension)
    for chunk in read_vector_chunks(current_folder(folder) / VECTORS_FILE):
        flat.add(chunk)

    exact = {text: flat.search(asked[text][None, :], MAX_NEIGHBOURS)[1][0][:10] for text in texts}
    for name, dense in (("pgvector", there.vector_index), ("our files", here.vector_index)):
        recall = statistics.mean(
            len({*dense.find_nearest(asked[text], MAX_NEIGHBOURS)[0][:10].tolist()} & {*exact[text].tolist()}) / 10
            for text in texts
        )
        print(f"{f'recall@10, {name}':26}{recall:.3f} over {len(texts)} questions")
    ours, theirs = Searcher(here, encoder), Searcher(there, encoder)
    pairs = [(ours.search(text), theirs.search(text)) for text in texts]
    same = [
        (one.decision, one.reply, one.shown_ids) == (other.decision, other.reply, other.shown_ids)
        for one, other in pairs
    ]
    print(f"{'same outcome and entries':26}{statistics.mean(same):.3f}")
    kinds: dict[str, tuple[Callable[[str], object], list[str]]] = {
        "pgvector, vectors": (lambda text: there.vector_index.find_nearest(asked[text], MAX_NEIGHBOURS), texts),
        "our files, vectors": (lambda text: here.vector_index.find_nearest(asked[text], MAX_NEIGHBOURS), texts),
        "IndexFlatIP, vectors": (lambda text: flat.search(asked[text][None, :], MAX_NEIGHBOURS), texts[:EXACT]),
        "pgvector, wording": (there.term_overlap_index.term_overlap, texts),
        "our files, wording": (here.term_overlap_index.term_overlap, texts),
        "pgvector, whole search": (theirs.search, texts),
        "our files, whole search": (ours.search, texts),
    }
    runs = [{name: milliseconds(ask, put)[:, 0] for name, (ask, put) in kinds.items()} for _ in range(RUNS)]

    print(f"{'ms, clock':26}{'p50':>10}{'p95':>10}   medians of {RUNS} runs in turn")
    for name in kinds:
        found = np.median([np.percentile(run[name], (50, 95)) for run in runs], axis=0)
        print(f"{name:26}" + "".join(f"{value:10.2f}" for value in found))
    print(f"copying, with HNSW        {copying:.0f} s")
    print(f"opening                   {opening:.2f} s")
    sizes = {
        table: place.database.fetch_rows(SIZES.replace("TABLE", table), schema=schema)[0][0]
        for table in VERSION_TABLES
    }
    print(f"MB                        {sum(sizes.values()) / 1e6:.0f}: " + _listed(sizes))


def _listed(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name} {size / 1e6:.0f}" for name, size in sizes.items())


if __name__ == "__main__":
    main(again="--again" in sys.argv)
