//! The EU's summary and OpenLineage of a version made by hand: what they say of each kind of source, whole and for everyone.

use std::collections::BTreeMap;

use serde_json::Value;

use super::portrait::{Domain, Domains, Listing, Portrait, SourceShare, TopDomains, Withheld};
use super::tests::{manifest, numbers, portrait, share, shares, text, value};
use super::tier::MODES;
use super::{Paper, papers};
use crate::config::{CorpusConfig, Mode};

const PROVIDER: &str = "
  provider:
    models: [Taita-7B 1.2]
    authorised_representative: { name: Mwakilishi GmbH, country: DE }
    placed_on_market: 2026-12-01
    continuous_training: false
    code_of_practice: true
    user_data: no
    sources:
      jalada: { crawlers: [JaladaBot/2], purpose: Kukusanya habari, behaviour: \"It asks robots.txt first, and one page in ten seconds.\" }
      vitabu: { kind: public-dataset, name: \"Vitabu | vya <watoto>\", url: \"https://vitabu.example/\", description: हिन्दी और தமிழ் }
      barua: { kind: licensed }
";

/// `mode`, lines of `sources` besides the crawl, and of `about` besides the publisher.
fn config(mode: Mode, sources: &str, about: &str) -> CorpusConfig {
    let mode = mode.as_str();
    let text = format!(
        "version: 1
corpus: jaribio
as_of: 2026-11-23
random_seed: 7
runs_at: KE
work_dir: ./work
sources:
{sources}steps:
  - extract_html: {{}}
  - identify_language: {{ engine: ngram }}
  - tag_optout: {{}}
  - detect_pii: {{}}
nodes:
  ke: {{ jurisdiction: KE, accepts: [KE, TZ], languages: [swa, kik, guj], mode: {mode}, pii: mask, shards: {{ url: ./out/ke }} }}
policies: [residency.cedar]
about:
  title: Sauti za Taita
  publisher: {{ name: Baraza la Lugha, email: barua@baraza.example, country: KE }}{about}
"
    );
    serde_saphyr::from_str(&text).unwrap()
}

const ALL_SOURCES: &str = "  jalada: { warc: { paths: [siri-07.warc.gz], crawl: HADITHI-2026-10 } }
  vitabu: { documents: { paths: [vitabu.jsonl] } }
  barua: { documents: { paths: [barua.jsonl] } }
  magazeti: { documents: { paths: [magazeti.parquet] } }
  jamii: { seeds: { file: seeds.csv, steward: baraza-la-taita } }
";

fn listed(domains: u64, names: &[(&str, u64)]) -> TopDomains {
    let top = names
        .iter()
        .map(|(name, rows)| Domain { name: idna::domain_to_ascii(name).unwrap(), share: share(*rows) });
    TopDomains { domains, top: top.collect() }
}

fn full_portrait() -> Portrait {
    let languages = [
        ("swa_Latn", listed(11, &[("habari.co.ke", 700), ("hárambee.co.ke", 200)])),
        ("kik_Latn", listed(4, &[("hadithi.org", 30)])),
        ("guj_Gujr", listed(1, &[("ગુજરાત.ભારત", 3)])),
    ];
    let countries = [
        ("KE", listed(11, &[("habari.co.ke", 700), ("hárambee.co.ke", 200)])),
        ("IN", listed(1, &[("ગુજરાત.ભારત", 3)])),
        ("-", listed(1, &[("hadithi.org", 30)])),
    ];
    let owned = |lists: Vec<(&str, TopDomains)>| -> BTreeMap<String, TopDomains> {
        lists.into_iter().map(|(name, list)| (name.to_owned(), list)).collect()
    };
    let mut portrait = portrait();
    portrait.countries = shares(&[("KE", 1100), ("KE,TZ", 100), ("IN", 3), ("-", 40)]);
    portrait.language_countries =
        BTreeMap::from([("swa_Latn".to_owned(), shares(&[("KE", 1100), ("KE,TZ", 100)]))]);
    portrait.domains = Domains {
        listing: Listing::MOST,
        without: share(2),
        all: listed(15, &[("habari.co.ke", 700), ("hárambee.co.ke", 200)]),
        languages: owned(languages.into()),
        countries: owned(countries.into()),
    };
    portrait.withheld = Withheld {
        reserved: 37,
        reserved_by: BTreeMap::from([("robots".to_owned(), 34), ("tdm_meta".to_owned(), 3)]),
        unlicensed: 1,
    };
    portrait.stewards = shares(&[("baraza_la|taita", 1243)]);
    for name in ["vitabu", "barua", "magazeti"] {
        portrait.sources.insert(name.to_owned(), SourceShare { all: share(300), ..SourceShare::default() });
    }
    portrait
}

fn made(mode: Mode, sources: &str, about: &str, portrait: &Portrait) -> Vec<Paper> {
    let config = config(mode, sources, about);
    papers(&manifest(&config, true), &config, portrait)
}

fn paper(papers: &[Paper], path: &str) -> String {
    text(papers, |other| other == path)
}

#[test]
fn the_summary_of_every_kind_of_source_and_its_paper_for_everyone() {
    for (mode, name) in [(Mode::Restricted, "restricted"), (Mode::LocalOnly, "local_only")] {
        let papers = made(mode, ALL_SOURCES, PROVIDER, &full_portrait());
        let public = paper(&papers, "papers/public/eu_art53.public.md");
        insta::assert_snapshot!(format!("eu_art53_public_{name}"), public);
        if mode == Mode::Restricted {
            insta::assert_snapshot!("eu_art53", paper(&papers, "papers/eu_art53.md"));
            insta::assert_snapshot!("openlineage", paper(&papers, "papers/openlineage.jsonl"));
        }
    }
}

#[test]
fn a_run_of_seeds_alone_and_without_rows_has_a_summary_that_makes_nothing_up() {
    let sources = "  jamii: { seeds: { file: seeds.csv } }\n";
    let papers = made(Mode::Open, sources, "", &Portrait::default());
    let summary = value(&papers, "papers/eu_art53.json");
    assert_eq!(summary["2.3 data crawled and scraped"]["used"], "no");
    assert_eq!(summary["1.2 model"]["models"], "to be stated by the provider");
    let characteristics = &summary["1.3 modalities, size and characteristics"];
    assert_eq!(characteristics["latest_acquisition"], "no document says when it was fetched");
    assert_eq!(summary["2.5 synthetic data"]["used"], "none in this corpus");
}

#[test]
fn sources_stand_in_the_section_that_the_provider_names() {
    let papers = made(Mode::Open, ALL_SOURCES, PROVIDER, &full_portrait());
    let summary = value(&papers, "papers/eu_art53.json");
    let names = |section: &str| -> Vec<String> {
        let datasets = summary[section]["datasets"].as_array().unwrap().iter();
        datasets.map(|dataset| dataset["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("2.1 publicly available datasets"), ["Vitabu | vya <watoto>"]);
    assert_eq!(names("2.2.1 datasets licensed by rights holders"), ["barua"]);
    assert_eq!(names("2.1 or 2.2, to be stated by the provider"), ["magazeti"]);
    assert_eq!(names("2.2.2 private datasets of third parties"), [""; 0]);
    let crawls = summary["2.3 data crawled and scraped"]["crawls"].as_array().unwrap();
    assert_eq!(crawls.len(), 1);
    assert_eq!(crawls[0]["crawlers"], "JaladaBot/2");
    assert_eq!(crawls[0]["period"], "03/2026 to 03/2026");
    assert_eq!(summary["2.4 user data"]["used"], "no");
}

#[test]
fn papers_for_everyone_have_no_small_number_and_no_name_that_only_small_numbers_have() {
    for mode in &MODES[1..] {
        let papers = made(*mode, ALL_SOURCES, PROVIDER, &full_portrait());
        let summary = value(&papers, "papers/public/eu_art53.public.json");
        let mut found = Vec::new();
        numbers("", &summary, &mut found);
        assert!(found.iter().all(|(_, number)| *number >= 10), "{mode:?}: {found:?}");
        let public =
            text(&papers, |path| path.contains("/public/eu_art53") || path.contains("/public/openlineage"));
        let small = idna::domain_to_ascii("ગુજરાત.ભારત").unwrap();
        for word in ["guj_Gujr", "India", small.as_str(), "ગુજરાત", "tdm_meta", "siri-07"] {
            assert!(!public.contains(word), "{mode:?}: {word}");
        }
        let hosts = public.contains("habari.co.ke") && public.contains("hárambee.co.ke");
        assert_eq!(hosts, *mode == Mode::Restricted, "{mode:?}");
        for line in paper(&papers, "papers/public/openlineage.public.jsonl").lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            assert_eq!(event["inputs"], Value::Array(Vec::new()), "{mode:?}");
        }
    }
}

#[test]
fn small_enterprises_list_fewer_domains() {
    let mut portrait = full_portrait();
    portrait.domains.listing = Listing::SMALL;
    let papers = made(Mode::Open, ALL_SOURCES, PROVIDER, &portrait);
    let page = paper(&papers, "papers/eu_art53.md");
    assert!(page.contains("the top 5 % over all") && page.contains("at most 1000 a list"), "{page}");
}
