#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How good `hearth find` is: questions with known answers over trees that every build machine has.

    Benchmarks/Search/evaluate.py FOLDER_OF_EXECUTABLES [--held-out] [--rerank] [--model M] [--json] [-v]

Indexes the trees under a HEARTH_HOME of its own (.build/search-home, which keeps its models and indexes), asks every
question by words, by meaning and by both, and prints nDCG@10, recall@10 and the mean reciprocal rank: a result is right
when it overlaps an answer's lines in the answer's file, and each answer counts once. questions.json is what choices
were made with; questions-held-out.json is only ever looked at afterwards.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

here = Path(__file__).resolve().parent
project = here.parent.parent
depth = 10


def trees():
    checkouts = project / ".build" / "checkouts"
    return {
        "python": Path(sysconfig.get_path("stdlib")),
        "swift-nio": checkouts / "swift-nio" / "Sources",
        "grdb-docs": checkouts / "GRDB.swift",
    }


# What of a tree counts: which files, and which folders of it not.
patterns = {
    "python": (["**/*.py"], {"test", "tests", "site-packages", "__pycache__"}),
    "swift-nio": (["**/*.swift", "**/*.md"], set()),
    "grdb-docs": (["README.md", "Documentation/*.md"], set()),
}


def prepared(tree, folder, home):
    """A copy of what of the tree the questions are about."""
    place = home / "trees" / tree
    if place.exists():
        return place
    partial = place.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    included, excluded = patterns[tree]
    for pattern in included:
        for file in folder.glob(pattern):
            relative = file.relative_to(folder)
            if file.is_file() and not excluded & set(relative.parts):
                (partial / relative).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, partial / relative)
    partial.rename(place)
    return place


def overlaps(result, answer):
    if result["path"] != answer["path"]:
        return False
    lines = answer.get("lines")
    return not lines or (result["start_line"] <= lines[1] and lines[0] <= result["end_line"])


def score(results, answers):
    """nDCG, recall and reciprocal rank of a ranking; an answer is found by the first result that overlaps it."""
    left = list(answers)
    gain, first, found = 0.0, 0.0, 0
    for rank, result in enumerate(results[:depth], 1):
        hit = next((answer for answer in left if overlaps(result, answer)), None)
        if hit is None:
            continue
        left.remove(hit)
        found += 1
        gain += 1 / math.log2(rank + 1)
        first = first or 1 / rank
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(depth, len(answers)) + 1))
    return gain / ideal, found / min(depth, len(answers)), first


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executables", type=Path)
    parser.add_argument("--held-out", action="store_true", help="ask the questions that nothing was chosen by")
    parser.add_argument("--rerank", action="store_true", help="also: hybrid, then reranked")
    parser.add_argument("--model", help="the model to index with; the default one otherwise")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for every question")
    arguments = parser.parse_args()

    hearth = (arguments.executables / "hearth").resolve()
    home = project / ".build" / "search-home"
    environment = dict(os.environ, HEARTH_HOME=str(home))
    environment.pop("HEARTH_SOCKET", None)

    def run(*words, **options):
        return subprocess.run([hearth, *words], env=environment, text=True, **options)

    run("models", "pull", arguments.model or "all-minilm-l6-v2", check=True, stdout=subprocess.DEVNULL)
    places = {}
    for tree, folder in trees().items():
        if not folder.exists():
            sys.exit(f"{folder} is missing; run: swift package resolve")
        places[tree] = prepared(tree, folder, home)
        model = ["--model", arguments.model] if arguments.model else []
        run("sync", places[tree], *model, check=True, stdout=subprocess.DEVNULL)

    name = "questions-held-out.json" if arguments.held_out else "questions.json"
    questions = json.loads((here / name).read_text())
    if isinstance(questions, dict):
        questions = questions["questions"]
    ways = {"lexical": ["--lexical"], "semantic": ["--semantic"], "hybrid": ["--hybrid"]}
    if arguments.rerank:
        ways["reranked"] = ["--hybrid", "--rerank"]
    scores = {way: {} for way in ways}
    for question in questions:
        line = []
        for way, options in ways.items():
            answer = run("find", question["question"], places[question["tree"]], "--json", "-k", str(depth), *options,
                         stdout=subprocess.PIPE)
            results = json.loads(answer.stdout)["results"] if answer.stdout else []
            scores[way].setdefault(question["tree"], []).append(score(results, question["answers"]))
            line.append(f"{scores[way][question['tree']][-1][0]:5.2f}")
        if arguments.verbose:
            print(*line, question["id"], question["question"], sep="  ", file=sys.stderr)
    run("stop", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def mean(values):
        return [sum(column) / len(values) for column in zip(*values)]

    table = {
        way: {**{tree: mean(values) for tree, values in by_tree.items()},
              "all": mean([value for values in by_tree.values() for value in values])}
        for way, by_tree in scores.items()
    }
    if arguments.json:
        return print(json.dumps({"questions": len(questions), "scores": table}))
    columns = [*places, "all"]
    print(f"{len(questions)} questions, {name}; nDCG@10 by tree, and over all of them recall@10 and MRR@10")
    print(f"{'':10}" + "".join(f"{column:>12}" for column in columns) + f"{'recall':>12}{'MRR':>12}")
    for way, row in table.items():
        cells = [row[column][0] for column in columns] + row["all"][1:]
        print(f"{way:10}" + "".join(f"{cell:12.3f}" for cell in cells))


main()
