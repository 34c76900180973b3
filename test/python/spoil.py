"""Damages sections as a careless trainer would: python spoil.py HOW FOLDER."""

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file


def not_a_number(folder):
    rewrite(folder / "similarity.safetensors", lambda t: t["data"].__setitem__(5, np.nan))


def unsorted(folder):
    rewrite(folder / "similarity.safetensors", lambda t: t["indices"].__setitem__([0, 1], t["indices"][[1, 0]]))


def wide(folder):
    rewrite(folder / "similarity.safetensors", lambda t: t.update(data=t["data"].astype(np.float64)))


def infinite_vector(folder):
    rewrite(folder / "vectors.safetensors", lambda t: t["items"].__setitem__((0, 0), np.inf))


def cut_file(folder):
    file = folder / "similarity.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


def short_index(folder):
    write_index(folder, lambda index, items: index.add_items(items[1:], np.arange(1, len(items))))


def foreign_index(folder):
    write_index(folder, lambda index, items: index.add_items(2 * items, np.arange(len(items))))


def shifted_labels(folder):
    write_index(folder, lambda index, items: index.add_items(items, np.arange(len(items)) + 1))


def deleted_mark(folder):
    def add(index, items):
        index.add_items(items, np.arange(len(items)))
        index.mark_deleted(0)

    write_index(folder, add)


def rewrite(file, change):
    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file)


def write_index(folder, add):
    import hnswlib

    items = load_file(folder / "vectors.safetensors")["items"]
    index = hnswlib.Index(space="ip", dim=items.shape[1])
    index.init_index(max_elements=len(items))
    add(index, items)
    index.save_index(str(folder / "items.hnsw"))


SPOILS = [
    not_a_number, unsorted, wide, infinite_vector, cut_file, short_index, foreign_index, shifted_labels, deleted_mark,
]

if __name__ == "__main__":
    {spoil.__name__: spoil for spoil in SPOILS}[sys.argv[1]](Path(sys.argv[2]))
