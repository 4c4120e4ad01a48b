#!/usr/bin/env python3
"""A web mix for speed: documents of 2.1 KB, 45 % English, the other languages by Zipf's law; and the same as lines.

    python langid/accuracy/make_mix.py flores.tsv docs.tsv lines.tsv
"""

import collections
import pathlib
import random
import sys

DOCUMENTS = 3000
BYTES = 2100
ENGLISH = 0.45
# Languages of the web by rank, roughly as Common Crawl's statistics of CC-MAIN-2024 have them.
RANKS = (
    "rus deu jpn zho fra spa ita nld pol por vie tur ces ind fas ara kor ell swe ukr hun ron dan fin tha slk bul nob heb "
    "cat hrv lit slv srp est lav hin ben tam urd tel mal swa amh hau yor som kat hye kaz uzb mya khm lao sin"
).split()

lines = collections.defaultdict(list)
for line in pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").split("\n"):
    if "\t" in line:
        label, text = line.split("\t", 1)
        lines[label.split("_")[0]].append((label, text))
rng = random.Random(42)
ranks = [code for code in RANKS if code in lines]
weights = [1 / (rank + 2) for rank in range(len(ranks))]
documents, singles = [], []
for _ in range(DOCUMENTS):
    code = "eng" if rng.random() < ENGLISH else rng.choices(ranks, weights)[0]
    label, text = rng.choice(lines[code])
    while len(text.encode()) < BYTES:
        more = rng.choice(lines[code])[1]
        singles.append(f"{label}\t{more}\n")
        text += " " + more
    documents.append(f"{label}\t{text}\n")
pathlib.Path(sys.argv[2]).write_text("".join(documents), encoding="utf-8")
pathlib.Path(sys.argv[3]).write_text("".join(singles), encoding="utf-8")
