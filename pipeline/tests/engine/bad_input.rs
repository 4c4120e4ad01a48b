//! What cannot be done is said clearly, with the next move and the right exit code, before anything is lost.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use crate::corpus::{Corpus, Said};
use crate::pages::{many, page, text, warc};

const KENYAN: &str = "https://habari.co.ke/";

fn one_page() -> Corpus {
    let mut corpus = Corpus::new();
    corpus.warc("a.warc.gz", &warc(&[page(KENYAN, &text("hin", 1))]));
    corpus
}

/// Runs a config whose text was changed after it was made.
fn with_config(corpus: &Corpus, bytes: &[u8]) -> Said {
    corpus.write();
    corpus.file("corpus.yaml", bytes);
    Said::new(&corpus.command("run").output().expect("the command starts"))
}

#[test]
fn an_input_that_is_no_file_is_refused_by_name_before_anything_is_read() {
    for (input, words) in [
        ("crawl", ["crawl", "name its files, for example"]),
        ("crawl/haipo.warc.gz", ["haipo.warc.gz", "paths are relative to the config's folder"]),
        ("crawl/haipo-*.warc.gz", ["haipo-*.warc.gz", "stays within a folder"]),
        ("ftp://habari.co.ke/a.warc.gz", ["ftp", "known are file://"]),
    ] {
        let mut corpus = one_page();
        corpus.paths.push(input.to_owned());
        let said = corpus.kilim("run");
        said.refused(2, &["hint:", words[0], words[1]]);
        assert!(corpus.stamps("work/documents").is_empty() && corpus.published().is_empty(), "{input}");
    }
}

#[test]
fn a_list_that_names_a_missing_file_says_which_list() {
    let mut corpus = one_page();
    corpus.file("crawl/warc.paths", b"a.warc.gz\nhaipo.warc.gz\n");
    corpus.paths = vec!["crawl/warc.paths".to_owned()];
    corpus.kilim("run").refused(2, &["haipo.warc.gz", "warc.paths", "hint:"]);
}

#[test]
fn a_file_that_may_not_be_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let corpus = one_page();
    let path = corpus.path("crawl/a.warc.gz");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        eprintln!("skipped: this user (root) may read every file");
        return;
    }
    corpus.kilim("run").refused(2, &["a.warc.gz", "check the owner and mode", "hint:"]);
}

#[test]
fn a_bucket_that_cannot_be_reached_is_named() {
    let mut corpus = one_page();
    corpus.paths.push("s3://ndoo-isiyopo/crawl/a.warc.gz".to_owned());
    corpus.write();
    let started = Instant::now();
    let mut command = corpus.command("run");
    // Nobody listens there.
    command.env("AWS_ENDPOINT", "http://127.0.0.1:9").env("AWS_ALLOW_HTTP", "true");
    command
        .env("AWS_ACCESS_KEY_ID", "jaribio")
        .env("AWS_SECRET_ACCESS_KEY", "jaribio")
        .env("AWS_REGION", "af-south-1");
    let said = Said::new(&command.output().unwrap());
    said.refused(2, &["s3://ndoo-isiyopo/crawl/a.warc.gz", "hint:"]);
    assert!(!said.stderr.contains("jaribio"), "credentials are not shown: {}", said.stderr);
    println!("refused after {:?}: {}", started.elapsed(), said.stderr);
}

#[test]
fn a_config_that_cannot_be_read_is_refused_with_its_place() {
    let corpus = one_page();
    let good = corpus.yaml();
    let mut bytes = good.replace("jaribio", "jari?bio").into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'?').unwrap();
    bytes[at] = 0xff;
    with_config(&corpus, &bytes).refused(2, &["corpus.yaml:2", "not UTF-8", "save the file as UTF-8"]);

    let twice = good.replace("random_seed: 7\n", "random_seed: 7\nrandom_seed: 8\n");
    with_config(&corpus, twice.as_bytes()).refused(2, &["corpus.yaml:5:1", "random_seed"]);

    let unknown = good.replace("dedup_exact", "dedup_exakt");
    with_config(&corpus, unknown.as_bytes()).refused(2, &["dedup_exakt", "dedup_exact", "corpus.yaml:"]);

    for torn in ["", "version: [", "{{{{", "version: 1\n\tcorpus: x", "- 1\n- 2\n"] {
        with_config(&corpus, torn.as_bytes()).refused(2, &["corpus.yaml", "error"]);
    }
    std::fs::remove_file(corpus.path("corpus.yaml")).unwrap();
    let said = Said::new(&corpus.command("run").output().unwrap());
    said.refused(2, &["corpus.yaml", "cannot read the config"]);
}

#[test]
fn a_policy_that_does_not_validate_is_refused_with_its_place() {
    for (rule, word) in [
        ("permit (principal, action, resource) when { resource.colour == 1 };", "colour"),
        ("permit (principal, action == Action::\"emit\", resource", "ke.cedar:1"),
        ("permit (principal, action == Action::\"emitt\", resource);", "emitt"),
    ] {
        let mut corpus = one_page();
        corpus.policy("ke.cedar", rule);
        corpus.kilim("run").refused(2, &["ke.cedar", word]);
        assert!(corpus.published().is_empty());
    }
    let mut corpus = one_page();
    corpus.write();
    std::fs::remove_file(corpus.path("policies/residency.cedar")).unwrap();
    let said = Said::new(&corpus.command("run").output().unwrap());
    said.refused(2, &["residency.cedar"]);
    corpus.policies.clear();
    corpus.kilim("run").refused(2, &["policies", "corpus.yaml:"]);
}

#[test]
fn a_work_dir_or_out_folder_that_cannot_be_made_is_refused_with_a_hint() {
    let mut corpus = one_page();
    corpus.file("kazi", b"a file stands where the folder should be");
    corpus.work_dir = "./kazi";
    corpus.kilim("run").refused(2, &["kazi", "hint:"]);

    // Nobody may write below /proc, not even root.
    corpus.work_dir = "/proc/kilim/kazi";
    corpus.kilim("run").refused(2, &["/proc/kilim", "hint: check that the folder may be written"]);

    let corpus = one_page();
    corpus.file("out", b"a file stands where the folder should be");
    corpus.kilim("run").refused(2, &["out", "hint:"]);
}

/// A small file system of its own below a corpus' folder; gone when dropped.
struct Mount(PathBuf);

impl Mount {
    /// Mounts one with `options`; none where that is not permitted.
    fn new(folder: PathBuf, options: &str) -> Option<Self> {
        std::fs::create_dir_all(&folder).expect("a scratch folder");
        let mount = Self(folder);
        mount.set(options).then_some(mount)
    }

    fn set(&self, options: &str) -> bool {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "kilim-jaribio"]).arg(&self.0);
        command.output().is_ok_and(|output| output.status.success())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Where nothing is mounted this fails, which is as well.
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_is_said_and_a_resume_with_space_ends_well() {
    let mut corpus = Corpus::new();
    corpus.warc("a.warc.gz", &many("diski", 60, 0)).warc("b.warc.gz", &many("ndogo", 20, 0));
    corpus.work_dir = "./mount/work";
    let Some(mount) = Mount::new(corpus.path("mount"), "size=40k") else {
        eprintln!("skipped: a small file system cannot be mounted here");
        return;
    };
    corpus.kilim("run").refused(2, &["hint:", "the disk is full"]);
    assert!(mount.set("remount,size=64m"));
    corpus.kilim("resume").done();
}

#[test]
fn a_work_dir_that_may_only_be_read_is_refused_with_a_hint() {
    let mut corpus = one_page();
    corpus.work_dir = "./mount/work";
    let Some(mount) = Mount::new(corpus.path("mount"), "size=1m,ro") else {
        eprintln!("skipped: a small file system cannot be mounted here");
        return;
    };
    corpus
        .kilim("run")
        .refused(2, &["mount/work", "Read-only", "hint: check that the folder may be written"]);
    assert!(corpus.published().is_empty());
    drop(mount);
    corpus.kilim("run").done();
}

#[test]
fn a_file_in_two_sources_is_refused_since_its_claims_would_be_two() {
    let corpus = one_page();
    let second = "sources:\n  jamii: { warc: { paths: [\"./crawl/a.warc.gz\"], country: TZ } }\n";
    let yaml = corpus.yaml().replace("sources:\n", second);
    with_config(&corpus, yaml.as_bytes())
        .refused(2, &["a.warc.gz is in two sources", "hint: a file has one source"]);
}

#[test]
fn more_broken_records_than_allowed_end_with_their_own_exit_code() {
    let mut corpus = one_page();
    corpus.warc("takataka.warc.gz", &[7; 5000]);
    let said = corpus.kilim("run");
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.stdout.contains("more than max_broken allows"), "{said:?}");
    assert_eq!(corpus.urls_at("ke"), [KENYAN], "the good page is there");
    corpus.max_broken = "60%";
    corpus.kilim("run").done();
}

#[test]
fn a_check_that_finds_something_ends_with_its_own_exit_code() {
    let corpus = one_page();
    let checks = "checks:\n  - name: nothing is ever published\n    sql: SELECT doc_id FROM documents WHERE outcome = 'sharded'\n";
    let said = with_config(&corpus, format!("{}{checks}", corpus.yaml()).as_bytes());
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stdout.contains("nothing is ever published"), "{said:?}");
}
