"""How often the language of a page of the benchmark crawl is the one that the crawl's own table gives it.

    kilim run -c benches/web40/corpus.yaml
    python benches/web40/agreement.py PAGES.tsv

PAGES.tsv is the table beside the crawl. Its labels are names of files and folders (`pt-br`, `zh_HANS-CN`, `bug_Latn`):
labels.csv says which of ours each stands for. Pages without text have no language, and are counted apart. The groups whose
text is training text of the model are marked with a star.
"""

import collections
import csv
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
TRAINED_ON = {"site_african_storybook", "synth_oldi_seed", "synth_udhr"}
QUERY = """SELECT warc_offset, lang, lang_confidence, outcome, char_length(text) AS chars FROM documents
           WHERE source = 'crawl' AND record_type = 'response' AND url IS NOT NULL"""


def ours(labels, label):
    """Our code for a label, `''` if it has none, None if the map does not know it."""
    return labels.get(label)


def main(pages):
    with open(HERE / "labels.csv", encoding="utf-8", newline="") as file:
        labels = {row["label"]: row["code"] for row in csv.DictReader(file)}
    command = [sys.argv[2] if len(sys.argv) > 2 else "kilim", "sql", "-c", HERE / "corpus.yaml", QUERY, "--format", "json"]
    rows = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    found = {row["warc_offset"]: row for row in rows}
    groups = collections.defaultdict(collections.Counter)
    pairs = collections.defaultdict(collections.Counter)
    unknown = set()
    with open(pages, encoding="utf-8", newline="") as file:
        for page in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            group, known, declared = page["source"].split("/")[0], page["lang_known"], page["lang_declared"]
            # What a page declares of itself is often a template's: such pages are another group.
            label, group = (known, group) if known else (declared, group + " (declared)")
            count = groups[group]
            if not label:
                count["unlabelled"] += 1
                continue
            if label not in labels:
                unknown.add(label)
                continue
            wanted = labels[label]
            if not wanted:
                count["no language of ours"] += 1
                continue
            row = found.get(int(page["offset"]), {})
            lang = row.get("lang")
            if not row.get("chars"):
                count["no text"] += 1
                continue
            lang = (lang or "none").split("_")[0]
            count["pages"] += 1
            if lang == wanted:
                count["agree"] += 1
            else:
                pairs[group][f"{wanted}>{lang}"] += 1
    if unknown:
        sys.exit(f"labels.csv does not know {sorted(unknown)}")
    sites = collections.Counter()
    for group, count in sorted(groups.items(), key=lambda item: -item[1]["pages"]):
        if count["pages"]:
            star = "*" if group.split(" ")[0] in TRAINED_ON else ""
            rest = ", ".join(f"{n} {what}" for what, n in count.items() if what not in ("pages", "agree"))
            print(f"{group + star:42} {count['agree']:5} of {count['pages']:5} {count['agree'] / count['pages']:7.1%}  {rest}")
            print("   ", "  ".join(f"{pair} {n}" for pair, n in pairs[group].most_common(14)))
        if group.startswith("site_") and "declared" not in group and group != "site_african_storybook":
            sites.update(count)
    print(f"\nsite_* but African Storybook: {sites['agree']} of {sites['pages']} = {sites['agree'] / sites['pages']:.2%}")


if __name__ == "__main__":
    main(sys.argv[1])
