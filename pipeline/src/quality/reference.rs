//! Text that one trusts, by language: what thresholds are fitted on, in two halves.
//!
//! # What it does
//! Reads documents from files of three kinds: `.tsv` or `.tsv.zst`, a label, a tab and a line of text; `.jsonl`, objects with
//! `lang` and `text`, as shards have them; and folders named after a language, each `.txt` in which is a document. Lines of
//! `.tsv` stand alone, often in no order, so those of one language are joined by spaces to passages of about
//! [`PASSAGE_WORDS`] words: they say what words of the language are like, and nothing of its lines. Whole documents may be
//! cut at line ends into passages, which makes more of few.
//!
//! Every language's documents in one source are put in the order of a hash of their text, and go in turn to one half and
//! the other. So the halves do not depend on the order of files or lines, and neither is ever empty for the other. Where a
//! source has at least [`WHOLE_DOCUMENTS`] documents of a language, passages of one document stay in one half.
//!
//! # Across languages
//! Words are those of `segment.rs`, so a passage of Thai is as long as one of Swahili.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use kilim_langid::LangTag;
use kilim_langid::train::{CorpusError, read_lines, source_name};
use serde::Deserialize;
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use super::segment::Segmenter;
use super::table_language;

/// Words of a passage that is joined of lines: most rules of length are content with fifty, and the measures of a text of
/// less than a hundred words are mostly chance.
pub const PASSAGE_WORDS: usize = 120;

/// From so many documents on a half is made of whole documents.
pub const WHOLE_DOCUMENTS: usize = 4;

/// Reference text that cannot be used.
#[derive(Debug, Error)]
pub enum ReferenceError {
    /// A file of labelled lines.
    #[error(transparent)]
    Lines(#[from] CorpusError),
    /// A file or folder that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line that is no document.
    #[error("{}:{line}: {problem}", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong; never text of the document.
        problem: String,
    },
    /// No document at all.
    #[error("no documents in {}\nhint: .tsv, .tsv.zst, .jsonl, or folders such as swa_Latn with .txt", path.display())]
    Empty {
        /// The file or folder.
        path: PathBuf,
    },
}

/// One text: a document, or a passage of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceText {
    /// As tables of quality name it.
    pub language: String,
    /// Index of its source.
    pub source: usize,
    /// Number of its document within source and language.
    pub document: usize,
    /// The text.
    pub text: String,
}

/// Reference texts, and the names of where they are from.
#[derive(Debug, Default)]
pub struct Reference {
    /// Names of the sources: files without folder and endings.
    pub sources: Vec<String>,
    /// The texts, as they were read.
    pub texts: Vec<ReferenceText>,
    /// Documents by source and language.
    counts: BTreeMap<(usize, String), usize>,
}

/// A document as a line of JSON; other fields are left alone.
#[derive(Deserialize)]
struct JsonDocument {
    lang: String,
    text: String,
}

impl Reference {
    /// Reads files and folders. `passage_words` cuts documents into passages of that length; without, they stay whole.
    pub fn read(inputs: &[PathBuf], passage_words: Option<usize>) -> Result<Self, ReferenceError> {
        let mut reference = Self::default();
        let mut segmenter = Segmenter::new();
        for input in inputs {
            let before = reference.texts.len();
            for file in files_of(input)? {
                reference.read_file(&file, passage_words, &mut segmenter)?;
            }
            if reference.texts.len() == before {
                return Err(ReferenceError::Empty { path: input.clone() });
            }
        }
        Ok(reference)
    }

    fn read_file(
        &mut self,
        file: &SourceFile,
        passage_words: Option<usize>,
        segmenter: &mut Segmenter,
    ) -> Result<(), ReferenceError> {
        let source = self.source(&file.source);
        match &file.kind {
            Kind::Lines => self.join(&file.path, source, passage_words, segmenter)?,
            Kind::Json => {
                let opened = fs::File::open(&file.path).map_err(|error| read_error(&file.path, error))?;
                let lines = std::io::BufReader::new(opened);
                self.read_json(lines, &file.path, source, passage_words, segmenter)?;
            }
            Kind::Text(language) => {
                let text = fs::read_to_string(&file.path).map_err(|error| read_error(&file.path, error))?;
                self.add(language, source, &text, passage_words, segmenter);
            }
        }
        Ok(())
    }

    /// Reads lines of JSON from anywhere; `path` names it in errors.
    pub fn read_json(
        &mut self,
        lines: impl BufRead,
        path: &Path,
        source: usize,
        passage_words: Option<usize>,
        segmenter: &mut Segmenter,
    ) -> Result<(), ReferenceError> {
        for (line, text) in (1..).zip(lines.lines()) {
            let text = text.map_err(|error| read_error(path, error))?;
            if text.trim().is_empty() {
                continue;
            }
            let problem = |problem: String| ReferenceError::Document { path: path.to_owned(), line, problem };
            let document: JsonDocument =
                serde_json::from_str(&text).map_err(|error| problem(without_place(&error)))?;
            let language = language_of(&document.lang).map_err(problem)?;
            self.add(&language, source, &document.text, passage_words, segmenter);
        }
        Ok(())
    }

    /// The index of a source of this name, a new one if there was none.
    pub fn source(&mut self, name: &str) -> usize {
        self.sources.iter().position(|known| known == name).unwrap_or_else(|| {
            self.sources.push(name.to_owned());
            self.sources.len() - 1
        })
    }

    /// Adds a document. Blank ones, and those in no language, are none.
    pub fn add(
        &mut self,
        language: &str,
        source: usize,
        text: &str,
        passage_words: Option<usize>,
        segmenter: &mut Segmenter,
    ) {
        if text.trim().is_empty() || !language.parse().is_ok_and(|tag: LangTag| tag.is_language()) {
            return;
        }
        let document = self.counts.entry((source, language.to_owned())).or_default();
        let passages = match passage_words {
            Some(words) => cut(text, words, segmenter),
            None => vec![text.to_owned()],
        };
        let of = |text| ReferenceText { language: language.to_owned(), source, document: *document, text };
        self.texts.extend(passages.into_iter().map(of));
        *document += 1;
    }

    /// Joins the lines of each language in a file to passages.
    fn join(
        &mut self,
        path: &Path,
        source: usize,
        passage_words: Option<usize>,
        segmenter: &mut Segmenter,
    ) -> Result<(), ReferenceError> {
        let enough = passage_words.unwrap_or(PASSAGE_WORDS);
        let mut open: BTreeMap<LangTag, (String, usize)> = BTreeMap::new();
        for line in read_lines(path, source)?.into_iter().filter(|line| line.tag.is_language()) {
            let (passage, words) = open.entry(line.tag).or_default();
            if !passage.is_empty() {
                passage.push(' ');
            }
            passage.push_str(line.text.trim());
            *words += count_words(&line.text, segmenter);
            if *words >= enough {
                let (passage, language) = (std::mem::take(passage), line.tag.to_string());
                *words = 0;
                self.add(&language, source, &passage, None, segmenter);
            }
        }
        // What is left of a language is shorter than the others, and would speak of that.
        Ok(())
    }

    /// The indexes of the texts to fit on, and of those that are held back; sorted. A text that a source has twice is in one
    /// half.
    pub fn halves(&self) -> (Vec<usize>, Vec<usize>) {
        let mut units: BTreeMap<(usize, &str), BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
        let mut first_text: BTreeMap<(usize, &str, usize), u64> = BTreeMap::new();
        for (index, text) in self.texts.iter().enumerate() {
            let key = (text.source, text.language.as_str());
            let whole = self.counts.get(&(text.source, text.language.clone())).copied().unwrap_or(0);
            let own = xxh3_64(text.text.as_bytes());
            let hash = if whole >= WHOLE_DOCUMENTS {
                *first_text.entry((key.0, key.1, text.document)).or_insert(own)
            } else {
                own
            };
            units.entry(key).or_default().entry(hash).or_default().push(index);
        }
        let (mut fitted, mut held_back) = (Vec::new(), Vec::new());
        for (place, indexes) in units.into_values().flat_map(|unit| unit.into_values().enumerate()) {
            if place % 2 == 0 { &mut fitted } else { &mut held_back }.extend(indexes);
        }
        fitted.sort_unstable();
        held_back.sort_unstable();
        (fitted, held_back)
    }
}

/// A label of JSON or of a folder, as tables name it.
fn language_of(label: &str) -> Result<String, String> {
    let tag: LangTag = label.parse().map_err(|error: kilim_langid::ParseTagError| error.to_string())?;
    if !tag.is_language() {
        return Ok(tag.to_string());
    }
    if !kilim_langid::known_code(tag.code()) {
        return Err(format!("`{}` is no code of ISO 639-3", tag.code()));
    }
    if tag.script().is_none() {
        return Err(format!("`{label}` has no script\nhint: write it as in `swa_Latn`"));
    }
    Ok(table_language(label))
}

/// What is wrong with a line of JSON: its line is said by us, and text of the document is not shown.
fn without_place(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => {
            "expected an object with the strings `lang` and `text`".to_owned()
        }
        _ => "not JSON\nhint: one object a line, such as {\"lang\": \"swa_Latn\", \"text\": \"...\"}"
            .to_owned(),
    }
}

fn read_error(path: &Path, source: std::io::Error) -> ReferenceError {
    ReferenceError::Read { path: path.to_owned(), source }
}

fn count_words(text: &str, segmenter: &mut Segmenter) -> usize {
    segmenter.segment(text).tokens.iter().filter(|token| token.is_word()).count()
}

/// Cuts a text at line ends into passages of at least so many words; what is left over goes to the last.
fn cut(text: &str, words: usize, segmenter: &mut Segmenter) -> Vec<String> {
    let mut passages: Vec<String> = Vec::new();
    let (mut passage, mut so_far) = (String::new(), 0);
    for line in text.lines() {
        if !passage.is_empty() {
            passage.push('\n');
        }
        passage.push_str(line);
        so_far += count_words(line, segmenter);
        if so_far >= words {
            passages.push(std::mem::take(&mut passage));
            so_far = 0;
        }
    }
    match passages.last_mut() {
        Some(last) if !passage.is_empty() => {
            last.push('\n');
            last.push_str(&passage);
        }
        None => passages.push(passage),
        Some(_) => {}
    }
    passages
}

enum Kind {
    Lines,
    Json,
    Text(String),
}

struct SourceFile {
    path: PathBuf,
    source: String,
    kind: Kind,
}

/// The files of an input, sorted. A file that is named must be of a known kind; in folders others are passed over.
fn files_of(input: &Path) -> Result<Vec<SourceFile>, ReferenceError> {
    if input.is_dir() {
        let mut files = Vec::new();
        for path in entries(input)? {
            if !path.is_dir() {
                files.extend(file_of(&path));
                continue;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Ok(language) = language_of(&name) else { continue };
            let texts =
                entries(&path)?.into_iter().filter(|text| text.extension().is_some_and(|e| e == "txt"));
            let source = source_name(input);
            files.extend(texts.map(|path| SourceFile {
                path,
                source: source.clone(),
                kind: Kind::Text(language.clone()),
            }));
        }
        return Ok(files);
    }
    let missing = || ReferenceError::Empty { path: input.to_owned() };
    fs::metadata(input).map_err(|error| read_error(input, error))?;
    Ok(vec![file_of(input).ok_or_else(missing)?])
}

fn file_of(path: &Path) -> Option<SourceFile> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let plain = name.strip_suffix(".zst").unwrap_or(&name);
    let kind = match plain.rsplit_once('.')?.1 {
        "tsv" => Kind::Lines,
        "jsonl" if plain == name => Kind::Json,
        _ => return None,
    };
    Some(SourceFile { path: path.to_owned(), source: source_name(path), kind })
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ReferenceError> {
    let read = fs::read_dir(folder).map_err(|error| read_error(folder, error))?;
    let paths: Result<Vec<PathBuf>, _> = read.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(|error| read_error(folder, error))?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)], passage_words: Option<usize>) -> Result<Reference, ReferenceError> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Reference::read(&[folder.path().to_owned()], passage_words)
    }

    #[test]
    fn lines_of_a_language_become_passages_of_as_many_words_in_every_script() {
        let lines: Vec<String> = (0..300)
            .map(|at| format!("swa_Latn\tSoko la kijiji {at}.\ntha_Thai\tตลาดเปิดแล้ว\nzxx_Zyyy\t0 0 0\n"))
            .collect();
        let lines = lines.concat();
        let reference = read(&[("own.tsv", &lines)], None).unwrap();
        let mut segmenter = Segmenter::new();
        for language in ["swa_Latn", "tha_Thai"] {
            let of: Vec<_> = reference.texts.iter().filter(|text| text.language == language).collect();
            assert!(of.len() >= 7, "{language}: {}", of.len());
            for text in of {
                let words = count_words(&text.text, &mut segmenter);
                assert!((PASSAGE_WORDS..PASSAGE_WORDS + 8).contains(&words), "{language}: {words}");
                assert!(!text.text.contains('\n'));
            }
        }
        assert!(reference.texts.iter().all(|text| !text.language.starts_with("zxx")));
    }

    #[test]
    fn documents_come_from_json_and_from_folders_under_the_code_of_tables() {
        let json = "{\"lang\": \"swh_Latn\", \"text\": \"Habari\\nya leo\", \"id\": 1}\n\n\
            {\"lang\": \"und\", \"text\": \"?\"}\n{\"lang\": \"amh_Ethi\", \"text\": \" \"}\n";
        let reference =
            read(&[("a.jsonl", json), ("ell_Grek/1.txt", "Καλημέρα"), ("notes.md", "no")], None).unwrap();
        let found: Vec<_> = reference.texts.iter().map(|text| (&*text.language, &*text.text)).collect();
        assert_eq!(found, [("swa_Latn", "Habari\nya leo"), ("ell_Grek", "Καλημέρα")]);
    }

    #[test]
    fn a_document_is_cut_at_line_ends_and_nothing_of_it_is_lost() {
        let mut segmenter = Segmenter::new();
        let text = "Watoto wa shule\nwanasoma\n\nvitabu kwa furaha\nleo";
        let passages = cut(text, 3, &mut segmenter);
        assert_eq!(passages, ["Watoto wa shule", "wanasoma\n\nvitabu kwa furaha\nleo"]);
        assert_eq!(cut("ตลาด", 50, &mut segmenter), ["ตลาด"]);
    }

    #[test]
    fn halves_depend_on_texts_alone_and_differ_by_one_document_at_most() {
        let line =
            |at: usize| format!("{{\"lang\": \"hin_Deva\", \"text\": \"पाठ {at}\\nदूसरी पंक्ति यहाँ है\"}}\n");
        let forward: String = (0..9).map(line).collect();
        let backward: String = (0..9).rev().map(line).collect();
        let texts = |json: &str| {
            let reference = read(&[("a.jsonl", json)], Some(2)).unwrap();
            let (fitted, held_back) = reference.halves();
            let text = |index: usize| reference.texts[index].text.clone();
            let sorted = |indexes: Vec<usize>| {
                indexes.into_iter().map(text).collect::<std::collections::BTreeSet<_>>()
            };
            // Each document is two passages, and they stay together.
            assert_eq!((fitted.len(), held_back.len()), (10, 8));
            (sorted(fitted), sorted(held_back))
        };
        assert_eq!(texts(&forward), texts(&backward));
    }

    #[test]
    fn bad_input_is_named_with_its_line_and_never_shown() {
        for (name, text, said) in [
            (
                "a.jsonl",
                "{\"lang\": \"xqz_Latn\", \"text\": \"siri\"}\n",
                "a.jsonl:1: `xqz` is no code of ISO 639-3",
            ),
            ("a.jsonl", "\n{\"lang\": \"swa\", \"text\": \"siri\"}\n", "a.jsonl:2: `swa` has no script"),
            ("a.jsonl", "{\"lang\": \"Swahili\", \"text\": \"siri\"}\n", "\"Swahili\" is not a language tag"),
            ("a.jsonl", "{\"lang\": \"swa_Latn\", \"text\": NaN}\n", "a.jsonl:1: not JSON"),
            ("a.jsonl", "{\"text\": \"siri\"}\n", "expected an object with the strings `lang` and `text`"),
            ("a.jsonl", "", "no documents in"),
            ("a.tsv", "siri\n", "line 1: expected a label"),
        ] {
            let error = read(&[(name, text)], None).unwrap_err().to_string();
            assert!(error.contains(said) && !error.contains("siri"), "{error}");
        }
        let error = Reference::read(&[PathBuf::from("/nowhere/a.tsv")], None).unwrap_err().to_string();
        assert!(error.starts_with("cannot read /nowhere/a.tsv"), "{error}");
    }
}
