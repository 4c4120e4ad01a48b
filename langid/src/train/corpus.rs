//! Training text: label-tab-text files, read in the order given, with a few labels put right.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::LangTag;
use crate::script::Script;

/// A file of labelled lines that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// The file cannot be read, or is no zstd file although its name says so.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line without a tab, or whose first column is no label.
    #[error("{}, line {line}: expected a label such as `swa_Latn`, a tab and a text", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// No line at all.
    #[error("no labelled lines in {}", path.display())]
    Empty {
        /// The file or folder.
        path: PathBuf,
    },
}

/// One labelled text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its label.
    pub tag: LangTag,
    /// The index of its file in the list of sources.
    pub source: usize,
    /// The text.
    pub text: String,
}

/// The files of a folder that hold labelled lines, sorted by name: `.tsv` and `.tsv.zst`.
pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>, CorpusError> {
    let read = |source| CorpusError::Read { path: folder.to_owned(), source };
    if folder.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let plain = name.strip_suffix(".zst").unwrap_or(&name);
        if plain.strip_suffix(".tsv").is_some() {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(CorpusError::Empty { path: folder.to_owned() }) } else { Ok(files) }
}

/// The name of a source: its file without folder and endings.
pub fn source_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Reads one file. Blank lines are skipped; anything else that is no labelled line is an error.
pub fn read_lines(path: &Path, source: usize) -> Result<Vec<Line>, CorpusError> {
    let failed = |source| CorpusError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let reader: Box<dyn Read> = if path.extension().is_some_and(|ending| ending == "zst") {
        Box::new(zstd::Decoder::new(file).map_err(failed)?)
    } else {
        Box::new(file)
    };
    let mut lines = Vec::new();
    for (at, text) in BufReader::new(reader).lines().enumerate() {
        let text = text.map_err(failed)?;
        if text.trim().is_empty() {
            continue;
        }
        let labelled = text.split_once('\t').and_then(|(label, text)| Some((label.parse().ok()?, text)));
        let Some((tag, text)) = labelled else {
            return Err(CorpusError::Line { path: path.to_owned(), line: at + 1 });
        };
        lines.push(Line { tag: one_name(tag), source, text: text.to_owned() });
    }
    Ok(lines)
}

/// Labels that sources use for the same language become one, and macrolanguages' members their label.
///
/// Hmong is `hmn` and `hnj`, Zarma `dje` and the collective `son`, Nahuatl of the Sierra `azz` and the collective `nah`;
/// a few lines of Japanese are marked as Han alone.
pub fn one_name(tag: LangTag) -> LangTag {
    let tag = tag.collapsed();
    let code = match tag.code() {
        "hnj" => "hmn",
        "son" => "dje",
        "nah" => "azz",
        code => code,
    };
    let script = match (code, tag.script()) {
        ("jpn", Some(script)) if script == Script::HANI => Some(Script::JPAN),
        (_, script) => script,
    };
    LangTag::from_code(code).unwrap_or(tag).with_script(script)
}

/// Chinese labelled `Hani` becomes `Hans` or `Hant` by its characters, where lines that say which they are let it tell.
///
/// A character votes if lines of one kind have it at least ten times as often. Lines without votes keep their label.
pub(crate) fn split_han(lines: &mut [Line]) {
    let kinds = ["Hans", "Hant"].map(Script::parse);
    let mut counts: BTreeMap<char, [u32; 2]> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.tag.code() == "zho") {
        let Some(kind) = kinds.iter().position(|kind| *kind == line.tag.script()) else { continue };
        for c in line.text.chars().filter(|c| !c.is_ascii()) {
            counts.entry(c).or_default()[kind] += 1;
        }
    }
    for line in lines.iter_mut().filter(|line| line.tag.script() == Some(Script::HANI)) {
        let mut votes = [0; 2];
        for c in line.text.chars() {
            let [simple, traditional] = counts.get(&c).copied().unwrap_or_default();
            votes[0] += u32::from(simple > 10 * traditional.max(1) && simple > 3);
            votes[1] += u32::from(traditional > 10 * simple.max(1) && traditional > 3);
        }
        let kind = match votes {
            [simple, traditional] if simple > traditional => kinds[0],
            [simple, traditional] if traditional > simple => kinds[1],
            _ => continue,
        };
        line.tag = line.tag.with_script(kind);
    }
}

/// Letters of other scripts, or with other marks, that stand for letters that the typist's font lacked.
const LOOK_ALIKES: [(char, char); 9] = [
    ('ῖ', 'ĩ'),
    ('ῦ', 'ũ'),
    ('ᾰ', 'ă'),
    ('ӑ', 'ă'),
    ('ε', 'ɛ'),
    ('ԑ', 'ɛ'),
    ('Ԑ', 'Ɛ'),
    ('γ', 'ɣ'),
    ('ә', 'ə'),
];

/// The same within a language, where elsewhere they are letters of their own.
const LOOK_ALIKES_OF: [(&str, char, char); 4] =
    [("kik", 'ȋ', 'ĩ'), ("kik", 'ŭ', 'ũ'), ("kik", 'Ȋ', 'Ĩ'), ("kik", 'Ŭ', 'Ũ')];

/// Puts look-alikes right in Latin text: most of the tildes of the Kikuyu stories are Greek perispomeni, the epsilon of
/// Kabyle is the Greek one, the schwa of Kanuri Cyrillic. Greek words within such text stay.
pub(crate) fn mend(line: &mut Line) {
    if line.tag.script() != Some(Script::LATN) || line.text.is_ascii() {
        return;
    }
    let own: Vec<(char, char)> = LOOK_ALIKES_OF
        .iter()
        .filter(|(code, ..)| *code == line.tag.code())
        .map(|(_, wrong, right)| (*wrong, *right))
        .collect();
    let mut mended = String::with_capacity(line.text.len());
    for word in line.text.split_inclusive(char::is_whitespace) {
        let latin = word.chars().any(|c| c.is_ascii_alphabetic());
        mended.extend(word.chars().map(|c| {
            let found = LOOK_ALIKES.iter().filter(|_| latin).chain(&own).find(|(wrong, _)| *wrong == c);
            found.map_or(c, |(_, right)| *right)
        }));
    }
    line.text = mended;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_are_put_right_in_latin_words_only() {
        for (tag, text, want) in [
            ("kik_Latn", "atῦganagῖra nȋ tondŭ", "atũganagĩra nĩ tondũ"),
            ("kab_Latn", "yessen taεrabt, εef φ", "yessen taɛrabt, ɛef φ"),
            ("ron_Latn", "ŭ τε", "ŭ τε"),
            ("ell_Grek", "ε", "ε"),
        ] {
            let mut line = Line { tag: tag.parse().unwrap(), source: 0, text: text.to_owned() };
            mend(&mut line);
            assert_eq!(line.text, want);
        }
    }
}
