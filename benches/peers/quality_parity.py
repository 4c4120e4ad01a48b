"""The quality filters of datatrove and ours on the same English texts: verdicts, and CPU seconds.

datatrove's GopherQualityFilter, GopherRepetitionFilter, C4QualityFilter and FineWebQualityFilter run with their defaults
and the tokenizer they use for English, spaCy's. Ours (`quality-signals` of kilim-benches) runs twice: on datatrove's tokens, where every
verdict must be the same, and on its own. Texts are lines of JSON, `[group, ISO 639-3, text]`.

    python quality_parity.py TEXTS.jsonl --driver target/release/quality-signals --rules configs/rules [--cpu 1] [--repeat 3]

A verdict is one of: kept, or failed. Where both fail, the one reason that datatrove gives must be among ours. The
differences are printed with both sides' reasons. Datatrove's time is that of the four filters one after the other on one
document, so that its cache of tokens serves them as in a pipeline; loading spaCy is not in it, reading JSON in neither.

`--table` writes every rule of these filters that a page fails by one way of cutting it and not by the other, with its cause
(quality_causes.py); no word of a page is in it. The exit code is 1 if a verdict differs on datatrove's tokens, or less than
97 % are the same on ours.
"""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.utils.text import split_into_parts, split_into_words
from datatrove.utils.word_tokenizers import load_word_tokenizer

import quality_causes

FILTERS = {
    "gopher_quality": GopherQualityFilter,
    "gopher_repetition": GopherRepetitionFilter,
    "c4": C4QualityFilter,
    "fineweb": FineWebQualityFilter,
}

# Of a filter's verdicts, those that must be the same on our own tokens.
WANTED = 0.97

# datatrove's reasons, and the rules that say the same.
RULES = {
    "gopher_short_doc": "gopher_few_words",
    "gopher_long_doc": "gopher_many_words",
    "gopher_below_avg_threshold": "gopher_short_words",
    "gopher_above_avg_threshold": "gopher_long_words",
    "gopher_too_many_hashes": "gopher_hashes",
    "gopher_too_many_ellipsis": "gopher_ellipses",
    "gopher_too_many_bullets": "gopher_bullet_lines",
    "gopher_too_many_end_ellipsis": "gopher_ellipsis_lines",
    "gopher_below_alpha_threshold": "gopher_few_letters",
    "gopher_enough_stop_words": "gopher_few_stop_words",
    "dup_para_frac": "gopher_duplicate_paragraphs",
    "dup_para_char_frac": "gopher_duplicate_paragraph_chars",
    "dup_line_frac": "gopher_duplicate_lines",
    "dup_line_char_frac": "gopher_duplicate_line_chars",
    **{f"top_{n}_gram": f"gopher_top_{n}_gram" for n in (2, 3, 4)},
    **{f"duplicated_{n}_n_grams": f"gopher_duplicate_{n}_grams" for n in range(5, 11)},
    "lorem_ipsum": "c4_lorem_ipsum",
    "curly_bracket": "c4_curly_bracket",
    "too_few_sentences": "c4_few_sentences",
    "line_punct_ratio": "fineweb_few_ended_lines",
    "short_line_ratio": "fineweb_short_lines",
    "char_dup_ratio": "fineweb_duplicate_line_chars",
    "list_ratio": "fineweb_many_newlines",
}


def judge(filters, text):
    """Reasons of all filters, `None` where one keeps the text. C4 changes its document: each gets one of its own."""
    reasons = {}
    for name, each in filters.items():
        result = each.filter(Document(text=text, id=""))
        kept, reason = result if isinstance(result, tuple) else (result, None)
        reasons[name] = None if kept else reason or "no reason"
    return reasons


def tokens_of(text):
    """datatrove's tokens as ranges of bytes, from spaCy's places of them."""
    tokenizer = load_word_tokenizer("en")
    ranges, words = [], []
    with tokenizer.tokenizer.memory_zone():
        for chunk in tokenizer._do_tokenize(text):
            for token in chunk:
                word = token.text.strip()
                if word:
                    start = token.idx + token.text.index(word)
                    ranges.append((start, start + len(word)))
                    words.append(word)
    assert words == split_into_words(text), "spaCy's tokens are not datatrove's"
    if text.isascii():
        return ranges
    places, at = [0] * (len(text) + 1), 0
    for index, char in enumerate(text):
        places[index] = at
        at += len(char.encode())
    places[len(text)] = at
    return [(places[start], places[end]) for start, end in ranges]


def run(driver, rules, lines, *more):
    command = [driver, rules, *more]
    with tempfile.TemporaryFile("w+") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        file.seek(0)
        done = subprocess.run(command, stdin=file, stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=pathlib.Path, nargs="+")
    parser.add_argument("--driver", required=True)
    parser.add_argument("--rules", required=True)
    parser.add_argument("--language", default="eng")
    parser.add_argument("--cpu", type=int)
    parser.add_argument("--repeat", type=int, default=3, help="0: no figures of time")
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("--show", type=int, default=40, help="differences to print, of each filter")
    arguments = parser.parse_args()
    if arguments.cpu is not None:
        os.sched_setaffinity(0, {arguments.cpu})

    pages = []
    for path in arguments.texts:
        with open(path, encoding="utf-8") as lines:
            pages.extend(map(json.loads, lines))
    pages = [page for page in pages if page[1] == arguments.language and page[2].strip()]
    texts = [text for _, _, text, _ in pages]
    print(f"{len(texts)} texts, {sum(len(text.encode()) for text in texts)} bytes")
    groups = collections.Counter("gold" if group.startswith("gold:") else "crawl" for group, _, _, _ in pages)
    print(", ".join(f"{count} of {group}" for group, count in sorted(groups.items())))

    filters = {name: make() for name, make in FILTERS.items()}
    judge(filters, texts[0])
    reasons = [judge(filters, text) for text in texts]
    inputs = [{"language": "eng_Latn", "text": text, "tokens": tokens_of(text)} for text in texts]
    ours = run(arguments.driver, arguments.rules, inputs)

    sound = True
    for tokens in ("given", "own"):
        print(f"\n{'datatrove' if tokens == 'given' else 'our'} tokens:")
        for name in FILTERS:
            differences, foreign, kinds = [], 0, collections.Counter()
            for index, (theirs, result) in enumerate(zip(reasons, ours, strict=True)):
                reason, failed = theirs[name], result[tokens][name]
                if (reason is None) != (not failed):
                    differences.append(index)
                    kinds[f"{reason} / {' '.join(failed) or 'kept'}"] += 1
                elif reason and RULES.get(reason) not in failed:
                    foreign += 1
                    kinds[f"reason {reason} / {' '.join(failed)}"] += 1
            kept = sum(theirs[name] is None for theirs in reasons)
            same = len(texts) - len(differences)
            parts = collections.Counter(pages[index][0] for index in differences)
            print(f"  {name}: {same} of {len(texts)} verdicts the same ({100 * same / len(texts):.2f} %), {kept} kept;"
                  f" {foreign} fail for another reason; differences by group: {dict(parts)}")
            for kind, count in kinds.most_common(arguments.show):
                print(f"    {count} x {kind}")
            sound &= same == len(texts) and not foreign if tokens == "given" else same / len(texts) >= WANTED
    if arguments.table:
        def driver(lines, *more):
            return run(arguments.driver, arguments.rules, lines, *more)
        rows = quality_causes.explain(driver, inputs, [page for _, _, _, page in pages], reasons, ours, arguments.table)
        for name in FILTERS:
            for verdict in ("differs", "same"):
                causes = collections.Counter(row[6] for row in rows if row[1] == name and row[5] == verdict)
                print(f"  causes in {name}, verdict {verdict}: {dict(causes.most_common())}")

    if arguments.repeat == 0:
        return 0 if sound else 1
    best = min(time_theirs(filters, texts) for _ in range(arguments.repeat))
    plain = [{"language": "eng_Latn", "text": text} for text in texts]
    timed = run(arguments.driver, arguments.rules, plain, "--time", str(arguments.repeat))
    own = min(each["cpu_s"] for each in timed)
    print(f"\nCPU seconds, best of {arguments.repeat}: datatrove {best:.2f} ({len(texts) / best:.0f} documents a second),"
          f" ours {own:.3f} ({len(texts) / own:.0f}), {best / own:.0f} times as fast")
    return 0 if sound else 1


def time_theirs(filters, texts):
    split_into_parts.cache_clear()
    started = time.process_time()
    for text in texts:
        judge(filters, text)
    return time.process_time() - started


if __name__ == "__main__":
    sys.exit(main())
