"""Why a rule says one thing by datatrove's tokens and another by ours: a table with one row for each page and rule.

Where the two ways of cutting a text part, there is a place: the tokens of both between two tokens that both have. Each place is of
one of the KINDS, told by its text alone. The cause of a difference is then tried, not guessed: our tokens are taken, those of the
places of one kind are replaced by datatrove's, and the text is measured again. The cause is the smallest set of kinds with which the
rule says what it says by all of datatrove's tokens; of equally small ones the first in the order below.
"""

import csv
import itertools
import re
import unicodedata

# What a place is, the first that fits.
KINDS = {
    "unspaced": "scripts without spaces, which ours cuts by a dictionary",
    "clitic": "'s, n't, cannot, id: spaCy cuts them off, ours are one word",
    "note": "[12] of a note: one token of ours",
    "address": "a web or mail address, a path, the name of a file or host",
    "number": "a number with its sign, unit or currency",
    "stop": "a full stop that belongs to the word for one of both",
    "dash": "dashes and hyphens, alone or within words",
    "code": "signs within code or markup",
    "signs": "rows of signs, and faces made of them",
    "mark": "a sign of another script, or a mark upon one",
    "word": "words glued or cut in another way",
}
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
CLITIC = re.compile(r"['’‘`´]|^(can|gon|got|wan|gim|lem|what|i|he|she|it|we|you|they|do|does|is|wo|ca|y)\w*$", re.IGNORECASE)
ADDRESS = re.compile(r"://|www\.|@|\w/\w|\w\.[a-z]{2,}\b|/$|^[/\\~]", re.IGNORECASE)
FEW = 4


def kind_of(place):
    """The kind of a place by its text."""
    if UNSPACED.search(place):
        return "unspaced"
    if CLITIC.search(place) and any(c.isalpha() for c in place) and not re.search(r"[<>{}=;_]", place):
        return "clitic"
    if re.search(r"\[\d+\]", place):
        return "note"
    if ADDRESS.search(place) and not re.search(r"[<>{}=;]", place):
        return "address"
    letters = any(c.isalpha() for c in place)
    if any(c.isdigit() for c in place) and not re.search(r"[<>{}=_;]", place):
        return "number"
    if letters and re.fullmatch(r"[\w.]+", place) and "." in place:
        return "stop"
    if re.search(r"[-‐‑‒–—―]", place) and not re.search(r"[<>{}=_;()\[\]]", place):
        return "dash"
    if not place.isascii() and any(unicodedata.category(c)[0] in "MS" for c in place):
        return "mark"
    if letters and re.search(r"[^\w\s]", place):
        return "code"
    return "word" if letters else "signs"


def places(own, given):
    """Where both cut in another way: tokens of ours and of theirs, between tokens that both have."""
    shared = set(own) & set(given)
    cuts, found = sorted(shared), []
    at, other = 0, 0
    for cut in [*cuts, (float("inf"), 0)]:
        mine, theirs = [], []
        while at < len(own) and own[at] < cut:
            mine.append(own[at])
            at += 1
        while other < len(given) and given[other] < cut:
            theirs.append(given[other])
            other += 1
        if mine or theirs:
            found.append((mine, theirs))
        at, other = at + 1, other + 1
    return found


def replaced(own, parted, kinds):
    """Our tokens, with datatrove's in the places of some kinds."""
    gone = {token for kind, mine, _ in parted if kind in kinds for token in mine}
    come = [token for kind, _, theirs in parted if kind in kinds for token in theirs]
    return sorted([token for token in own if token not in gone] + come)


def explain(run, inputs, ids, reasons, rules_of, path):
    """Writes the table to `path`; gives how many rows each cause has. `run` puts inputs to the driver."""
    explained = run(inputs, "--explain")
    for told, theirs in zip(explained, reasons, strict=True):
        # The sets that datatrove has no filter for are not compared.
        told["rules"] = [rule for rule in told["rules"] if rule["set"] in theirs]
    rows, trials = [], []
    for index, (text, told) in enumerate(zip(inputs, explained, strict=True)):
        if not told["rules"]:
            continue
        own, given = ([tuple(token) for token in tokens] for tokens in (told["tokens"], text["tokens"]))
        content = text["text"].encode()
        parted = []
        for mine, theirs in places(own, given):
            ends = [end for tokens in (mine, theirs) for token in tokens for end in token]
            parted.append((kind_of(content[min(ends):max(ends)].decode()), mine, theirs))
        kinds = [kind for kind in KINDS if any(kind == place[0] for place in parted)]
        sets = [chosen for size in range(FEW) for chosen in itertools.combinations(kinds, size)]
        # Many kinds together: all but a few are needless to tell apart.
        sets.append(tuple(kinds))
        trials.extend((index, chosen, {**text, "tokens": replaced(own, parted, chosen)}) for chosen in sets)
    failed = {}
    for (index, chosen, _), result in zip(trials, run([trial[2] for trial in trials]), strict=True):
        failed.setdefault(index, []).append((chosen, result["given"]))
    for index, told in enumerate(explained):
        for rule in told["rules"]:
            theirs = rule["rule"] in failed[index][-1][1][rule["set"]]
            # Our own tokens, handed in, must say what they say when they are cut: else the way in is at fault.
            assert (rule["rule"] in failed[index][0][1][rule["set"]]) != theirs, (ids[index], rule)
            cause = next(chosen for chosen, sets in failed[index] if (rule["rule"] in sets[rule["set"]]) == theirs)
            kept = reasons[index][rule["set"]] is None
            verdict = "same" if kept == (not rules_of[index]["own"][rule["set"]]) else "differs"
            rows.append([ids[index], rule["set"], rule["rule"], f"{rule['own']:.6g}", f"{rule['given']:.6g}", verdict, "+".join(cause)])
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["page", "filter", "rule", "by_our_tokens", "by_datatrove_tokens", "verdict", "cause"])
        table.writerows(sorted(rows))
    return rows
