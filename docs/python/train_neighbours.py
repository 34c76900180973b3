"""Learns item-item rows and item vectors from imported data and writes them as sections of a snapshot.

    python train_neighbours.py DATA OUT [--rows-only] [--neighbours K] [--dim D] [--ef-search E] [--seed S]

DATA is what `offerwright import` wrote: dataset.json, events.parquet. OUT gets similarity.safetensors,
vectors.safetensors, items.hnsw and report.json for `offerwright publish --section ... --report ...`.

    s(i, j) = sum_u r_ui r_uj / (|r_i| |r_j|)              cosine over shoppers
    S[i, :] = the K largest s(i, j), j != i, divided by their sum
    score(i) = sum_j x_j S[i, j] + bias_i,  bias_i = m_i - sum_j S[i, j] m_j
    vectors = right singular vectors times singular values of the matrix with unit columns, each row of unit length

r_ui: weight of the strongest event of shopper u on item i; m_i: its mean over shoppers; x: the asking shopper's row.
The matrix is dense here, shoppers x items x 4 bytes; beyond some GB take scipy.sparse for it.
"""

import argparse
import json
from pathlib import Path

import duckdb
import numpy as np
from safetensors.numpy import save_file

# Weight of an event by its kind; events.parquet holds the position in this list. The server weighs histories alike.
EVENT_WEIGHTS = {"view": 0.4, "cart": 0.8, "purchase": 1.0, "shown": 0.0, "clicked": 0.4, "uncart": 0.0}
HISTORY_LENGTH = 50
# Items compared with all others in one product.
BLOCK_ITEMS = 256
# A score is the sum of its sources times these. Without a blend in the report the one learned for the trained rows stands.
ROWS_ALONE = {"rows": 1, "content": 0, "sessions": 0, "peers": 0, "links": 0, "vectors": 0, "popular": 0, "trends": 0, "rhythm": 0}


def main():
    args = arguments()
    data = json.loads((args.data / "dataset.json").read_text())
    matrix = interactions(args.data / "events.parquet", data["shoppers"], data["items"])
    model = {
        "eventWeights": EVENT_WEIGHTS,
        "historyLength": HISTORY_LENGTH,
        "neighbours": args.neighbours,
        "blend": {"known": ROWS_ALONE, "session": ROWS_ALONE},
    }
    args.out.mkdir(parents=True, exist_ok=True)
    save_file(similarity(matrix, args.neighbours), args.out / "similarity.safetensors")
    if not args.rows_only:
        items = vectors(matrix, args.dim, args.seed)
        save_file({"items": items}, args.out / "vectors.safetensors")
        write_index(items, args.seed, args.out / "items.hnsw")
        model["vectors"] = {"dim": items.shape[1], "efSearch": args.ef_search, "weight": 0.01}
    (args.out / "report.json").write_text(json.dumps(report(data, matrix, model), indent=2))


def interactions(events, shoppers, items):
    """float32 [shoppers, items]: the weight of the strongest event."""
    rows = duckdb.execute(
        "SELECT shopper_index::BIGINT, item_index::BIGINT, max(list_extract($weights, kind + 1))::FLOAT"
        " FROM read_parquet($file) WHERE shopper_index IS NOT NULL GROUP BY ALL",
        {"weights": list(EVENT_WEIGHTS.values()), "file": str(events)},
    ).fetchnumpy()
    shopper, item, weight = rows.values()
    matrix = np.zeros((shoppers, items), np.float32)
    matrix[shopper, item] = weight
    return matrix


def similarity(matrix, k):
    """The similarity section: rows by source item, and what an item scores that no row reaches."""
    n = matrix.shape[1]
    unit = unit_columns(matrix)
    targets, sources, weights = [], [], []
    for start in range(0, n, BLOCK_ITEMS):
        cosines = unit[:, start : start + BLOCK_ITEMS].T @ unit
        for i, cosine in enumerate(cosines, start):
            cosine[i] = 0
            best = np.argsort(-cosine, kind="stable")[:k]
            best = best[cosine[best] > 0]
            targets.append(np.full(best.size, i))
            sources.append(best)
            weights.append(cosine[best] / cosine[best].sum())
    target, source, weight = (np.concatenate(parts) for parts in (targets, sources, weights))
    means = matrix.sum(axis=0) / max(1, np.count_nonzero(matrix.any(axis=1)))
    bias = (means - np.bincount(target, weight * means[source], n)).astype(np.float32)
    order = np.lexsort((target, source))
    return {
        "indptr": np.concatenate(([0], np.cumsum(np.bincount(source, minlength=n)))).astype(np.uint32),
        "indices": target[order].astype(np.uint32),
        "data": weight[order].astype(np.float32),
        "bias": bias,
        "bias_order": np.argsort(-bias, kind="stable").astype(np.uint32),
    }


def vectors(matrix, dim, seed, iterations=4, surplus=8):
    """float32 [items, dim]: truncated SVD by a randomised range finder (Halko, Martinsson, Tropp 2011)."""
    unit = unit_columns(matrix)
    width = min(dim + surplus, *unit.shape)
    basis = np.random.default_rng(seed).standard_normal((unit.shape[1], width), np.float32)
    for _ in range(iterations):
        basis, _ = np.linalg.qr(unit.T @ (unit @ basis))
    _, singular, right = np.linalg.svd(unit @ basis, full_matrices=False)
    factors = (basis @ right.T * singular)[:, :dim]
    length = np.linalg.norm(factors, axis=1, keepdims=True)
    return np.divide(factors, length, out=np.zeros_like(factors), where=length > 1e-6).astype(np.float32)


def write_index(items, seed, file):
    """hnswlib's own file over the very vectors of the section, under their item indexes."""
    import hnswlib

    n, dim = items.shape
    index = hnswlib.Index(space="ip", dim=dim)
    index.init_index(max_elements=n, M=16, ef_construction=100, random_seed=seed)
    index.add_items(items, np.arange(n), num_threads=1)
    index.save_index(str(file))


def unit_columns(matrix):
    length = np.linalg.norm(matrix, axis=0)
    return matrix / np.where(length == 0, 1, length)


def report(data, matrix, model):
    """Publishing compares `data` with its own: sections of another import are refused."""
    return {
        "data": {name: data[name] for name in ("shop", "watermark", "items", "shoppers", "events")},
        "metrics": {"interactions": int(np.count_nonzero(matrix))},
        "model": model,
    }


def arguments():
    parser = argparse.ArgumentParser(description="learn item-item rows and item vectors from imported data")
    parser.add_argument("data", type=Path, help="folder that `offerwright import` wrote")
    parser.add_argument("out", type=Path, help="folder for the sections")
    parser.add_argument("--rows-only", action="store_true", help="similarity alone; needs no hnswlib")
    parser.add_argument("--neighbours", type=int, default=100, help="neighbours of an item")
    parser.add_argument("--dim", type=int, default=32, help="length of a vector")
    parser.add_argument("--ef-search", type=int, default=64, help="candidate list of an index search")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
