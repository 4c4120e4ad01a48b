#!/usr/bin/env python3
"""Takes the main text of gold pages with Trafilatura and Resiliparse, and says what it cost.

    taskset -c 1 PEERS/bin/python benches/peers/extract.py GOLD PRED SET[,SET] [--tools trafilatura,trafilatura_fast,resiliparse]

GOLD holds one folder a set, with `html/ID.html.gz`. For each set and tool, PRED gets `SET.TOOL.json` = {id: text} and
`SET.TOOL.time` = CPU seconds, pages, bytes: the files that `extract-gold` writes for Kilim, and that the scorer reads.

Pages are unpacked before the clock starts. Each tool gets the bytes and decodes them its own way, inside the clock, as
Kilim does. Comments of readers are left out, tables kept: what Kilim's texts are meant to be.

    pip install trafilatura==2.3.1 lxml_html_clean Resiliparse==2.0.1
"""

import argparse
import gzip
import json
import pathlib
import sys
import time


def trafilatura(fast):
    from trafilatura import extract

    return lambda html: extract(html, include_comments=False, include_tables=True, fast=fast) or ""


def resiliparse():
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    def extract(html):
        return extract_plain_text(bytes_to_str(html, detect_encoding(html)), main_content=True)

    return extract


TOOLS = {
    "trafilatura": lambda: trafilatura(fast=False),
    "trafilatura_fast": lambda: trafilatura(fast=True),
    "resiliparse": resiliparse,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gold", type=pathlib.Path)
    parser.add_argument("pred", type=pathlib.Path)
    parser.add_argument("sets")
    parser.add_argument("--tools", default=",".join(TOOLS))
    args = parser.parse_args()
    args.pred.mkdir(parents=True, exist_ok=True)
    for tool in args.tools.split(","):
        try:
            extract = TOOLS[tool]()
        except ImportError as error:
            print(f"{tool}: left out: {error}", file=sys.stderr)
            continue
        for name in args.sets.split(","):
            files = sorted((args.gold / name / "html").glob("*.html.gz"))
            pages = {file.name.removesuffix(".html.gz"): gzip.decompress(file.read_bytes()) for file in files}
            texts = {}
            started = time.process_time()
            for page, html in pages.items():
                try:
                    texts[page] = extract(html)
                except Exception as error:  # a page that breaks a peer is a page without text
                    print(f"{tool}: {name}/{page}: {error}", file=sys.stderr)
                    texts[page] = ""
            cost = {
                "cpu_s": time.process_time() - started,
                "pages": len(pages),
                "bytes": sum(len(html) for html in pages.values()),
            }
            (args.pred / f"{name}.{tool}.json").write_text(json.dumps(texts, ensure_ascii=False))
            (args.pred / f"{name}.{tool}.time").write_text(json.dumps(cost))
            print(f"{name} {tool}: {cost['pages'] / cost['cpu_s']:.0f} pages/s", file=sys.stderr)


if __name__ == "__main__":
    main()
