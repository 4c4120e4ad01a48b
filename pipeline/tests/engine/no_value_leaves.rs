//! No value of personal data is in anything that a run writes or says, where all nodes mask; only the rows of stage 1, which
//! are the documents themselves, have it, and the facts of stage 3, which rank copies by their addresses.

use std::collections::BTreeMap;
use std::io::Read as _;

use kilim_connectors::warc::RecordBuilder;

use crate::corpus::{Corpus, Said, files};
use crate::pages::{FETCHED, answer, text, warc};

/// One of each kind, and of some kinds more; all invented, or the examples of those who give them out.
const VALUES: [&str; 11] = [
    "wanjiku.kamau@posta-ya-habari.co.ke",
    "सुनीता@डाकघर.भारत",
    "+254 712 345 678",
    "0722 001 122",
    "९८७६५ ००११२",
    "41.90.64.12",
    "2a02:8109:b40:2cf0::7a2b",
    "DE89 3704 0044 0532 0130 00",
    "4111 1111 1111 1111",
    "2345 6789 0124",
    "RSSMRA85T10A562S",
];

/// Ways in which web addresses write some of them.
const WRITTEN_OTHERWISE: [&str; 4] =
    ["wanjiku.kamau%40posta-ya-habari.co.ke", "0722001122", "254712345678", "41.90.64.13"];

/// Hindi pages on Kenyan hosts. Values stand in text, title, address, author, around a licence, in a refused page and in one
/// that no node may have; a host is an address of a machine.
fn corpus() -> Corpus {
    let mut corpus = Corpus::new();
    corpus.filters = "  - detect_pii: {}\n  - measure_quality: {}\n  \
                      - filter_quality: { rules: [own.csv] }\n";
    corpus.file("own.csv", b"language,rule,signal,op,value,source\n*,few_words,words,<,60,ours\n");
    let masks = ["ke", "eu"].map(|name| (name, format!("{}, pii: mask", corpus.nodes[name])));
    corpus.nodes.extend(masks);
    // A shard of lines beside those of Parquet.
    corpus.node("in", "IN", "[IN, KE]");
    let fields = corpus.nodes["in"].replace("shards: {", "pii: mask, shards: { format: jsonl.zst,");
    corpus.nodes.insert("in", fields);
    ", country: KE".clone_into(&mut corpus.source);
    let all = format!(
        "ई-मेल {}, {}। फ़ोन {}, {}, {}। IP {} {}; IBAN {}; card {}; आधार {}; {}।",
        VALUES[0],
        VALUES[1],
        VALUES[2],
        VALUES[3],
        VALUES[4],
        VALUES[5],
        VALUES[6],
        VALUES[7],
        VALUES[8],
        VALUES[9],
        VALUES[10]
    );
    let page = |number: usize, body: &str| {
        let head = format!(
            "<title>{} {} खबर</title><meta name=author content=\"{}\"><link rel=license \
             href=\"https://creativecommons.org/licenses/by/4.0/\">",
            VALUES[0], VALUES[2], VALUES[0]
        );
        let licence = format!(
            "<footer>{} <a rel=license href=\"https://creativecommons.org/licenses/by/4.0/\">CC BY</a> {}</footer>",
            VALUES[0], VALUES[3]
        );
        format!(
            "<!DOCTYPE html><html><head>{head}</head><body><article><h1>{}</h1><p>{body}</p><p>{}</p></article>{licence}</body></html>",
            VALUES[1],
            text("hin", number)
        )
    };
    let record = |url: &str, html: &str| RecordBuilder::response(url, FETCHED, &answer(html));
    let long = format!("{} {all}", text("hin", 1));
    let records = [
        record(&format!("https://habari.co.ke/watu/{}", VALUES[0]), &page(1, &long)),
        record(
            &format!("https://habari.co.ke/?to={}&tel={}", WRITTEN_OTHERWISE[0], WRITTEN_OTHERWISE[1]),
            &page(2, &long),
        ),
        // Nothing says there that a number is dialled in Kenya.
        record(&format!("http://{}/a", WRITTEN_OTHERWISE[3]), &page(3, &long).replace(VALUES[3], "")),
        record(&format!("https://wa.habari.co.ke/?phone={}", WRITTEN_OTHERWISE[2]), &page(4, &long)),
        // The same text again, at another address: a duplicate.
        record(&format!("https://habari.co.ke/tena/{}", VALUES[0]), &page(1, &long)),
        // Too short for the rule.
        record(
            &format!("https://habari.co.ke/fupi/{}", VALUES[0]),
            &format!("<title>{}</title><p>{all}</p>", VALUES[0]),
        ),
        // A record without a sound date or body.
        record(&format!("https://habari.co.ke/tupu/{}", VALUES[0]), ""),
    ];
    corpus.warc("a.warc.gz", &warc(&records));
    // Nobody may have this one.
    let foreign = [record(&format!("https://nachrichten.us/{}", VALUES[0]), &page(5, &long))];
    corpus.warc("b.warc.gz", &warc(&foreign));
    corpus
}

/// The bytes of a file as they are and unpacked.
fn unpacked(path: &std::path::Path) -> Vec<u8> {
    let bytes = std::fs::read(path).expect("an output can be read");
    if path.extension().is_some_and(|ending| ending == "zst") {
        let mut plain = Vec::new();
        zstd::Decoder::new(&bytes[..])
            .and_then(|mut lines| lines.read_to_end(&mut plain))
            .expect("it is zstd");
        return plain;
    }
    bytes
}

fn held(bytes: &[u8]) -> Vec<&'static str> {
    let all = VALUES.into_iter().chain(WRITTEN_OTHERWISE);
    all.filter(|value| bytes.windows(value.len()).any(|window| window == value.as_bytes())).collect()
}

#[test]
fn no_value_is_in_what_a_run_writes_or_says_where_all_nodes_mask() {
    let mut corpus = corpus();
    let quiet = corpus.kilim("run");
    quiet.done();
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    said.insert("run".to_owned(), quiet.stdout + &quiet.stderr);
    // Everything is there: the search below would find it.
    let documents = corpus.sql("SELECT string_agg(coalesce(text, '') || title || url, ' ') FROM documents");
    let missing: Vec<_> = VALUES
        .into_iter()
        .chain(WRITTEN_OTHERWISE)
        .filter(|value| !documents[0][0].contains(value))
        .collect();
    assert_eq!(missing, Vec::<&str>::new(), "the pages hold every value");
    let outcomes = corpus.sql("SELECT outcome, count(*) FROM documents GROUP BY 1 ORDER BY 1");
    assert!(
        outcomes.iter().any(|row| row[0] == "sharded") && outcomes.iter().any(|row| row[0] == "rejected"),
        "{outcomes:?}"
    );

    for (arguments, name) in [
        (vec!["report"], "report"),
        (vec!["report", "--json"], "report --json"),
        (vec!["verify"], "verify"),
        (vec!["explain"], "explain"),
    ] {
        let mut command = corpus.command(arguments[0]);
        command.args(&arguments[1..]);
        let answer = Said::new(&command.output().expect("the command starts"));
        assert!(matches!(answer.code, Some(0)), "{name}: {answer:?}");
        said.insert(name.to_owned(), answer.stdout + &answer.stderr);
    }
    // Once more from nothing, with all that can be logged.
    corpus.work_dir = "./tena";
    for (name, fields) in &mut corpus.nodes {
        *fields = fields.replace(&format!("./out/{name}"), &format!("./nje/{name}"));
    }
    corpus.variables.push(("RUST_LOG".to_owned(), "debug".to_owned()));
    let loud = corpus.kilim("run");
    loud.done();
    assert!(loud.stderr.contains("DEBUG"), "the second run is logged");
    said.insert("run, RUST_LOG=debug".to_owned(), loud.stdout + &loud.stderr);

    let leaks: Vec<_> = said
        .iter()
        .map(|(name, text)| (name.clone(), held(text.as_bytes())))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    assert_eq!(leaks, [], "said");

    let mut looked_at = Vec::new();
    for folder in ["out", "nje", "work", "tena"] {
        for path in files(&corpus.path(folder)) {
            let name =
                path.strip_prefix(corpus.path("")).expect("it lies there").to_string_lossy().into_owned();
            // Copies are ranked by their addresses among others, and the table of ranks is work on documents as they are.
            if name.contains("/documents/") || name.ends_with("/facts.parquet") {
                continue;
            }
            assert_eq!(held(&unpacked(&path)), Vec::<&str>::new(), "{name}");
            looked_at.push((name, path));
        }
    }
    for (name, path) in &looked_at {
        if path.extension().is_some_and(|ending| ending == "parquet") {
            let rows = crate::corpus::shown(path);
            assert_eq!(held(rows.as_bytes()), Vec::<&str>::new(), "{name}");
        }
    }
    let kinds: std::collections::BTreeSet<_> =
        looked_at.iter().filter_map(|(name, _)| name.rsplit('.').next().map(str::to_owned)).collect();
    for kind in ["parquet", "zst", "json", "jsonl", "md"] {
        assert!(kinds.contains(kind), "{kind} is among the outputs: {kinds:?}");
    }
}

#[test]
fn what_a_masking_node_publishes_has_a_mask_for_each_value() {
    let corpus = corpus();
    corpus.run();
    let lines: Vec<String> = files(&corpus.path("out/in"))
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "zst"))
        .map(|path| String::from_utf8(unpacked(path)).expect("lines of text"))
        .collect();
    let lines = lines.concat();
    for mask in ["<EMAIL>", "<PHONE>", "<IP>", "<IBAN>", "<CARD>", "<NATIONAL_ID>"] {
        assert!(lines.contains(mask), "{mask}");
    }
    assert!(lines.contains("https://habari.co.ke/tena/<EMAIL>"), "the address is masked");
    assert!(lines.contains("http://<IP>/a"), "so is a host that is a machine's");
}
