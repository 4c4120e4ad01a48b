"""Makes records.zdict: a zstd dictionary trained on records of ours, with an id, as WARC-zstd wants it.

    python3 -m venv venv && venv/bin/pip install zstandard==0.25.0
    venv/bin/python connectors/tests/data/make_dictionary.py
"""

import pathlib
import random

import zstandard

WORDS = "habari za asubuhi नमस्ते दुनिया வணக்கம் உலகம் ሰላም ለዓለም Γειά σου κόσμε مرحبا بالعالم สวัสดีชาวโลก 你好 世界".split()


def record(number: int, choose: random.Random) -> bytes:
    text = " ".join(choose.choice(WORDS) for _ in range(40))
    block = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>{text}</p>".encode()
    head = (
        "WARC/1.1\r\nWARC-Type: response\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012x}>\r\n"
        "WARC-Date: 2026-01-01T00:00:00Z\r\n"
        f"WARC-Target-URI: https://mfano{number}.co.ke/\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


choose = random.Random(1)
samples = [record(number, choose) for number in range(500)]
dictionary = zstandard.train_dictionary(2048, samples, dict_id=20260101)
pathlib.Path(__file__).with_name("records.zdict").write_bytes(dictionary.as_bytes())
