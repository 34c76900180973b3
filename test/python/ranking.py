"""What NumPy ranks: python ranking.py DATA SECTIONS K. Prints requests and the items that answer them, best first.

Float32 in the order of the history, as the formula of the sections says; without a word of the server's code.
"""

import json
import sys
from pathlib import Path

import duckdb
import numpy as np
from safetensors.numpy import load_file

KINDS = ["view", "cart", "purchase", "shown", "clicked", "uncart"]
SHOPPERS = 40
# The server asks for as many near items: of the vectors of what can be sold in a small shop, else of the index.
TASTE_NEIGHBOURS = 200
SMALL_SHOP = 4096


def main(data, sections, k):
    model = json.loads((sections / "report.json").read_text())["model"]
    rows = load_file(sections / "similarity.safetensors")
    has_vectors = (sections / "vectors.safetensors").exists()
    vectors = load_file(sections / "vectors.safetensors")["items"] if has_vectors else None
    keys, available, stock = zip(
        *duckdb.sql(f"SELECT key, available, coalesce(stock, -1) FROM '{data}/items.parquet' ORDER BY item_index").fetchall()
    )
    sellable = np.array([bool(a) and s != 0 for a, s in zip(available, stock)])
    cases = []
    for key, history in histories(data, model).items():
        items = best(history, model, rows, vectors, sellable, k)
        told = [{"item": keys[item], "kind": KINDS[kind]} for item, kind in history]
        for request in ({"shopper": key, "slots": k}, {"history": told, "slots": k}):
            cases.append({"request": request, "items": [keys[item] for item in items]})
    json.dump(cases, sys.stdout)


def histories(data, model):
    """Items of some shoppers with the strongest kind of event on each, newest first."""
    weights = list(model["eventWeights"].values())
    events = duckdb.sql(
        f"SELECT s.key, e.item_index, e.kind FROM (SELECT *, row_number() OVER () AS row FROM '{data}/events.parquet') e"
        f" JOIN '{data}/shoppers.parquet' s USING (shopper_index) WHERE s.shopper_index < {SHOPPERS} ORDER BY row DESC"
    ).fetchall()
    found = {}
    for shopper, item, kind in events:
        if weights[kind] > 0:
            history = found.setdefault(shopper, {})
            if weights[kind] > weights[history.setdefault(item, kind)]:
                history[item] = kind
    return {shopper: list(history.items()) for shopper, history in found.items() if len(history) <= 50}


def best(history, model, rows, vectors, sellable, k):
    weights = np.array(list(model["eventWeights"].values()), np.float32)
    added = np.zeros(sellable.size, np.float32)
    reached = np.zeros(sellable.size, bool)
    for item, kind in history:
        row = slice(rows["indptr"][item], rows["indptr"][item + 1])
        added[rows["indices"][row]] += weights[kind] * rows["data"][row]
        reached[rows["indices"][row]] = True
    if vectors is not None and reached.sum() < 2 * k:
        asked = sellable if sellable.size <= SMALL_SHOP else np.ones_like(sellable)
        added += model["vectors"]["weight"] * taste(history, weights, vectors, asked)
    scores = added + rows["bias"]
    bought = [item for item, kind in history if KINDS[kind] == "purchase"]
    scores[bought] = -np.inf
    scores[~sellable] = -np.inf
    return np.argsort(-scores, kind="stable")[:k].tolist()


def taste(history, weights, vectors, asked):
    """Inner product with the history's mean vector, of the items nearest to it."""
    mean = sum(weights[kind] * vectors[item] for item, kind in history)
    length = np.linalg.norm(mean)
    near = vectors @ (mean / length) if length > 0 else np.zeros(len(vectors), np.float32)
    near[~asked] = -np.inf
    near[np.argsort(-near, kind="stable")[TASTE_NEIGHBOURS:]] = 0
    return np.maximum(0, near)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
