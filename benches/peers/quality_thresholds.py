"""What of clean text is lost, language by language: fitted thresholds, our neutral rules, and datatrove's defaults.

    python quality_thresholds.py HTML --kilim target/release/kilim --train TRAIN --out FOLDER [--datatrove]

HTML is the unpacked folder of pages with `synth_udhr/gold.jsonl` and `synth_oldi_seed/gold.jsonl`: the exact main text of pages
made of the Universal Declaration of Human Rights, and of the articles of OLDI Seed. TRAIN holds labelled sentences that are in
neither. FOLDER gets `fitted.csv`, the thresholds; `medians.csv`; `report.csv`, what `kilim fit-thresholds` says of all that was
held back; and `clean_text.csv`, the comparison on held-back passages of the pages.

A document is a passage: whole lines of a page until they have 120 words. A page of the Declaration has four or five, and most
languages have one page of it, of which every other passage is held back; of the twelve pages in a language of OLDI Seed, six are
held back whole. A text is lost if any rule takes it. Ours are the sets gopher_quality, gopher_repetition, fineweb, fineweb2 and
dclm; datatrove's `gopher` is GopherQualityFilter and GopherRepetitionFilter, `all` has C4QualityFilter and FineWebQualityFilter
too, each with its defaults, which are for English, and spaCy's English tokens.
"""

import argparse
import collections
import csv
import json
import pathlib
import subprocess

PAGES = {"udhr": "synth_udhr", "oldi": "synth_oldi_seed"}
# Of the training text of the language model without what holds the same sentences as the pages (seed, udhr), and without
# interface strings (wmi18n), which are no prose.
SENTENCES = ("asp", "bible", "cv", "d43_obs", "pb", "tatoeba")


def write_documents(html, folder):
    """One file of JSON lines a source. Pages that nobody has named a language for are left out."""
    files = []
    for source, name in PAGES.items():
        path = folder / f"{source}.jsonl"
        with open(html / name / "gold.jsonl") as pages, open(path, "w") as out:
            for page in map(json.loads, pages):
                if page["iso639_3"] != "und":
                    lang = f"{page['iso639_3']}_{page['script']}"
                    out.write(json.dumps({"lang": lang, "text": page["text"]}, ensure_ascii=False) + "\n")
        files.append(path)
    return files


def kilim(binary, command, inputs, table, *more):
    with open(table, "w") as out:
        subprocess.run([binary, *command, *inputs, "--passage-words", "120", *more], stdout=out, check=True)


def datatrove_losses(held_back):
    """Passages that datatrove loses, by language: `gopher` and `all`."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import (
        C4QualityFilter,
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
    )

    gopher = [GopherQualityFilter(), GopherRepetitionFilter()]
    others = [C4QualityFilter(), FineWebQualityFilter()]

    def keeps(each, text):
        result = each.filter(Document(text=text, id=""))
        return result[0] if isinstance(result, tuple) else result

    losses = collections.defaultdict(collections.Counter)
    for passage in held_back:
        kept = all(keeps(each, passage["text"]) for each in gopher)
        losses[passage["lang"]]["gopher"] += not kept
        losses[passage["lang"]]["all"] += not (kept and all(keeps(each, passage["text"]) for each in others))
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("html", type=pathlib.Path)
    parser.add_argument("--kilim", required=True)
    parser.add_argument("--train", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--datatrove", action="store_true", help="datatrove's defaults too")
    arguments = parser.parse_args()
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)

    inputs = write_documents(arguments.html, out)
    inputs += [arguments.train / f"{name}.tsv.zst" for name in SENTENCES]
    kilim(arguments.kilim, ["fit-thresholds"], inputs, out / "fitted.csv",
          "--report", out / "report.csv", "--held-back", out / "held_back.jsonl")
    kilim(arguments.kilim, ["quality", "medians"], inputs, out / "medians.csv", "--report", out / "scores.csv")

    rules = ("fitted", "neutral", "english")
    lost, documents = collections.defaultdict(collections.Counter), collections.Counter()
    rows = {}
    with open(out / "report.csv") as file:
        for line in csv.DictReader(file):
            rows[line["language"]] = int(line["rows"])
            if line["source"] in PAGES:
                count = int(line["held_back_documents"])
                documents[line["language"]] += count
                for name in rules:
                    lost[line["language"]][name] += count * float(line[f"lost_{name}"])
    with open(out / "held_back.jsonl") as file:
        held_back = [passage for passage in map(json.loads, file) if passage["source"] in PAGES]
    theirs = datatrove_losses(held_back) if arguments.datatrove else {}

    columns = [*rules, *(("datatrove_gopher", "datatrove_all") if theirs else ())]
    table = []
    for language in sorted(documents):
        count = documents[language]
        if not count:
            continue
        shares = {name: lost[language][name] / count for name in rules}
        for name in ("gopher", "all") if theirs else ():
            shares[f"datatrove_{name}"] = theirs[language][name] / count
        table.append((language, rows[language], count, shares))
    with open(out / "clean_text.csv", "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["language", "rows", "passages", *(f"lost_{name}" for name in columns)])
        writer.writerows([language, own, count, *(f"{shares[name]:.3f}" for name in columns)]
                         for language, own, count, shares in table)

    for what, chosen in (("with rows", [each for each in table if each[1]]), ("without", [each for each in table if not each[1]])):
        print(f"{len(chosen)} languages {what}, {sum(each[2] for each in chosen)} passages held back")
        for name in columns:
            shares = sorted((each[3][name], each[0]) for each in chosen)
            total = sum(each[3][name] * each[2] for each in chosen) / max(1, sum(each[2] for each in chosen))
            many = [language for share, language in shares if share > 0.4]
            worst = ", ".join(f"{language} {100 * share:.0f} %" for share, language in shares[::-1][:5])
            print(f"  {name}: {100 * total:.1f} % of the passages; above 40 %: {len(many)} languages; most: {worst}")


if __name__ == "__main__":
    main()
