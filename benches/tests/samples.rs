//! The committed sample crawl is what its maker makes, and holds what its README promises.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data-samples")
}

/// Rows of a tab-separated table by column.
fn table(name: &str) -> Vec<BTreeMap<String, String>> {
    let source = fs::read_to_string(samples().join(name)).expect("a committed table");
    let mut lines = source.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().expect("a header line");
    lines.map(|cells| header.iter().cloned().zip(cells).collect()).collect()
}

fn distinct<'a>(pages: &'a [BTreeMap<String, String>], column: &str) -> BTreeSet<&'a str> {
    pages.iter().map(|page| page[column].as_str()).filter(|value| *value != "-").collect()
}

/// Records that are pages of sites.
fn pages() -> Vec<BTreeMap<String, String>> {
    table("pages.tsv").into_iter().filter(|row| row["record"] == "response" && row["shape"] != "-").collect()
}

#[test]
fn making_again_gives_the_committed_bytes() {
    let made = kilim_benches::samples::make(&samples()).unwrap();
    for (name, bytes) in &made {
        let committed = fs::read(samples().join(name)).unwrap_or_default();
        let same = *bytes == committed;
        assert!(same, "data-samples/{name} is out of date: cargo run -p kilim-benches --bin make-samples");
    }
    let mut size = 0;
    for folder in ["crawl", "broken", "documents"] {
        for entry in fs::read_dir(samples().join(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            assert!(made.contains_key(&name), "data-samples/{name} is not made by anyone");
            size += entry.metadata().unwrap().len();
        }
    }
    assert!(size < 3_000_000, "{size} bytes are too many for a clone");
}

#[test]
fn the_crawl_is_as_wide_as_promised() {
    let pages = pages();
    let languages: BTreeSet<&str> =
        distinct(&pages, "lang").iter().filter_map(|label| label.split('_').next()).collect();
    let scripts: BTreeSet<&str> =
        distinct(&pages, "lang").iter().filter_map(|label| label.split('_').nth(1)).collect();
    assert!(pages.len() >= 300, "{} pages", pages.len());
    assert!(languages.len() >= 40, "{languages:?}");
    assert!(scripts.len() >= 15, "{scripts:?}");
    assert!(distinct(&pages, "country").len() >= 12);
    assert_eq!(distinct(&pages, "shape"), BTreeSet::from(["article", "blog", "forum", "list", "notice"]));
}

#[test]
fn every_record_stands_where_the_truth_says_and_tiles_its_file() {
    let mut ends = BTreeMap::new();
    for row in table("pages.tsv") {
        let number = |column: &str| row[column].parse::<u64>().unwrap();
        let end = ends.entry(row["file"].clone()).or_insert(0);
        assert_eq!(*end, number("offset"), "a gap or an overlap before {row:?}");
        *end += number("length");
    }
    for (file, end) in ends {
        assert_eq!(fs::metadata(samples().join("crawl").join(&file)).unwrap().len(), end, "{file}");
    }
}

/// The `warc` crate reads the records that are whole, and finds what the truth says.
#[test]
fn another_reader_finds_the_records_where_the_truth_says() {
    let mut files = BTreeMap::new();
    let mut read = 0;
    for row in table("pages.tsv").iter().filter(|row| row["record"] != "damage") {
        let bytes = files.entry(row["file"].clone()).or_insert_with(|| {
            fs::read(samples().join("crawl").join(&row["file"])).expect("a committed file")
        });
        let number = |column: &str| row[column].parse::<usize>().unwrap();
        let member = &bytes[number("offset")..number("offset") + number("length")];
        let mut plain = vec![0; 1 << 20];
        let length = libdeflater::Decompressor::new().gzip_decompress(member, &mut plain).unwrap();
        let records = warc::WarcReader::new(&plain[..length]);
        let record = records.iter_records().next().expect("a record in the member").unwrap();
        let url = record.header(warc::WarcHeader::TargetURI);
        assert_eq!(url.as_deref().unwrap_or("-"), row["url"]);
        assert_eq!(record.warc_type().to_string(), row["record"]);
        read += 1;
    }
    assert!(read > 600, "{read} records");
}

#[test]
fn an_address_is_fetched_once_except_where_the_truth_says_so() {
    let mut seen = BTreeSet::new();
    for page in pages() {
        let again = page["copy_kind"] == "same record";
        assert!(seen.insert(page["url"].clone()) != again, "{}", page["url"]);
    }
}

#[test]
fn licences_reservations_and_copies_come_in_all_kinds() {
    let pages = pages();
    let licences = distinct(&pages, "licence");
    for licence in [
        "by@head",
        "by-sa@footer",
        "cc0@head",
        "by@jsonld",
        "by@head,by-nc-sa@footer",
        "by@footer,rights",
        "by@image",
    ] {
        assert!(licences.contains(licence), "{licence}");
    }
    for reservation in
        ["noai-meta", "noai-header", "tdm-header", "tdm-meta", "tdmrep", "robots-ai", "robots-signal"]
    {
        assert!(distinct(&pages, "optout").contains(reservation), "{reservation}");
    }
    let crosses = |page: &&BTreeMap<String, String>| {
        let original = pages.iter().find(|other| other["url"] == page["copy_of"]);
        page["copy_kind"] == "exact" && original.is_some_and(|other| other["country"] != page["country"])
    };
    assert!(pages.iter().filter(crosses).count() >= 4);
    assert!(pages.iter().filter(|page| page["copy_kind"].starts_with("near")).count() >= 10);
}

#[test]
fn seeds_cover_some_hosts_whole_some_in_part_and_some_not() {
    let source = fs::read_to_string(samples().join("seeds.csv")).unwrap();
    let urls: Vec<&str> = source.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    let hosts: BTreeSet<&str> = urls.iter().filter_map(|url| url.split('/').nth(2)).collect();
    let pages = pages();
    let crawled = distinct(&pages, "host");
    assert!(hosts.is_subset(&crawled), "{:?}", hosts.difference(&crawled));
    assert!(hosts.len() >= 25 && hosts.len() * 2 < crawled.len(), "{} of {}", hosts.len(), crawled.len());
    assert!(
        urls.iter().filter(|url| url.split('/').nth(3).is_some_and(|path| !path.is_empty())).count() >= 3
    );
    assert!(source.contains(",local-only,") && source.contains(",restricted,") && source.contains(",open,"));
}

#[test]
fn countries_are_those_of_the_table_of_cctlds() {
    let source = fs::read_to_string(samples().join("../configs/cctld.csv")).unwrap();
    let rows: Vec<Vec<&str>> = source.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let binding: BTreeMap<&str, &str> =
        rows.iter().filter(|row| row[2] == "no").map(|row| (row[0], row[1])).collect();
    let sold = rows.iter().filter(|row| row[2] == "yes").count();
    assert_eq!(binding.len() + sold, rows.len(), "no ccTLD may be listed twice");
    for (tld, country) in [("uk", "GB"), ("eu", "EU"), ("no", "NO"), ("xn--p1ai", "RU"), ("xn--o3cw4h", "TH")]
    {
        assert_eq!(binding.get(tld), Some(&country), ".{tld}");
    }
    for page in pages() {
        let tld = page["host"].rsplit('.').next().unwrap_or_default();
        assert_eq!(binding.get(tld).copied().unwrap_or("-"), page["country"], "{}", page["host"]);
    }
}
