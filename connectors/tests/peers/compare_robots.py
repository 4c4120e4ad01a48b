"""Asks Protego and Kilim's parser the same questions about robots.txt files, and says by which cause answers differ. See
README.md beside this file.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys
from urllib.parse import quote

from protego import Protego

# Agents that hardly any file names: they follow the group for everybody.
UNNAMED = ["KilimPeer", "CCBot", "GPTBot"]
RULE = re.compile(r"^\s*(?:dis+al+ow|allow)\s*:\s*([^#\s]+)", re.IGNORECASE)
AGENT = re.compile(r"^\s*user-?\s?agent\s*:?\s*([^#\r\n]+)", re.IGNORECASE)
TOKEN = re.compile(r"^[A-Za-z0-9_.-]+")


def questions(text: str) -> list[tuple[str, str]]:
    """Agents that the file names, and addresses that its rules are about."""
    lines = re.split(r"[\r\n]+", text)
    agents, paths = dict.fromkeys(UNNAMED), {"/": None}
    for line in lines:
        if (found := AGENT.match(line)) and (token := TOKEN.match(found[1].strip())):
            agents[token[0]] = None
        if found := RULE.match(line):
            path = found[1]
            plain = path.replace("*", "x").removesuffix("$")
            for variant in (plain, plain + "/y.html", plain[: len(plain) // 2], path.replace("*", "").removesuffix("$"), plain + "?q=1"):
                if variant.startswith("/"):
                    paths[variant] = None
    quoted = [quote(path, safe="/?&=%:;,+@!$'()*~#[]|^") for path in list(paths)[:400]]
    return [(agent, "https://example.org" + path) for agent in list(agents)[:60] for path in quoted]


def each_line(text: str, change) -> str:
    return "\n".join(change(line) for line in re.split(r"\r\n|[\r\n]", text))


def bare_tokens(text: str, agent: str) -> str:
    def change(line):
        found = AGENT.match(line)
        token = found and TOKEN.match(found[1].strip())
        return f"User-agent: {token[0]}" if token else line

    return each_line(text, change)


def known_lines(text: str, agent: str) -> str:
    return each_line(text, lambda line: line if AGENT.match(line) or re.match(r"\s*(dis+al+ow|allow|sitemap)", line, re.I) else "")


def whole_names(text: str, agent: str) -> str:
    def change(line):
        found = AGENT.match(line)
        token = found and TOKEN.match(found[1].strip())
        return "User-agent: somebody-else" if token and token[0].lower() != agent.lower() else line

    return each_line(text, change)


def folders(text: str, agent: str) -> str:
    return each_line(text, lambda line: re.sub(r"/index\.htm\w*\s*$", "/index.html", line))


# What the peer reads otherwise, and a change to the file after which it cannot matter.
CAUSES = [
    ("byte order mark", lambda text, agent: text.removeprefix("\ufeff")),
    ("agent line with more than a token", bare_tokens),
    ("another line between agents", known_lines),
    ("agent named by a part of its name", whole_names),
    ("index.htm is its folder", folders),
]


def cause(agent: str, url: str, text: str, ours: str) -> str:
    """The first of the known causes without which the peer answers as we do; all of them where no single one is enough."""
    if url.removeprefix("https://example.org").split("?")[0] == "/robots.txt":
        return "robots.txt itself"

    def agrees(changed: str) -> bool:
        return ("allow" if Protego.parse(changed).can_fetch(url, agent) else "disallow") == ours

    for name, change in CAUSES:
        if agrees(change(text, agent)):
            return name
    for _, change in CAUSES:
        text = change(text, agent)
    return "several of these" if agrees(text) else "unexplained"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("check", help="the built example robots_check")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--show", type=int, default=3, help="differences to show of each cause")
    args = parser.parse_args()

    asked, theirs, texts = [], [], {}
    for path in sorted(file for folder in args.folders for file in folder.iterdir() if file.is_file()):
        texts[path] = path.read_bytes().decode("utf-8", errors="replace")
        peer = Protego.parse(texts[path])
        for agent, url in questions(texts[path]):
            asked.append((path, agent, url))
            theirs.append("allow" if peer.can_fetch(url, agent) else "disallow")
    lines = "".join(f"{path}\t{agent}\t{url}\n" for path, agent, url in asked)
    done = subprocess.run([args.check], input=lines, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{args.check}: {done.stderr}")
    ours = done.stdout.split()
    assert len(ours) == len(asked)

    different = collections.defaultdict(list)
    for (path, agent, url), they, we in zip(asked, theirs, ours):
        if they != we:
            different[cause(agent, url, texts[path], we)].append((path.name, agent, url, they, we))
    total = sum(map(len, different.values()))
    print(f"{len(texts)} files, {len(asked)} questions, {total} answers differ")
    for name, found in sorted(different.items(), key=lambda item: -len(item[1])):
        files = sorted({path for path, *_ in found})
        stricter = sum(we == "disallow" for *_, we in found)
        print(f"{name}\t{len(found)} in {len(files)} files\twe are stricter in {stricter}")
        for example in found[: args.show]:
            print("   ", *example)


if __name__ == "__main__":
    main()
