"""Texts of gold pages as lines of JSON for quality_parity.py: `[gold:SET, ISO 639-3, text, SET/ID]`.

    python gold_texts.py GOLD PRED SET[,SET] --kilim PATH > GOLD.jsonl

PRED/SET.kilim.json is what `extract-gold` wrote: the texts of our extractor, since filters see those and not what a person would
have marked. The language is what engine `ngram` says of the text: two sets have no labels, and one calls 21 pages English
that are Portuguese, Russian, Korean and others.
"""

import argparse
import json
import pathlib
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=pathlib.Path)
    parser.add_argument("pred", type=pathlib.Path)
    parser.add_argument("sets")
    parser.add_argument("--kilim", default="kilim")
    arguments = parser.parse_args()
    for name in arguments.sets.split(","):
        with open(arguments.gold / name / "gold.jsonl", encoding="utf-8") as lines:
            gold = [json.loads(line) for line in lines]
        texts = json.loads((arguments.pred / f"{name}.kilim.json").read_text(encoding="utf-8"))
        lines = "".join(texts[page["id"]].replace("\n", " ") + "\n" for page in gold)
        command = [arguments.kilim, "langid", "guess"]
        guessed = subprocess.run(command, input=lines, capture_output=True, check=True, text=True).stdout.splitlines()
        for page, guess in zip(gold, guessed, strict=True):
            row = [f"gold:{name}", guess.split("_")[0], texts[page["id"]], f"{name}/{page['id']}"]
            print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
