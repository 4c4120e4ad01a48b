//! What the maker knows of each record: the lines of `pages.tsv`.

/// One record, or one damaged range.
#[derive(Debug, Clone, Default)]
pub(crate) struct Truth {
    pub(crate) file: String,
    /// First byte in the file.
    pub(crate) offset: usize,
    /// Bytes in the file.
    pub(crate) length: usize,
    /// WARC-Type; `damage` where no record can be read.
    pub(crate) kind: &'static str,
    pub(crate) url: String,
    pub(crate) host: String,
    /// What the registry suffix says, or the table of sites for an open-sold one; nothing where nobody says.
    pub(crate) country: String,
    /// ISO 639-3 and ISO 15924.
    pub(crate) lang: String,
    pub(crate) shape: &'static str,
    pub(crate) licence: String,
    pub(crate) optout: String,
    /// Charset and how it is declared.
    pub(crate) charset: String,
    /// Content and transfer coding.
    pub(crate) wire: String,
    pub(crate) damage: String,
    pub(crate) copy_of: String,
    pub(crate) copy_kind: String,
    /// A hint: a config may decide otherwise.
    pub(crate) expected: String,
}

impl Truth {
    /// The header line of the table.
    pub(crate) const HEADER: &str = "file\toffset\tlength\trecord\turl\thost\tcountry\tlang\tshape\tlicence\toptout\tcharset\twire\tdamage\tcopy_of\tcopy_kind\texpected";

    /// The line of this record, `-` where there is nothing to say.
    pub(crate) fn line(&self) -> String {
        let (offset, length) = (self.offset.to_string(), self.length.to_string());
        let cells = [
            &self.file,
            &offset,
            &length,
            self.kind,
            &self.url,
            &self.host,
            &self.country,
            &self.lang,
            self.shape,
            &self.licence,
            &self.optout,
            &self.charset,
            &self.wire,
            &self.damage,
            &self.copy_of,
            &self.copy_kind,
            &self.expected,
        ];
        cells.map(|cell| if cell.is_empty() { "-" } else { cell }).join("\t")
    }
}
