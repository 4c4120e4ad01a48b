//! The papers of a version made by hand: what they say, and what they do not say in public.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::portrait::{CrawlShare, Domain, Period, Portrait, Share, SourceShare, TopDomains};
use super::tier::{Item, MODES, Rule, rule, table_markdown};
use super::{CROISSANT_FILE, Paper, is_public, papers};
use crate::config::{CorpusConfig, Mode};
use crate::seal::{MANIFEST_VERSION, Manifest};

/// Rows of the languages: two that may be named, one too small.
const LANGUAGES: [(&str, u64); 3] = [("swa_Latn", 1200), ("kik_Latn", 40), ("guj_Gujr", 3)];

/// What a paper must not hold where the item may not be said: words and digests that stand nowhere else.
const MARKS: [(Item, &str); 12] = [
    (Item::Languages, "swa_Latn"),
    (Item::Outcomes, "3100"),
    (Item::Licences, "LicenseRef-Soko"),
    (Item::PersonalData, "777"),
    (Item::Dates, "2026-03-01"),
    (Item::Sources, "jalada"),
    (Item::Stewards, "baraza-la-taita"),
    (Item::Inputs, "siri-07.warc.gz"),
    (Item::ShardDigests, "aaaaaaaa-swa"),
    (Item::ColumnDigests, "cccccccc-swa"),
    (Item::Roots, "eeeeeeee-swa"),
    (Item::Parameters, "min_chars"),
];

pub(super) fn config(mode: Mode) -> CorpusConfig {
    let mode = mode.as_str();
    let text = format!(
        "version: 1
corpus: jaribio
as_of: 2026-11-23
random_seed: 7
runs_at: KE
work_dir: ./work
sources:
  jalada: {{ warc: {{ paths: [siri-07.warc.gz], crawl: HADITHI-2026-10, steward: baraza-la-taita }} }}
steps:
  - extract_html: {{}}
  - identify_language: {{ engine: ngram }}
  - filter_length: {{ min_chars: 80 }}
  - detect_pii: {{}}
nodes:
  ke: {{ jurisdiction: KE, accepts: [KE, TZ], languages: [swa, kik, guj], mode: {mode}, pii: mask, shards: {{ url: ./out/ke }} }}
policies: [residency.cedar]
about:
  title: Sauti za Taita
  description: \"Habari na hadithi kwa Kiswahili, Gĩkũyũ na ગુજરાતી: \\\"magazeti | redio\\\"\"
  publisher: {{ name: Baraza la Lugha, url: https://baraza.example/, email: barua@baraza.example, country: KE }}
  license: ODbL-1.0
  keywords: [kiswahili, gĩkũyũ]
  intended_purpose: Kufundisha miundo ya lugha
  limits: [Habari nyingi ni za mjini.]
"
    );
    serde_saphyr::from_str(&text).unwrap()
}

pub(super) fn manifest(config: &CorpusConfig, secret: bool) -> Manifest {
    let node = &config.nodes["ke"];
    let shards: Vec<Value> = LANGUAGES
        .iter()
        .map(|(lang, rows)| {
            let code = &lang[..3];
            json!({
                "path": format!("data/{lang}/train-00000-of-00001.parquet"), "lang": lang, "bytes": rows * 1000,
                "sha256": format!("aaaaaaaa-{code}"), "rows": rows, "text_chars": rows * 400,
                "columns": { "text": format!("cccccccc-{code}") }, "merkle_root": format!("eeeeeeee-{code}"),
            })
        })
        .collect();
    let languages: BTreeMap<&str, u64> = LANGUAGES.into();
    let rows: u64 = languages.values().sum();
    let value = json!({
        "manifest_version": MANIFEST_VERSION, "engine": "kilim 0.0.0", "corpus": "jaribio",
        "node": {
            "facts": { "name": "ke", "jurisdiction": "KE", "mode": node.mode, "accepts": ["KE", "TZ"] },
            "languages": ["guj", "kik", "swa"],
            "pii": { "treatment": { "email": "mask", "phone": "drop" }, "min_confidence": 0.5, "masked": { "email": 777 } },
        },
        "as_of": "2026-11-23", "random_seed": 7, "runs_at": "KE", "run_kind": "local", "config_digest": "9999-config",
        "policies": [{ "path": "policies/residency.cedar", "sha256": "bbbb-policy" }], "policies_digest": "bbbb-policies",
        "models": [{ "name": "filter_length", "blake3": "9999-model" }], "seeds_digest": null,
        "sources": { "jalada": { "kind": "warc", "crawl": "HADITHI-2026-10", "steward": "baraza-la-taita" } },
        "inputs": [{
            "name": "siri-07.warc.gz", "source": "jalada", "bytes": 123_456, "blake3": "dddd-input", "records": 4343,
        }],
        "books": { "sharded": rows, "rejected": 3100 },
        "records": rows + 3100, "rows": rows, "text_chars": rows * 400, "languages": languages,
        "decisions": { "path": "decisions.jsonl", "sha256": "bbbb-decisions" },
        "salts": { "path": "salts.key", "sha256": "bbbb-salts", "secret": secret },
        "residency": {
            "storage_allowed": ["KE"], "storage_forbidden": ["RU"], "processing_included": ["KE"],
            "processing_excluded": [],
        },
        "about": config.about, "papers": [], "shards": shards,
    });
    serde_json::from_value(value).unwrap()
}

pub(super) fn share(rows: u64) -> Share {
    Share { rows, bytes: rows * 900, chars: rows * 400 }
}

pub(super) fn shares(rows: &[(&str, u64)]) -> BTreeMap<String, Share> {
    rows.iter().map(|(name, rows)| ((*name).to_owned(), share(*rows))).collect()
}

pub(super) fn portrait() -> Portrait {
    let fetched = Some(Period { from: "2026-03-01".parse().unwrap(), to: "2026-03-30".parse().unwrap() });
    let crawls = BTreeMap::from([("HADITHI-2026-10".to_owned(), CrawlShare { all: share(1243), fetched })]);
    let source = SourceShare { all: share(1243), fetched, undated: 0, crawls };
    let mut portrait = Portrait {
        all: share(1243),
        fetched,
        languages: shares(&LANGUAGES),
        jurisdictions: shares(&[("KE", 1200), ("KE,TZ", 43)]),
        countries: shares(&[("KE", 1200), ("KE,TZ", 43)]),
        licenses: shares(&[("-", 100), ("LicenseRef-Soko", 1138), ("CC-BY-4.0", 5)]),
        optout_train: shares(&[("allow", 1000), ("unknown", 243)]),
        communities: shares(&[("taita", 900)]),
        stewards: shares(&[("baraza-la-taita", 1243)]),
        sources: BTreeMap::from([("jalada".to_owned(), source)]),
        ..Portrait::default()
    };
    let top = vec![Domain { name: "siri.co.ke".to_owned(), share: share(1243) }];
    portrait.domains.all = TopDomains { domains: 1, top };
    portrait
}

fn made(mode: Mode, secret: bool) -> Vec<Paper> {
    let config = config(mode);
    papers(&manifest(&config, secret), &config, &portrait())
}

pub(super) fn text(papers: &[Paper], wanted: impl Fn(&str) -> bool) -> String {
    let wanted = papers.iter().filter(|paper| wanted(&paper.path));
    wanted.map(|paper| String::from_utf8(paper.bytes.clone()).unwrap()).collect()
}

pub(super) fn value(papers: &[Paper], path: &str) -> Value {
    serde_json::from_str(&text(papers, |other| other == path)).unwrap()
}

#[test]
fn the_papers_of_a_restricted_node() {
    let papers = made(Mode::Restricted, true);
    for path in [CROISSANT_FILE, "papers/dps.json", "papers/tapestry.json"] {
        insta::assert_snapshot!(path.replace(['/', '.'], "_"), text(&papers, |other| other == path));
    }
}

#[test]
fn the_manifest_for_everyone_by_mode() {
    for mode in MODES {
        let mut public = value(&made(mode, true), "papers/public/manifest.public.json");
        // Digests of all papers would make this the snapshot of each.
        public["papers"].take();
        insta::assert_snapshot!(format!("public_{}", mode.as_str()), format!("{public:#}"));
    }
}

#[test]
fn each_mode_says_in_public_what_the_table_lets_it_say_and_no_more() {
    for mode in MODES {
        for secret in [true, false] {
            let papers = made(mode, secret);
            let public = text(&papers, is_public);
            assert!(public.contains("Sauti za Taita") && public.contains("policies/residency.cedar"));
            for (item, mark) in MARKS {
                let said = match rule(mode, item) {
                    Rule::Whole | Rule::LargeOnly => true,
                    Rule::IfSalted => secret,
                    Rule::Never => false,
                };
                assert_eq!(public.contains(mark), said, "{mode:?}, secret {secret}, {item:?}: {mark}");
            }
            if rule(mode, Item::Domains) == Rule::Never {
                assert!(!public.contains("siri.co.ke"), "{mode:?}");
            }
            if mode != Mode::Open {
                for small in [
                    "guj_Gujr",
                    "CC-BY-4.0",
                    "aaaaaaaa-guj",
                    "eeeeeeee-guj",
                    "RU",
                    "9999-config",
                    "dddd-input",
                ] {
                    assert!(!public.contains(small), "{mode:?}: {small}");
                }
            }
            // The version folder has everything.
            let own = text(&papers, |path| !is_public(path));
            for (item, mark) in MARKS {
                // Only the manifest has digests over columns, and roots.
                let elsewhere = matches!(item, Item::ColumnDigests | Item::Roots);
                assert!(elsewhere || own.contains(mark), "{mode:?}: {mark}");
            }
        }
    }
}

/// All numbers in a paper, with the name under which they stand.
pub(super) fn numbers(name: &str, value: &Value, found: &mut Vec<(String, u64)>) {
    match value {
        Value::Number(number) => found.extend(number.as_u64().map(|number| (name.to_owned(), number))),
        Value::Array(items) => items.iter().for_each(|item| numbers(name, item, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| numbers(name, value, found)),
        _ => {}
    }
}

#[test]
fn no_number_in_public_is_small_unless_the_node_is_open() {
    for mode in &MODES[1..] {
        let papers = made(*mode, true);
        for name in ["manifest", "tapestry", "croissant", "dps"] {
            let paper = value(&papers, &format!("papers/public/{name}.public.json"));
            let mut found = Vec::new();
            numbers("", &paper, &mut found);
            found.retain(|(name, _)| name != "public_manifest_version");
            assert!(found.iter().all(|(_, number)| *number >= 10), "{mode:?}, {name}: {found:?}");
        }
    }
}

#[test]
fn the_table_of_modes_stands_in_the_guide() {
    let guide = include_str!("../../../configs/GUIDE.md");
    let table = table_markdown();
    assert!(guide.contains(&table), "put this into configs/GUIDE.md:\n{table}");
}

#[test]
fn papers_for_everyone_are_listed_by_their_manifest() {
    let papers = made(Mode::LocalOnly, true);
    let public = value(&papers, "papers/public/manifest.public.json");
    let listed: Vec<&str> =
        public["papers"].as_array().unwrap().iter().map(|paper| paper["path"].as_str().unwrap()).collect();
    let there: Vec<&str> = papers
        .iter()
        .filter_map(|paper| paper.path.strip_prefix("papers/public/"))
        .filter(|name| *name != "manifest.public.json")
        .collect();
    assert_eq!(listed, there);
    assert!(!is_public("papers/public/../dps.json") && !is_public("papers/publicity.json"));
}

#[test]
fn ids_are_of_the_version_where_salts_are_secret_and_of_the_series_where_they_are_not() {
    let id = |papers: &[Paper], path: &str| value(papers, path)["artifact_id"].as_str().unwrap().to_owned();
    let public = "papers/public/tapestry.public.json";
    let (salted, open) = (made(Mode::LocalOnly, true), made(Mode::LocalOnly, false));
    assert_eq!(id(&salted, public), id(&salted, "papers/tapestry.json"));
    assert_ne!(id(&open, public), id(&open, "papers/tapestry.json"));
    assert_eq!(id(&open, public), id(&made(Mode::ParticipantPrivate, true), public));
}
