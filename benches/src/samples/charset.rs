//! Pages in legacy charsets, declared truly, falsely or not at all, and UTF-8 with the damage that crawls do to it.

use anyhow::{Context, Result, bail};
use encoding_rs::Encoding;

/// How a page says which charset it is in, and what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// HTTP and meta both tell the truth.
    Plain,
    /// Only HTTP tells.
    Http,
    /// Only `<meta charset>` tells.
    Meta,
    /// Nobody tells.
    Nowhere,
    /// HTTP says ISO-8859-1 of a UTF-8 page.
    Lie,
    /// A byte order mark, no words.
    Bom,
    /// One byte in the middle is not UTF-8.
    Stray,
    /// The page ends inside a character.
    Cut,
}

/// The column `charset` of the sites: `utf-8`, `windows-1251/http`, `utf-8/cut`.
#[derive(Debug, Clone)]
pub(crate) struct Charset {
    label: String,
    form: Form,
}

impl Charset {
    pub(crate) fn parse(word: &str) -> Result<Self> {
        let (label, form) = word.split_once('/').unwrap_or((word, ""));
        let form = match form {
            "" => Form::Plain,
            "http" => Form::Http,
            "meta" => Form::Meta,
            "none" => Form::Nowhere,
            "lie" => Form::Lie,
            "bom" => Form::Bom,
            "stray" => Form::Stray,
            "cut" => Form::Cut,
            _ => bail!("{word}: unknown form of a charset"),
        };
        Encoding::for_label(label.as_bytes()).with_context(|| format!("{word}: unknown charset"))?;
        Ok(Self { label: label.to_owned(), form })
    }

    /// What `<meta charset>` says.
    pub(crate) fn meta(&self) -> Option<String> {
        matches!(self.form, Form::Plain | Form::Meta | Form::Stray | Form::Cut).then(|| self.label.clone())
    }

    /// What the HTTP header `Content-Type` says.
    pub(crate) fn content_type(&self) -> String {
        match self.form {
            Form::Plain | Form::Http | Form::Stray | Form::Cut => {
                format!("text/html; charset={}", self.label)
            }
            Form::Lie => "text/html; charset=ISO-8859-1".to_owned(),
            Form::Meta | Form::Nowhere | Form::Bom => "text/html".to_owned(),
        }
    }

    /// Whether the page is cut, so that its record says `WARC-Truncated`.
    pub(crate) fn is_cut(&self) -> bool {
        self.form == Form::Cut
    }

    /// For the truth table: `utf-8/stray`.
    pub(crate) fn describe(&self) -> String {
        match self.form {
            Form::Plain => self.label.clone(),
            form => format!("{}/{}", self.label, format!("{form:?}").to_lowercase()),
        }
    }

    /// The bytes of a page. What a charset cannot write becomes a numeric reference, as browsers do it in forms.
    pub(crate) fn encode(&self, html: &str) -> Result<Vec<u8>> {
        let encoding = Encoding::for_label(self.label.as_bytes()).context("checked when parsed")?;
        let mut bytes = if self.label.starts_with("utf-16") {
            html.encode_utf16().flat_map(u16::to_le_bytes).collect()
        } else {
            encoding.encode(html).0.into_owned()
        };
        match self.form {
            Form::Bom if self.label.starts_with("utf-16") => bytes.splice(0..0, [0xff, 0xfe]).for_each(drop),
            Form::Bom => bytes.splice(0..0, [0xef, 0xbb, 0xbf]).for_each(drop),
            Form::Stray => {
                let middle = html.find("<p>").unwrap_or_default() + 3;
                let space = html[middle..].find(' ').context("no space in the text")? + middle;
                bytes.insert(space, 0xe9);
            }
            Form::Cut => {
                let main = html.find("<aside").context("no sidebar in the page")?;
                let end =
                    (0..main).rev().find(|&at| !html.is_char_boundary(at)).context("no long character")?;
                bytes.truncate(end);
            }
            _ => {}
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<main><p>ராமு சந்தைக்குச் சென்றான்.</p></main><aside></aside>";

    #[test]
    fn a_cut_page_ends_inside_a_character() {
        let bytes = Charset::parse("utf-8/cut").unwrap().encode(PAGE).unwrap();
        let error = std::str::from_utf8(&bytes).unwrap_err();
        assert_eq!(error.error_len(), None, "the last character must be cut, not wrong");
    }

    #[test]
    fn a_stray_byte_breaks_one_place_only() {
        let bytes = Charset::parse("utf-8/stray").unwrap().encode(PAGE).unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes).matches('\u{fffd}').count(), 1);
    }

    #[test]
    fn russian_in_windows_1251_has_one_byte_a_letter() {
        let bytes = Charset::parse("windows-1251/none").unwrap().encode("Ярмарка").unwrap();
        assert_eq!(bytes, [0xdf, 0xf0, 0xec, 0xe0, 0xf0, 0xea, 0xe0]);
    }

    #[test]
    fn utf_16_starts_with_its_mark() {
        let bytes = Charset::parse("utf-16le/bom").unwrap().encode("港").unwrap();
        assert_eq!(bytes, [0xff, 0xfe, 0x2f, 0x6e]);
    }
}
