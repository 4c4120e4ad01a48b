#!/usr/bin/env python3
"""Asks C++ fastText about models and lines, for the tests that compare its answers with Kilim's.

    python3 -m venv ft && ft/bin/pip install fasttext-numpy2-wheel==0.9.2 zstandard
    ft/bin/python langid/tests/fasttext_parity.py golden               # rewrites langid/tests/fasttext/
    ft/bin/python langid/tests/fasttext_parity.py full OUT LID [MODEL]  # models and 50,000 lines into the folder OUT

`golden` trains small models on tests/fasttext/sentences.tsv. `full` trains on LID/train and asks about LID/dev, both
`*.tsv.zst` of `label TAB sentence`; MODEL is any further model, such as lid.176.ftz. Both write `lines.txt`, one escaped
line of text a row, and for each model `NAME.ftz` or `.bin` with `NAME.tsv`: for each of the lines the three best labels
with their probabilities, tab-separated. Training is single-threaded with fastText's fixed seed: the same wheel gives the
same files again. tests/fasttext/README.md has the commands of the comparison and the figures seen.
"""

import argparse
import os
import pathlib
import random
import sys
import tempfile

# With one thread, fastText 0.9 gives random values to the first tenth of the input matrix and leaves the rest as malloc
# gave it (`DenseMatrix::uniformThread`). glibc is told to give zeros: it fills new memory with the complement of this.
if os.environ.get("MALLOC_PERTURB_") != "255":
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "MALLOC_PERTURB_": "255"})

import fasttext

HERE = pathlib.Path(__file__).parent / "fasttext"
TOP = 3
ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\f": "\\f", "\0": "\\0"}

# What a reader of lines may stumble over. No line feeds: fastText's `predict` takes one line.
EDGES = [
    "",
    " ",
    "\0",
    " \t\v\f\r\0 ",
    "a",
    "ሀ",
    "𐎀 𐎁𐎂",
    "12 345 --- !!!",
    "Watoto\0wanasoma\0vitabu",
    "Watoto\vwanasoma\fvitabu\rshuleni\tkila siku",
    "Watoto\u00a0wanasoma\u3000vitabu\u2028shuleni\u0085kila siku",
    "</s>",
    "</s> Watoto wanasoma vitabu",
    "Watoto wanasoma </s> Τα παιδιά διαβάζουν βιβλία",
    "Watoto</s>wanasoma <s> </s",
    "__label__swa __label__nowhere Τα παιδιά",
    "__label__ell",
    "__label__",
    "__label__nowhere",
    "lang:ell Watoto wanasoma",
    "< > <> ><",
    "e\u0301\u0301\u0301 \u0301 \u0301\u0301",
    "x" * 4000,
    "አበ" * 900,
    "Watoto wanasoma vitabu shuleni kila siku asubuhi " * 60,
    "孩子们每天早上在学校读书" * 100,
    "ж" * 31 + " " + "ж" * 32 + " " + "ж" * 33 + " " + "w" * 30 + " " + "w" * 31 + " " + "w" * 32 + " " + "w" * 33,
    "Watoto watoto WATOTO watoto Watoto Watoto Watoto",
    "mama MAMA wanapika; mama anapika, baba analima - шалаш",
    "\ufeffWatoto \U0001f642 wanasoma \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0010ffff \u007f \u0080 \u0001",
]


def escape(line):
    return "".join(ESCAPES.get(char, char) for char in line)


def models(few, many, dim, cutoff, folder, options):
    """Every kind of a model, by name. `many` are examples with 256 labels at least: fewer outputs cannot be quantised."""

    def fresh(examples, prefix="__label__", **changes):
        path = pathlib.Path(folder) / "train.txt"
        rows = "".join(f"{prefix}{label} {sentence}\n" for label, sentence in examples)
        path.write_text(rows, encoding="utf-8", newline="")
        settings = {**options, "dim": dim, "thread": 1, "verbose": 0, **changes}
        return fasttext.train_supervised(str(path), label=prefix, **settings), str(path)

    def prune(model, path, qout=False):
        model.quantize(input=path, cutoff=cutoff, qnorm=True, qout=qout, retrain=True, epoch=1, verbose=0)

    # hs: hierarchical softmax; ova: one against all; ns: negative sampling.
    for loss in ("softmax", "hs", "ova", "ns"):
        model, path = fresh(few, loss=loss)
        yield f"{loss}-float.bin", model
        model.quantize(verbose=0)
        yield f"{loss}-quantised.ftz", model
        model, path = fresh(few, loss=loss)
        prune(model, path)
        yield f"{loss}-pruned-qnorm.ftz", model
        model, path = fresh(many, loss=loss)
        model.quantize(qout=True, verbose=0)
        yield f"{loss}-qout.ftz", model
        model, path = fresh(many, loss=loss)
        prune(model, path, qout=True)
        yield f"{loss}-pruned-qnorm-qout.ftz", model

    words = {"minn": 0, "maxn": 0}
    yield "words-float.bin", fresh(few, wordNgrams=1, **words)[0]
    model, path = fresh(few, wordNgrams=2, **words)
    yield "bigrams-float.bin", model
    model.quantize(input=path, cutoff=cutoff, verbose=0)
    yield "bigrams-pruned.ftz", model
    model, path = fresh(few, loss="hs", wordNgrams=3)
    yield "trigrams-float.bin", model
    prune(model, path)
    yield "trigrams-pruned-qnorm.ftz", model
    # A prefix of labels is not stored in the model; parts of four numbers leave a shorter last one.
    model, _ = fresh(few, prefix="lang:", minn=1)
    model.quantize(dsub=4, verbose=0)
    yield "prefix-dsub4.ftz", model


def write_lines(folder, lines):
    rows = "".join(escape(line) + "\n" for line in lines)
    (folder / "lines.txt").write_text(rows, encoding="utf-8", newline="")


def answers(model, lines):
    """The model as loaded from its file, so that nothing is left of its training."""
    for line in lines:
        # The package's own `predict` adds the line feed too; below it, ties and empty lines are seen as they are.
        yield "\t".join(f"{label}\t{p:.7g}" for p, label in model.f.predict(line + "\n", TOP, 0.0, "strict")) + "\n"


def ask(model, out, lines):
    rows = "".join(answers(fasttext.load_model(str(model)), lines))
    out.write_text(rows, encoding="utf-8", newline="")
    print(f"{out.name}: {model.stat().st_size} bytes, {len(lines)} lines", flush=True)


def make(folder, lines, few, many, dim, cutoff, options):
    write_lines(folder, lines)
    with tempfile.TemporaryDirectory() as scratch:
        for name, model in models(few, many, dim, cutoff, scratch, options):
            path = folder / name
            model.save_model(str(path))
            ask(path, path.with_suffix(".tsv"), lines)


def golden():
    rows = (HERE / "sentences.tsv").read_text(encoding="utf-8").splitlines()
    few = [tuple(row.split("\t")) for row in rows]
    sentences = [sentence for _, sentence in few]
    words = " ".join(sentences).split()
    shuffle = random.Random(5)
    many = few + [(f"x{number}", " ".join(shuffle.sample(words, 4))) for number in range(250)]
    mixed = [" ".join(shuffle.sample(words, shuffle.randint(1, 20))) for _ in range(15)]
    cut = [sentence[shuffle.randint(0, 9) : -shuffle.randint(1, 9)] for sentence in sentences[::3]]
    lines = EDGES + sentences + mixed + cut
    options = {"minn": 2, "maxn": 4, "bucket": 300, "epoch": 300, "lr": 0.5}
    make(HERE, lines, few, many, 6, 290, options)


def read(paths):
    import zstandard

    for path in sorted(paths):
        with zstandard.open(path, "rt", encoding="utf-8", newline="\n") as rows:
            for row in rows:
                label, _, sentence = row.rstrip("\n").partition("\t")
                yield label, sentence


def sample(rows, count):
    rows = list(rows)
    random.Random(42).shuffle(rows)
    return rows[:count]


def full(out, lid, further):
    out.mkdir(parents=True, exist_ok=True)
    lines = EDGES + [sentence for _, sentence in sample(read(lid.glob("dev/*.tsv.zst")), 50_000 - len(EDGES))]
    write_lines(out, lines)
    for model in further:
        copy = out / model.name
        copy.write_bytes(model.read_bytes())
        ask(copy, copy.with_suffix(".tsv"), lines)
    examples = sample(read(lid.glob("train/*.tsv.zst")), 40_000)
    options = {"minn": 2, "maxn": 4, "bucket": 50_000, "epoch": 3, "lr": 0.5}
    make(out, lines, examples, examples, 16, 40_000, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("golden")
    command = commands.add_parser("full")
    command.add_argument("out", type=pathlib.Path)
    command.add_argument("lid", type=pathlib.Path)
    command.add_argument("further", type=pathlib.Path, nargs="*")
    arguments = parser.parse_args()
    if arguments.command == "golden":
        golden()
    else:
        full(arguments.out, arguments.lid, arguments.further)


if __name__ == "__main__":
    main()
