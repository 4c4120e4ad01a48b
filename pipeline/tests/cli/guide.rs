//! The steward's guide is true: its commands are run in order, on a copy of the quickstart, and say what it shows.
//!
//! In `configs/GUIDE.md` a `console` block holds commands behind `$ ` with their output: what a command says on stdout, and on
//! stderr too if it fails. One line `…` stands for lines that are left out. A block with a `title` is a file; as a `diff`, a
//! change to it. `GUIDE_UPDATE=1` writes what the commands say now into the guide.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{copy, root};

const ELLIPSIS: &str = "…";

/// A folder that looks like a checkout: configs of its own, and the samples.
struct Checkout {
    folder: tempfile::TempDir,
}

impl Checkout {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["configs", "data-samples/crawl"] {
            copy(&root().join(part), &folder.path().join(part));
        }
        fs::copy(root().join("data-samples/seeds.csv"), folder.path().join("data-samples/seeds.csv"))
            .unwrap();
        // Not what a run in the real one left there.
        for left in ["work", "out"] {
            let _ = fs::remove_dir_all(folder.path().join("configs/quickstart").join(left));
        }
        Self { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// What a command says, line by line.
    fn say(&self, command: &str) -> Vec<String> {
        let bin = Path::new(env!("CARGO_BIN_EXE_kilim")).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let mut said = String::from_utf8(output.stdout).unwrap();
        if !output.status.success() {
            said.push_str(&String::from_utf8(output.stderr).unwrap());
        }
        let here = format!("{}/", self.folder.path().canonicalize().unwrap().display());
        let shown = |line: &str| match line.split_once(", run ") {
            // Its id changes with every version of a step, and tells a reader nothing.
            Some((corpus, _)) if corpus.starts_with("corpus ") => format!("{corpus}, run …"),
            _ => line.trim_end().to_owned(),
        };
        said.replace(&here, "…/").lines().map(shown).collect()
    }

    /// Replaces the lines with `-` by those with `+`, group by group.
    fn change(&self, file: &str, diff: &[&str]) {
        let mut text = fs::read_to_string(self.path(file)).unwrap();
        let side = |mark: char| -> String {
            let lines = diff.iter().filter_map(|line| line.strip_prefix([mark, ' ']));
            lines.fold(String::new(), |text, line| text + line + "\n")
        };
        let before = side('-');
        assert_eq!(text.matches(&before).count(), 1, "{file} has once:\n{before}");
        text = text.replace(&before, &side('+'));
        fs::write(self.path(file), text).unwrap();
    }
}

/// What the guide shows for a command, if that is what it says; else what it should show.
fn corrected(shown: &[&str], said: &[String]) -> Option<Vec<String>> {
    let Some(cut) = shown.iter().position(|line| *line == ELLIPSIS) else {
        return (shown != said).then(|| said.to_vec());
    };
    let (head, tail) = (&shown[..cut], &shown[cut + 1..]);
    assert!(!tail.contains(&ELLIPSIS), "one line of {ELLIPSIS} a command: {shown:?}");
    if said.len() < shown.len() {
        return Some(said.to_vec());
    }
    let (first, last) = (&said[..head.len()], &said[said.len() - tail.len()..]);
    (head != first || tail != last).then(|| [first, &[ELLIPSIS.to_owned()], last].concat())
}

#[test]
fn the_guide_shows_what_its_commands_say() {
    let path = root().join("configs/GUIDE.md");
    let guide = fs::read_to_string(&path).unwrap();
    let checkout = Checkout::new();
    let mut lines = guide.lines();
    let (mut written, mut wrong, mut commands) = (String::new(), String::new(), 0);
    while let Some(line) = lines.next() {
        let _ = writeln!(written, "{line}");
        let Some(kind) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let title = kind.split_once("title=\"").map(|(_, title)| title.trim_end_matches('"'));
        if let Some(file) = title {
            if kind.starts_with("diff") {
                checkout.change(file, &block);
            } else {
                fs::write(checkout.path(file), block.join("\n") + "\n").unwrap();
            }
        }
        if kind != "console" {
            let _ = writeln!(written, "{}\n```", block.join("\n"));
            continue;
        }
        let mut rest = &block[..];
        while let [prompt, after @ ..] = rest {
            let command = prompt.strip_prefix("$ ").unwrap();
            let (shown, next) =
                after.split_at(after.iter().position(|line| line.starts_with("$ ")).unwrap_or(after.len()));
            let said = checkout.say(command);
            let _ = writeln!(written, "{prompt}");
            let corrected = corrected(shown, &said);
            let now =
                corrected.clone().unwrap_or_else(|| shown.iter().map(|&line| line.to_owned()).collect());
            for line in &now {
                let _ = writeln!(written, "{line}");
            }
            if corrected.is_some() {
                let _ = writeln!(wrong, "$ {command}\nsays\n{}\n", said.join("\n"));
            }
            (rest, commands) = (next, commands + 1);
        }
        let _ = writeln!(written, "```");
    }
    assert!(commands > 10, "{commands}");
    if std::env::var_os("GUIDE_UPDATE").is_some() {
        fs::write(&path, written).unwrap();
    } else {
        assert!(wrong.is_empty(), "{wrong}hint: GUIDE_UPDATE=1 cargo test --workspace --test cli guide");
    }
}
