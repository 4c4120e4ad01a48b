//! A corpus in a folder of its own: config, policies, seeds and crawl files, and what a run of it leaves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use kilim::config;
use kilim::ingest::Progress;
use kilim::ledger::Ledger;
use kilim::proof::PublicKey;
use kilim::proof::keys::{generate, generate_salts};
use kilim::run::{Finished, RunError, RunOptions, Until, Unwatched, run, work_dir_of};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;

use crate::pages::many;

/// The rules that ship with the engine.
pub(crate) fn shipped_policy(name: &str) -> String {
    let path = root().join("configs/policies").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The project's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// How long to wait for something that takes seconds.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// A corpus of many small files, a split each.
pub(crate) fn many_splits(splits: usize) -> Corpus {
    let mut corpus = Corpus::new();
    for number in 0..splits {
        corpus.warc(&format!("{number:02}.warc.gz"), &many(&format!("faili-{number}"), 14, 8000));
    }
    corpus.split_bytes = "1MiB";
    corpus
}

/// Inode and time of change of a file.
pub(crate) type Stamp = (u64, i64, i64);

/// A corpus under construction; what is here becomes `corpus.yaml` when it runs.
pub(crate) struct Corpus {
    folder: TempDir,
    /// Paths of the one WARC source, as they stand in the config.
    pub(crate) paths: Vec<String>,
    /// More fields of that source.
    pub(crate) source: String,
    /// Fields of sources of documents, by name.
    pub(crate) documents: BTreeMap<&'static str, String>,
    /// Columns of the seed list.
    pub(crate) seed_columns: &'static str,
    /// Its rows.
    pub(crate) seeds: Vec<&'static str>,
    /// Fields of the nodes, by name.
    pub(crate) nodes: BTreeMap<&'static str, String>,
    /// Policy files by name.
    pub(crate) policies: BTreeMap<&'static str, String>,
    pub(crate) runs_at: &'static str,
    pub(crate) work_dir: &'static str,
    pub(crate) split_bytes: &'static str,
    pub(crate) max_broken: &'static str,
    /// Steps between `identify_language` and `tag_license`, one a line.
    pub(crate) filters: &'static str,
    /// Steps at the end, one a line.
    pub(crate) dedup: &'static str,
    /// Files with keys, as fields of `keys`.
    pub(crate) keys: &'static str,
    /// Fields of `retention`.
    pub(crate) retention: &'static str,
    /// What the steward says, as fields of `about`.
    pub(crate) about: &'static str,
    pub(crate) as_of: &'static str,
    /// Worker threads of runs.
    pub(crate) threads: usize,
    /// Variables of runs as a process.
    pub(crate) variables: Vec<(String, String)>,
    /// A config that stands in place of all this; empty for none.
    pub(crate) whole: String,
}

impl Corpus {
    /// Nodes `ke` and `eu` that ask for all languages of the test pages, and the shipped rules of residency.
    pub(crate) fn new() -> Self {
        let mut corpus = Self {
            folder: tempfile::tempdir().expect("a scratch folder"),
            paths: Vec::new(),
            source: String::new(),
            documents: BTreeMap::new(),
            seed_columns: "url,languages,countries,steward",
            seeds: Vec::new(),
            nodes: BTreeMap::new(),
            policies: BTreeMap::new(),
            runs_at: "KE",
            work_dir: "./work",
            split_bytes: "32MiB",
            max_broken: "1%",
            filters: "",
            dedup: "  - dedup_exact: {}\n",
            keys: "",
            retention: "",
            about: "",
            as_of: "2026-11-23",
            threads: 2,
            variables: Vec::new(),
            whole: String::new(),
        };
        corpus.node("ke", "KE", "[KE]");
        corpus.node("eu", "EU", "[EU]");
        corpus.policies.insert("residency.cedar", shipped_policy("residency.cedar"));
        corpus
    }

    /// A config that ships with the engine, on the sample crawl, with keys of its own that sign and salt.
    pub(crate) fn shipped(name: &str) -> (Self, PublicKey) {
        let mut corpus = Self::new();
        let path = root().join("configs").join(name).join("corpus.yaml");
        let text = fs::read_to_string(path).expect("the config is committed");
        let samples = root().join("data-samples").display().to_string();
        let policies = root().join("configs/policies").display().to_string();
        corpus.whole = text.replace("../../data-samples", &samples).replace("../policies", &policies);
        corpus.change("work_dir: ", "keys: { signing: ufunguo.pem, salts: chumvi }\nwork_dir: ");
        let (key, _) = generate(&corpus.path("ufunguo.pem")).expect("a new key");
        generate_salts(&corpus.path("chumvi")).expect("a new secret");
        (corpus, key)
    }

    /// Changes a config that ships.
    pub(crate) fn change(&mut self, from: &str, to: &str) {
        assert!(self.whole.contains(from), "{from}");
        self.whole = self.whole.replacen(from, to, 1);
    }

    /// Adds or replaces a node.
    pub(crate) fn node(&mut self, name: &'static str, jurisdiction: &str, accepts: &str) -> &mut Self {
        let languages = crate::pages::LANGUAGES.join(", ");
        let fields = format!(
            "jurisdiction: {jurisdiction}, accepts: {accepts}, languages: [{languages}], mode: restricted, \
             shards: {{ url: ./out/{name}, max_bytes: 64KiB }}"
        );
        self.nodes.insert(name, fields);
        self
    }

    /// Adds a policy file.
    pub(crate) fn policy(&mut self, name: &'static str, text: &str) -> &mut Self {
        self.policies.insert(name, text.to_owned());
        self
    }

    /// Writes a crawl file and names it as an input.
    pub(crate) fn warc(&mut self, name: &str, bytes: &[u8]) -> &mut Self {
        self.file(&format!("crawl/{name}"), bytes);
        self.paths.push(format!("crawl/{name}"));
        self
    }

    /// Writes a file below the corpus' folder.
    pub(crate) fn file(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("a scratch folder");
        fs::write(&path, bytes).expect("a scratch file");
        path
    }

    /// A path below the corpus' folder.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// The text of the config.
    pub(crate) fn yaml(&self) -> String {
        if !self.whole.is_empty() {
            return self.whole.clone();
        }
        let mut sources = String::new();
        if !self.paths.is_empty() || self.documents.is_empty() {
            writeln!(sources, "  crawl: {{ warc: {{ paths: {:?}{} }} }}", self.paths, self.source)
                .expect("a string grows");
        }
        for (name, fields) in &self.documents {
            writeln!(sources, "  {name}: {{ documents: {{ {fields} }} }}").expect("a string grows");
        }
        if !self.seeds.is_empty() {
            sources.push_str("  communities: { seeds: { file: seeds.csv } }\n");
        }
        let mut nodes = String::new();
        for (name, fields) in &self.nodes {
            writeln!(nodes, "  {name}: {{ {fields} }}").expect("a string grows");
        }
        let policies: Vec<String> = self.policies.keys().map(|name| format!("policies/{name}")).collect();
        format!(
            "version: 1\ncorpus: jaribio\nas_of: {}\nrandom_seed: 7\nruns_at: {}\nwork_dir: {}\nkeys: {{ {} }}\n\
             retention: {{ {} }}\nabout: {{ {} }}\nmax_broken: {}\nsplit_bytes: {}\nsources:\n{sources}steps:\n  - extract_html: {{}}\n  \
             - normalize_text: {{ form: nfc }}\n  - identify_language: {{ engine: ngram }}\n{}  \
             - tag_license: {{}}\n  - tag_jurisdiction: {{ from: [steward, contract, registry] }}\n\
             {}nodes:\n{nodes}policies: {policies:?}\n",
            self.as_of,
            self.runs_at,
            self.work_dir,
            self.keys,
            self.retention,
            self.about,
            self.max_broken,
            self.split_bytes,
            self.filters,
            self.dedup,
        )
    }

    /// Writes config, policies and seeds.
    pub(crate) fn write(&self) -> PathBuf {
        for (name, text) in &self.policies {
            self.file(&format!("policies/{name}"), text.as_bytes());
        }
        if !self.seeds.is_empty() {
            let rows = self.seeds.join("\n");
            self.file("seeds.csv", format!("{}\n{rows}\n", self.seed_columns).as_bytes());
        }
        self.file("corpus.yaml", self.yaml().as_bytes())
    }

    /// Runs in this process, up to a stage.
    pub(crate) fn try_run_until(&self, until: Until) -> Result<Finished, RunError> {
        let report = config::validate_file(&self.write(), None);
        let loaded = report.loaded.ok_or_else(|| RunError::Config(Box::new(report.diagnostics)))?;
        let options = RunOptions { threads: self.threads, memory: 256 << 20, node: None, until, done: None };
        let work = async { run(&loaded, &options, &Arc::new(Progress::default()), &Unwatched).await };
        runtime(self.threads).block_on(work)
    }

    /// Runs in this process to the end.
    pub(crate) fn try_run(&self) -> Result<Finished, RunError> {
        self.try_run_until(Until::Seal)
    }

    /// Runs in this process; panics with the error and its causes if it fails.
    pub(crate) fn run(&self) -> Finished {
        self.try_run().unwrap_or_else(|error| panic!("the run failed: {error}\n{error:?}"))
    }

    /// The command, on this corpus.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kilim"));
        command.args([name, "-c"]).arg(self.path("corpus.yaml"));
        if ["run", "resume"].contains(&name) {
            command.args(["--no-progress", "--threads", &self.threads.to_string()]);
        }
        command.env("NO_COLOR", "1").stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Writes the config and runs the command to its end.
    pub(crate) fn kilim(&self, name: &str) -> Said {
        self.write();
        Said::new(&self.command(name).output().expect("the command starts"))
    }

    /// Starts a run as a process of its own.
    pub(crate) fn start(&self, name: &str) -> Child {
        let mut command = self.command(name);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts")
    }

    /// All files below `out/`, as they would be published.
    pub(crate) fn published(&self) -> BTreeMap<String, Vec<u8>> {
        let folder = self.path("out");
        let read = |path: PathBuf| {
            let bytes = fs::read(&path).expect("a published file can be read");
            (below(&folder, &path), bytes)
        };
        files(&folder).into_iter().map(read).collect()
    }

    /// Inode and time of change of all files below `folder`: what tells whether one was written again. A temporary file of
    /// a run at work may be gone before it is looked at.
    pub(crate) fn stamps(&self, folder: &str) -> BTreeMap<String, Stamp> {
        let folder = self.path(folder);
        let stamp = |path: PathBuf| {
            let meta = fs::metadata(&path).ok()?;
            Some((below(&folder, &path), (meta.ino(), meta.mtime(), meta.mtime_nsec())))
        };
        files(&folder).into_iter().filter_map(stamp).collect()
    }

    /// URLs of the documents in a node's shards, sorted.
    pub(crate) fn urls_at(&self, node: &str) -> Vec<String> {
        Self::urls_below(&self.path("out").join(node))
    }

    /// The same of its newest version alone.
    pub(crate) fn urls_at_newest(&self, node: &str) -> Vec<String> {
        let versions = fs::read_dir(self.path("out").join(node)).expect("the node has versions");
        let newest = versions.map(|entry| entry.expect("a folder").path()).max();
        Self::urls_below(&newest.expect("at least one"))
    }

    fn urls_below(folder: &Path) -> Vec<String> {
        let shards: Vec<String> = files(folder)
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "parquet"))
            .map(|path| path.to_string_lossy().into_owned())
            .collect();
        if shards.is_empty() {
            return Vec::new();
        }
        let rows = runtime(1).block_on(async {
            let context = SessionContext::new();
            let frame =
                context.read_parquet(shards, datafusion::prelude::ParquetReadOptions::default()).await?;
            context.register_table("shards", frame.into_view())?;
            query(&context, "SELECT url FROM shards ORDER BY url").await
        });
        let rows =
            rows.unwrap_or_else(|error| panic!("the shards in {} can be read: {error}", folder.display()));
        rows.into_iter().flatten().collect()
    }

    /// Whether `word` stands in any file below `folder`, Parquet decompressed.
    pub(crate) fn stands_in(&self, folder: &str, word: &str) -> bool {
        let all = files(&self.path(folder));
        assert!(!all.is_empty(), "{folder}");
        all.into_iter().any(|path| {
            let bytes = fs::read(&path).expect("an output can be read");
            let holds = |bytes: &[u8]| bytes.windows(word.len()).any(|window| window == word.as_bytes());
            let parquet = path.extension().is_some_and(|extension| extension == "parquet");
            holds(&bytes) || parquet && shown(&path).contains(word)
        })
    }

    /// Asks the ledger; every value as text, null as "".
    pub(crate) fn sql(&self, sql: &str) -> Vec<Vec<String>> {
        let report = config::validate_file(&self.path("corpus.yaml"), None);
        let work_dir = work_dir_of(&report.loaded.expect("the config was run"));
        let ledger = Ledger::read(&work_dir).expect("a run has finished");
        let rows = runtime(1).block_on(async {
            let context = SessionContext::new();
            ledger.register(&context, &work_dir).await?;
            query(&context, sql).await
        });
        rows.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// What became of the document at `url`: its outcome, then the reason or the nodes.
    pub(crate) fn fate(&self, url: &str) -> String {
        let rows = self.sql(&format!(
            "SELECT outcome || ' ' || coalesce(route_reason, array_to_string(nodes, ','), \
             (SELECT min(code) FROM reasons WHERE reasons.doc_id = documents.doc_id), '') \
             FROM documents WHERE url = '{url}' ORDER BY 1"
        ));
        rows.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

/// All rows of a Parquet file as text.
pub(crate) fn shown(path: &Path) -> String {
    let file = fs::File::open(path).expect("an output can be read");
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(file).and_then(ParquetRecordBatchReaderBuilder::build);
    let batches = reader.expect("it is Parquet").collect::<Result<Vec<_>, _>>().expect("rows can be read");
    pretty_format_batches(&batches).expect("rows can be shown").to_string()
}

/// What the command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) fn new(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Holds that the command was refused with `code` and that stderr says all of `words`; never a panic.
    pub(crate) fn refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }

    /// Holds that the command did its work.
    pub(crate) fn done(&self) {
        assert_eq!(self.code, Some(0), "{self:?}");
    }
}

async fn query(context: &SessionContext, sql: &str) -> datafusion::common::Result<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    for batch in context.sql(sql).await?.collect().await? {
        let options = FormatOptions::default();
        let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            rows.push(columns.iter().map(|column| column.value(row).to_string()).collect());
        }
    }
    Ok(rows)
}

fn runtime(threads: usize) -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(threads).enable_all().build().expect("threads can be started")
}

fn below(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).expect("it lies below").to_string_lossy().into_owned()
}

/// All files below `folder`, sorted; none if there is no such folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Holds that two sets of published files are the same, and says which differ.
pub(crate) fn assert_same(a: &BTreeMap<String, Vec<u8>>, b: &BTreeMap<String, Vec<u8>>, why: &str) {
    assert!(!a.is_empty(), "{why}: nothing was published");
    let names: Vec<_> = a.keys().collect();
    assert_eq!(names, b.keys().collect::<Vec<_>>(), "{why}");
    let differ: Vec<_> = a.iter().filter(|(name, bytes)| b[*name] != **bytes).map(|(name, _)| name).collect();
    assert!(differ.is_empty(), "{why}: {differ:?} differ");
}
