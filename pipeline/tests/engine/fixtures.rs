//! Other projects' WARC files, healthy and broken, where the collection of fixtures stands beside the project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::corpus::{Corpus, files};

/// Files larger than this would make the suite slow.
const LARGEST_BYTES: u64 = 300_000;

/// The fixtures: `shared/fixtures` beside a folder above this one.
pub(crate) fn fixtures() -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/fixtures"))
        .find(|folder| folder.join("warc_made/EXPECT.tsv").exists())
}

fn is_crawl_file(path: &Path) -> bool {
    let name = path.to_string_lossy();
    [".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz", ".wet.gz", ".warc.lz4"]
        .iter()
        .any(|end| name.ends_with(end))
}

#[test]
fn files_of_other_projects_end_in_balanced_books_and_their_pages_in_rows() {
    let Some(fixtures) = fixtures() else {
        eprintln!("skipped: no shared/fixtures beside the project");
        return;
    };
    let mut corpus = Corpus::new();
    corpus.max_broken = "100%";
    let mut names = BTreeMap::new();
    let mut all = files(&fixtures.join("warc_made"));
    all.extend(files(&fixtures.join("warc")));
    for (number, path) in all.iter().filter(|path| is_crawl_file(path)).enumerate() {
        let bytes = std::fs::read(path).expect("a fixture can be read");
        if bytes.len() as u64 > LARGEST_BYTES {
            continue;
        }
        let name = path.file_name().expect("a file").to_string_lossy();
        let unique = format!("{number:03}-{name}");
        if path.starts_with(fixtures.join("warc_made")) {
            names.insert(name.into_owned(), format!("crawl/{unique}"));
        }
        corpus.warc(&unique, &bytes);
    }
    assert!(names.len() > 50 && corpus.paths.len() > 120, "{} of {}", names.len(), corpus.paths.len());
    let finished = corpus.run();
    assert_eq!(finished.outcomes.values().sum::<u64>(), finished.records);
    println!("{} files, {} records: {:?}", corpus.paths.len(), finished.records, finished.outcomes);

    // A page of the fixture is a row that the reader handed to the steps: whatever became of it then.
    let pages = corpus.sql(
        "SELECT input, count(*) FROM documents WHERE html_lang IS NOT NULL OR extractor IS NOT NULL \
         OR outcome NOT IN ('broken', 'skipped') GROUP BY 1",
    );
    let pages: BTreeMap<String, usize> =
        pages.into_iter().map(|row| (row[0].clone(), row[1].parse().expect("a count"))).collect();
    let expect = std::fs::read_to_string(fixtures.join("warc_made/EXPECT.tsv")).expect("it is there");
    let mut missing = Vec::new();
    for line in expect.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, _what, _original, digests, ..] = fields[..] else { panic!("EXPECT.tsv: {line}") };
        let Some(input) = names.get(name) else { continue };
        let wanted = digests.split(',').filter(|digest| !digest.is_empty()).count();
        let found = pages.get(input).copied().unwrap_or(0);
        if found < wanted {
            missing.push(format!("{name}: {found} of {wanted} pages"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
