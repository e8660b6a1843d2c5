#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The texts that everything is measured on: code and prose of Python's standard library, the same on every machine
with the same Python.

    corpus.py MODEL_FOLDER FOLDER    writes FOLDER/corpus.jsonl and FOLDER/queries.jsonl

2,000 texts, shuffled: a third of 8-20 tokens, a third of 64-128, a third of 250-256, special tokens included; and 200
queries of 6-16 tokens. Only ASCII, so that tokens can be counted here with a few lines of WordPiece.
"""

import ast
import json
import pathlib
import random
import re
import sys
import sysconfig

KINDS = {"short": (667, 8, 20), "medium": (667, 64, 128), "long": (666, 250, 256)}
QUERIES = (200, 6, 16)
QUESTIONS = ("how do I {}", "where do we {}", "which function is meant to {}", "code that can {}", "{}")


class WordPiece:
    """Counts tokens as a lower-case BERT tokenizer does, for ASCII text."""

    WORD = re.compile(r"[a-z0-9]+|[^\sa-z0-9]")
    LONGEST_WORD = 100

    def __init__(self, model_folder):
        file = json.loads((pathlib.Path(model_folder) / "tokenizer.json").read_text(encoding="utf-8"))
        self.vocabulary = file["model"]["vocab"]
        self.counts = {}

    def pieces(self, word):
        """Tokens of one word; one for a word that cannot be spelled, which is [UNK]."""
        if len(word) > self.LONGEST_WORD:
            return 1
        start = count = 0
        while start < len(word):
            prefix = "##" if start else ""
            end = next((e for e in range(len(word), start, -1) if prefix + word[start:e] in self.vocabulary), start)
            if end == start:
                return 1
            start, count = end, count + 1
        return count

    def cut(self, text, limit):
        """As many whole words as fit `limit` tokens, and how many tokens these are, [CLS] and [SEP] included."""
        total, end = 2, 0
        for match in self.WORD.finditer(text.lower()):
            word = match.group()
            if word not in self.counts:
                self.counts[word] = self.pieces(word)
            if total + self.counts[word] > limit:
                break
            total, end = total + self.counts[word], match.end()
        return text[:end], total


def sources():
    """Texts of the standard library's modules, and the sentences their functions are documented with."""
    library = pathlib.Path(sysconfig.get_paths()["stdlib"])
    code, sentences = [], []
    for path in sorted(library.glob("*.py")) + sorted(library.glob("*/*.py")):
        if path.parent.name in ("site-packages", "test", "idlelib", "lib2to3"):
            continue
        try:
            text = path.read_text(encoding="ascii")
            tree = ast.parse(text)
        except (UnicodeDecodeError, SyntaxError):
            continue
        code.append(text.split("\n"))
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)):
                documentation = ast.get_docstring(node) or ""
                if len(documentation) > 80:
                    code.append(documentation.split("\n"))
                first = re.split(r"[.\n:]", documentation)[0].strip()
                if isinstance(node, ast.FunctionDef) and 15 < len(first) < 70:
                    sentences.append(first[0].lower() + first[1:])
    return code, sentences


def texts(count, make, shortest, longest, counter):
    """`count` different texts of `shortest` to `longest` tokens."""
    found = {}
    while len(found) < count:
        text, tokens = counter.cut(make(), longest)
        if tokens >= shortest and any(letter.isalpha() for letter in text):
            found[text] = tokens
    return [{"text": text, "tokens": tokens} for text, tokens in found.items()]


def make(model_folder):
    """The corpus and the queries, as lists of {"text", "tokens"}."""
    chance = random.Random(1)
    counter = WordPiece(model_folder)
    code, sentences = sources()

    def passage(lines):
        text = chance.choice(code)
        start = chance.randrange(len(text))
        return "\n".join(text[start : start + lines]).strip()

    corpus = []
    for kind, (count, shortest, longest) in KINDS.items():
        corpus += texts(count, lambda: passage(1 if kind == "short" else 60), shortest, longest, counter)
        if kind == "medium":
            # Passages reach the limit; real texts end anywhere.
            for entry in corpus[-count:]:
                entry["text"], entry["tokens"] = counter.cut(entry["text"], chance.randint(shortest + 8, longest))
    chance.shuffle(corpus)
    queries = texts(
        QUERIES[0], lambda: chance.choice(QUESTIONS).format(chance.choice(sentences)), *QUERIES[1:], counter)
    return corpus, queries


def write(model_folder, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, entries in zip(("corpus", "queries"), make(model_folder)):
        lines = "".join(json.dumps(entry) + "\n" for entry in entries)
        (folder / f"{name}.jsonl").write_text(lines, encoding="ascii")


def read(folder, name):
    """Entries of a file that `write` wrote."""
    return [json.loads(line) for line in (pathlib.Path(folder) / f"{name}.jsonl").open(encoding="ascii")]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write(*sys.argv[1:])
