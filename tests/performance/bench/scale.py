"""`make bench-scale`: build and search a large folder, compared with FAISS IndexFlatIP in the same run.

100,000 passages, or a million with `--million`; `--again` measures without building.
"""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.evaluation.dataset import LABELLED_QUESTIONS
from index.search.scoring import MAX_NEIGHBOURS
from index.search.searcher import Searcher
from index.storage.layout import CLUSTERS_FILE, VECTORS_FILE
from index.storage.reader import IndexReader, open_index
from index.storage.vector_index import read_vector_chunks
from knowledge.loader import Knowledge
from tests.performance.bench.synthetic import MixedEncoder, SentenceGenerator, SyntheticEntries
from tests.support.paths import ROOT

REAL = ROOT / "data" / "index" / "current"
RUNS, EXACT = 5, 150  # runs of each kind; questions per run of the exact search
Vectors = NDArray[np.float32]


def build_folder(count: int, folder: Path) -> None:
    """Build with a progress bar; runs in a subprocess, whose peak memory is that of the build."""
    entries = SyntheticEntries(count, SentenceGenerator(REAL))
    encoder = MixedEncoder(np.load(REAL / VECTORS_FILE), {})
    with tqdm(unit=" texts", mininterval=5) as bar:

        def progress(phase: str, done: int, total: int | None) -> None:
            bar.set_description_str(phase, refresh=False)
            bar.total = total
            bar.update(done - bar.n)

        build_index(
            IndexSource(Knowledge(folder, entries), encoder, load_calibration(with_examples=False)), folder, progress
        )


def load_questions() -> dict[str, Vectors]:
    """Return held-out questions with their real vectors; every second text is a sentence of the folder."""
    texts = [json.loads(line)["question"] for line in LABELLED_QUESTIONS.read_text("utf-8").splitlines()]
    vectors = OnnxEncoder.load(ROOT / "data" / "encoder").encode_queries(texts)
    generate_sentence = SentenceGenerator(REAL)
    return {
        generate_sentence(10**9 + number, 6, 14) if number % 2 else text: vector
        for number, (text, vector) in enumerate(zip(texts, vectors, strict=True))
    }


def measure_latencies(ask: Callable[[str], object], texts: list[str]) -> Vectors:
    """Return the wall and CPU milliseconds of each question, shape (n, 2)."""
    durations = []
    for text in texts:
        start, busy = time.perf_counter(), time.thread_time()
        ask(text)
        durations.append((time.perf_counter() - start, time.thread_time() - busy))
    return np.array(durations, np.float32) * 1000


def bytes_per_vector(reader: IndexReader) -> float:
    """Return the bytes that vector search needs, in memory or mapped: vectors, rows, target names, row columns."""
    vectors = CLUSTERS_FILE if CLUSTERS_FILE in reader.manifest.files else VECTORS_FILE
    files = (vectors, "rows.npy", "targets.npy", "targets.txt")
    columns = reader.row_targets.nbytes + reader.row_kinds.nbytes + reader.row_penalties.nbytes
    return (sum((Path(reader.version) / name).stat().st_size for name in files) + columns) / len(reader.vector_index)


def build_in_subprocess(count: int, folder: Path) -> str:
    """Build in a subprocess; return its duration and peak memory as text."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "tests.performance.bench.scale", str(count), str(folder)]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return f"{time.perf_counter() - start:.0f} s, peak memory {usage.ru_maxrss / 1024:.0f} MB"


def main(count: int, *, again: bool = False) -> None:
    """Build, measure, print; with ``again``, measure the folder of the last build."""
    folder = ROOT / "data" / "bench-scale" / str(count)
    built = "not in this run" if again else build_in_subprocess(count, folder)
    vectors = load_questions()
    encoder = MixedEncoder(np.load(REAL / VECTORS_FILE), vectors)
    start = time.perf_counter()
    reader = open_index(folder, encoder)
    opening = time.perf_counter() - start
    searcher = Searcher(reader, encoder)
    texts = list(vectors)
    measure_latencies(searcher.search, texts)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    flat = faiss.IndexFlatIP(encoder.dimension)
    for chunk in read_vector_chunks(Path(reader.version) / VECTORS_FILE):
        flat.add(chunk)
    exact = {text: flat.search(vectors[text][None, :], MAX_NEIGHBOURS) for text in texts[:EXACT]}
    nearest = {text: reader.vector_index.find_nearest(vectors[text], MAX_NEIGHBOURS)[0][:10] for text in exact}
    recall = statistics.mean(len({*nearest[text]} & {*exact[text][1][0][:10]}) / 10 for text in exact)
    kinds: dict[str, tuple[Callable[[str], object], list[str]]] = {
        "whole search": (searcher.search, texts),
        "its vector part": (lambda text: reader.vector_index.find_nearest(vectors[text], MAX_NEIGHBOURS), texts),
        "its word part": (reader.term_overlap_index.term_overlap, texts),
        "IndexFlatIP": (lambda text: flat.search(vectors[text][None, :], MAX_NEIGHBOURS), list(exact)),
    }
    runs = [{name: measure_latencies(ask, queries) for name, (ask, queries) in kinds.items()} for _ in range(RUNS)]

    print(
        f"{len(reader.vector_index):,} passages, {len(texts)} questions, medians of {RUNS} interleaved runs, 1 thread"
    )
    print(f"{'ms':24}{'p50':>14}{'p95':>14}{'p50 processor':>14}{'p95 processor':>14}")
    for name in kinds:
        durations = np.median([np.percentile(run[name], (50, 95), axis=0) for run in runs], axis=0)
        print(f"{name:24}" + "".join(f"{value:14.2f}" for value in durations.T.flat))
    print(f"recall@10 against exact {recall:.3f}")
    print(f"bytes a vector          {bytes_per_vector(reader):.0f}")
    print(f"build                   {built}")
    print(f"opening                 {opening:.2f} s, peak memory with encoder {memory:.0f} MB")
    sample = np.load(Path(reader.version) / VECTORS_FILE, mmap_mode="r")[:: max(1, count // 2000)]
    print_similarities("cosines here", sample, np.array([scores[0] for scores, _ in exact.values()]))
    real = np.load(REAL / VECTORS_FILE)
    scores = -np.sort(-(np.stack([vectors[text] for text in exact]) @ real.T), axis=1)
    print_similarities(f"cosines of the real {len(real):,}", real[::2], scores)


def print_similarities(name: str, vectors: Vectors, scores: Vectors) -> None:
    """Print the mean cosine of random pairs and of nearest neighbours, and their margin over the tenth."""
    pairs = (vectors[:-1] * vectors[::-1][:-1]).sum(axis=1)
    gap = (scores[:, 0] - scores[:, 9]).mean()
    print(f"{name:28}random pairs {pairs.mean():.3f}, nearest {scores[:, 0].mean():.3f}, lead over tenth {gap:.3f}")


if __name__ == "__main__":
    build_folder(int(sys.argv[1]), Path(sys.argv[2]))
