//! Reads the sources of the sample crawl: paragraphs per language, and the tables of sites, stewards and copies.
//!
//! A text file has a head between two `---` lines and one `## title` per paragraph, so that a speaker of the language
//! can mend it without knowing anything about the rest. Tables are tab-separated with a header line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// One paragraph with its title.
#[derive(Debug, Clone)]
pub(crate) struct Paragraph {
    pub(crate) title: String,
    pub(crate) text: String,
}

/// The words of navigation, in the order of the `chrome:` line.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Word {
    Home,
    News,
    Notices,
    About,
    Contact,
    ReadMore,
    Comments,
    Related,
    Item,
    Price,
}

/// One language as written in one script.
#[derive(Debug, Clone)]
pub(crate) struct Texts {
    /// ISO 639-3.
    pub(crate) lang: String,
    /// ISO 15924.
    pub(crate) script: String,
    /// BCP 47, as in an HTML `lang`.
    pub(crate) tag: String,
    words: Vec<String>,
    /// "All rights reserved".
    pub(crate) rights: String,
    pub(crate) paragraphs: Vec<Paragraph>,
}

impl Texts {
    pub(crate) fn word(&self, word: Word) -> &str {
        &self.words[word as usize]
    }

    /// `swa_Latn`.
    pub(crate) fn label(&self) -> String {
        format!("{}_{}", self.lang, self.script)
    }

    /// Whether pages read from right to left.
    pub(crate) fn right_to_left(&self) -> bool {
        matches!(self.script.as_str(), "Arab" | "Hebr")
    }

    fn parse(source: &str) -> Result<Self> {
        let (head, body) = source
            .strip_prefix("---\n")
            .and_then(|rest| rest.split_once("\n---\n"))
            .context("no head between two lines of ---")?;
        let fields: BTreeMap<&str, &str> = head.lines().filter_map(|line| line.split_once(": ")).collect();
        let field = |name: &str| {
            fields.get(name).map(|value| (*value).to_owned()).context(format!("no {name}: in the head"))
        };
        let words: Vec<String> = field("chrome")?.split('|').map(|word| word.trim().to_owned()).collect();
        ensure!(words.len() == Word::Price as usize + 1, "chrome: holds {} words, not 10", words.len());
        let mut paragraphs = Vec::new();
        for part in body.split("## ").skip(1) {
            let (title, text) = part.split_once('\n').context("a title without text")?;
            paragraphs.push(Paragraph { title: title.trim().to_owned(), text: text.trim().to_owned() });
        }
        ensure!(paragraphs.len() >= 2, "fewer than two paragraphs");
        Ok(Self {
            lang: field("lang")?,
            script: field("script")?,
            tag: field("tag")?,
            rights: field("rights")?,
            words,
            paragraphs,
        })
    }
}

/// All `*.md` files of a folder, by name without the ending.
pub(crate) fn read_texts(folder: &Path) -> Result<BTreeMap<String, Texts>> {
    let mut texts = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let (Some(name), Some("md")) =
            (path.file_stem().and_then(|s| s.to_str()), path.extension().and_then(|s| s.to_str()))
        else {
            continue;
        };
        let source = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        texts.insert(name.to_owned(), Texts::parse(&source).with_context(|| path.display().to_string())?);
    }
    Ok(texts)
}

/// One row of a table; a missing column is an error that names it.
pub(crate) struct Row {
    columns: BTreeMap<String, String>,
    place: String,
}

impl Row {
    pub(crate) fn get(&self, column: &str) -> Result<&str> {
        self.columns
            .get(column)
            .map(String::as_str)
            .with_context(|| format!("{}: no column {column}", self.place))
    }

    /// A column where `-` or nothing means none.
    pub(crate) fn option(&self, column: &str) -> Result<Option<&str>> {
        Ok(Some(self.get(column)?).filter(|value| !value.is_empty() && *value != "-"))
    }

    pub(crate) fn number(&self, column: &str) -> Result<usize> {
        self.get(column)?.parse().with_context(|| format!("{}: {column} is not a number", self.place))
    }

    /// Where the row stands, for errors.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }
}

/// A tab-separated table with a header line.
pub(crate) fn read_table(path: &Path) -> Result<Vec<Row>> {
    let source = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let mut lines = source.lines();
    let header: Vec<&str> = lines.next().context("an empty table")?.split('\t').collect();
    let mut rows = Vec::new();
    for (number, line) in lines.enumerate() {
        let place = format!("{}:{}", path.display(), number + 2);
        let cells: Vec<&str> = line.split('\t').collect();
        ensure!(cells.len() == header.len(), "{place}: {} cells, not {}", cells.len(), header.len());
        let columns =
            header.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), cell.to_owned())).collect();
        rows.push(Row { columns, place });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMHARIC: &str = "---\nlang: amh\nscript: Ethi\ntag: am\nchrome: መነሻ | ዜና | ማስታወቂያ | ስለ እኛ | አግኙን | ተጨማሪ | አስተያየቶች | ተዛማጅ | ዕቃ | ዋጋ\nrights: መብቱ የተጠበቀ ነው\n---\n## የቡና ዋጋ\nየቡና ዋጋ ጨምሯል።\n\n## ዝናብ\nክረምቱ ጀመረ።\n";

    #[test]
    fn a_text_file_gives_titles_paragraphs_and_words() {
        let texts = Texts::parse(AMHARIC).unwrap();
        assert_eq!(texts.label(), "amh_Ethi");
        assert_eq!(texts.word(Word::Price), "ዋጋ");
        assert_eq!(texts.paragraphs[1].title, "ዝናብ");
        assert_eq!(texts.paragraphs[1].text, "ክረምቱ ጀመረ።");
    }

    #[test]
    fn a_text_file_with_nine_words_is_refused() {
        let error = Texts::parse(&AMHARIC.replace(" | ዋጋ", "")).unwrap_err();
        assert!(error.to_string().contains("9 words"), "{error}");
    }
}
