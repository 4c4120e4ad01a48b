//! A config that writes nothing but into a scratch folder.
//!
//! Given a config, it is read as `kilim` reads it, its paths are made absolute and its work directory and shards moved.
//! Given a WARC file, a config is written around it. A run never finds anything of an earlier one: what is committed in
//! a work directory is not done again, and a second run would measure nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use kilim::config::{CorpusConfig, DocumentsSource, SourceConfig, WarcSource, load};

/// Around a WARC file: the steps of the quickstart, three nodes whose languages are the most frequent ones of the web,
/// and policies that let pages in that nobody's law is known to bind, for there are no seeds.
const AROUND_WARC: &str = "\
version: 1
corpus: bench
as_of: 2026-11-23
random_seed: 20261123
runs_at: KE
work_dir: ./work
max_broken: 100%
split_bytes: 4MiB
sources:
  crawl:
    warc: { paths: [WARC], crawl: bench, mode: open }
steps:
  - extract_html: {}
  - normalize_text: { form: nfc }
  - identify_language: { engine: ngram }
  - filter_length: { min_chars: 100 }
  - measure_quality: {}
  - filter_quality: { rules: [gopher_quality, gopher_repetition] }
  - tag_license: {}
  - tag_jurisdiction: { from: [steward, registry] }
  - dedup_exact: {}
  - dedup_minhash: {}
nodes:
  ke: { jurisdiction: KE, accepts: [KE, TZ, UG, ZA, GB, US], languages: [eng, amh, afr, zul, ara], mode: local-only, shards: { url: ./out/ke } }
  in: { jurisdiction: IN, accepts: [IN, US], languages: [hin, mar, ben, guj, pan, urd, tam, tel, kan, mal, eng], mode: restricted, shards: { url: ./out/in } }
  eu: { jurisdiction: EU, accepts: [EU, CH, US], languages: [deu, fra, spa, ita, pol, por, nld, ron, ces, ell], mode: open, shards: { url: ./out/eu } }
policies: [residency.cedar, licences.cedar, open-web.cedar]
";

const POLICIES: [(&str, &str); 3] = [
    ("residency.cedar", include_str!("../../../configs/policies/residency.cedar")),
    ("licences.cedar", include_str!("../../../configs/policies/licences.cedar")),
    ("open-web.cedar", include_str!("../../../configs/policies/open-web.cedar")),
];

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A config of somebody.
    Config(PathBuf),
    /// A WARC file, or a pattern for some.
    Warc(PathBuf),
}

/// Writes `corpus.yaml` into `folder`, which is empty, and gives its path.
pub fn write_config(subject: &Subject, folder: &Path) -> Result<PathBuf> {
    let path = folder.join("corpus.yaml");
    let text = match subject {
        Subject::Config(config) => moved(config, folder)?,
        Subject::Warc(warc) => {
            for (name, policy) in POLICIES {
                fs::write(folder.join(name), policy)?;
            }
            let warc = std::path::absolute(warc)?;
            let quoted =
                serde_json::to_string(warc.to_str().context("the path of the WARC file is not UTF-8")?)?;
            AROUND_WARC.replace("WARC", &quoted)
        }
    };
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// The config at `path` with absolute inputs, and outputs in `folder`. JSON, which is YAML too.
fn moved(path: &Path, folder: &Path) -> Result<String> {
    let loaded = load(path).map_err(|found| anyhow!("{found}"))?;
    let base = std::path::absolute(&loaded.base_dir)?;
    let mut config = loaded.config;
    config.work_dir = PathBuf::from("work");
    config.tests.clear();
    for (name, node) in &mut config.nodes {
        node.shards.url = folder.join("out").join(name.as_str()).display().to_string();
    }
    absolute_inputs(&mut config, &base);
    Ok(serde_json::to_string_pretty(&config)?)
}

fn absolute_inputs(config: &mut CorpusConfig, base: &Path) {
    for source in config.sources.values_mut() {
        match source {
            SourceConfig::Warc(WarcSource { paths, .. })
            | SourceConfig::Documents(DocumentsSource { paths, .. }) => {
                for path in paths.iter_mut().filter(|path| !path.contains("://")) {
                    *path = base.join(&*path).display().to_string();
                }
            }
            SourceConfig::Seeds(source) => source.file = base.join(&source.file),
        }
    }
    for policy in &mut config.policies {
        *policy = base.join(&*policy);
    }
    if let Some(blocs) = &mut config.blocs {
        *blocs = base.join(&*blocs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn a_config_around_a_warc_is_valid_and_reads_that_file() {
        let folder = tempfile::tempdir().unwrap();
        let warc = project().join("data-samples/crawl/part-00000.warc.gz");
        let path = write_config(&Subject::Warc(warc), folder.path()).unwrap();
        let loaded = load(&path).unwrap_or_else(|found| panic!("{found}"));
        assert_eq!(loaded.config.nodes.len(), 3);
        let SourceConfig::Warc(source) = loaded.config.sources.values().next().unwrap() else { panic!() };
        assert!(source.paths[0].ends_with("part-00000.warc.gz") && source.paths[0].starts_with('/'));
    }

    #[test]
    fn a_moved_config_says_the_same_but_writes_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let original = project().join("configs/quickstart/corpus.yaml");
        let path = write_config(&Subject::Config(original.clone()), folder.path()).unwrap();
        let before = load(&original).unwrap_or_else(|found| panic!("{found}")).config;
        let after = load(&path).unwrap_or_else(|found| panic!("{found}")).config;
        assert_eq!(after.steps, before.steps);
        assert_eq!(after.nodes.len(), before.nodes.len());
        for node in after.nodes.values() {
            assert!(Path::new(&node.shards.url).starts_with(folder.path()), "{}", node.shards.url);
        }
        assert!(after.policies.iter().all(|policy| policy.is_absolute() && policy.exists()));
        assert!(after.tests.is_empty() && !before.tests.is_empty());
    }
}
