//! What kind of crawl file it is: told by its first bytes, and by its name where those are damaged or missing.

use memchr::memmem;

use super::header;
use crate::inflate::{GZIP_MAGIC, GzipCodec, Probe, SKIPPABLE_MAGIC, ZSTD_MAGIC, begins_with};

/// What a crawl file holds and how it is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WarcFormat {
    /// WARC records one after the other: WARC, WET and WAT files.
    Plain,
    /// WARC in gzip, by custom one member per record.
    Gzip,
    /// WARC in zstd, by custom one frame per record, perhaps with a dictionary in front.
    Zstd,
    /// ARC, the format before WARC, uncompressed.
    Arc,
    /// ARC in gzip, by custom one member per record.
    ArcGzip,
}

/// A file that cannot be read as a crawl file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Packed as a whole, in a way that crawl files are not.
    #[error("a file packed with {packing} is no crawl file that can be read (unpack it with `{unpack}`)")]
    Packing {
        /// Its name.
        packing: &'static str,
        /// The command that undoes it.
        unpack: &'static str,
    },
    /// Neither its first bytes nor its name say WARC or ARC.
    #[error("neither a WARC nor an ARC file: neither its first bytes nor its name say so")]
    Unknown,
}

impl FormatError {
    /// A word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Packing { .. } => "format_packing",
            Self::Unknown => "not_warc",
        }
    }
}

/// Packings that a crawl file may have by mistake: first bytes, name, and the command that undoes it.
const PACKINGS: [(&[u8], &str, &str); 4] = [
    (b"BZh", "bzip2", "bunzip2"),
    (&[0x04, 0x22, 0x4d, 0x18], "lz4", "unlz4"),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz", "unxz"),
    (b"PK\x03\x04", "zip", "unzip"),
];

impl WarcFormat {
    /// How many of a file's first bytes [`sniff`](Self::sniff) wants, where the file has so many.
    pub const SNIFF_BYTES: usize = 8 << 10;

    /// Tells the format from a file's first bytes, and from its name (or URL) where they are damaged or missing.
    pub fn sniff(first: &[u8], name: &str) -> Result<Self, FormatError> {
        if first.starts_with(&ZSTD_MAGIC)
            || (first.len() >= 4
                && first[0] & 0xf0 == SKIPPABLE_MAGIC[0]
                && first[1..4] == SKIPPABLE_MAGIC[1..])
        {
            return Ok(Self::Zstd);
        }
        if first.starts_with(FILEDESC) {
            return Ok(Self::Arc);
        }
        if first.starts_with(&GZIP_MAGIC) {
            let begins = |mark| begins_with(&mut GzipCodec::new(), first, true, mark) == Probe::Yes;
            let is_called_arc = || plain_name(name).ends_with(".arc.gz") && !begins(b"WARC/");
            return Ok(if begins(FILEDESC) || is_called_arc() { Self::ArcGzip } else { Self::Gzip });
        }
        if header::begins_like_record(first) == Some(true) {
            return Ok(Self::Plain);
        }
        if let Some((_, packing, unpack)) = PACKINGS.iter().find(|(magic, ..)| first.starts_with(magic)) {
            return Err(FormatError::Packing { packing, unpack });
        }
        let name = plain_name(name);
        let ends = |ending: &str| name.ends_with(ending);
        match () {
            () if ends(".zst") => Ok(Self::Zstd),
            () if ends(".arc") => Ok(Self::Arc),
            () if ends(".arc.gz") => Ok(Self::ArcGzip),
            () if ends(".gz") => Ok(Self::Gzip),
            () if ends(".warc") || ends(".wet") || ends(".wat") => Ok(Self::Plain),
            () if memmem::find(first, b"\nWARC/1.").is_some() => Ok(Self::Plain),
            () => Err(FormatError::Unknown),
        }
    }
}

/// What an ARC file begins with.
const FILEDESC: &[u8] = b"filedesc://";

/// Without a URL's query and fragment, in lower case.
fn plain_name(name: &str) -> String {
    name.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::super::{RecordBuilder, WARC_BLANK_DATE};
    use super::*;

    #[test]
    fn formats_are_told_by_bytes_first_and_by_name_where_those_are_silent() {
        let record = RecordBuilder::warcinfo(WARC_BLANK_DATE, b"software: kilim\r\n");
        assert_eq!(WarcFormat::sniff(&record.to_gzip(), "x.warc"), Ok(WarcFormat::Gzip));
        assert_eq!(WarcFormat::sniff(&record.to_gzip(), "x.arc.gz"), Ok(WarcFormat::Gzip));
        assert_eq!(WarcFormat::sniff(&record.to_zstd(), "x.warc.gz"), Ok(WarcFormat::Zstd));
        assert_eq!(WarcFormat::sniff(b"WARC/1.1\r\n", "x.warc.gz"), Ok(WarcFormat::Plain));
        assert_eq!(WarcFormat::sniff(b"", "https://mfano.co.ke/a.warc.gz?x=1"), Ok(WarcFormat::Gzip));
        assert_eq!(WarcFormat::sniff(b"\0\0", "A.WARC"), Ok(WarcFormat::Plain));
        assert_eq!(WarcFormat::sniff(&[0x5d, 0x2a, 0x4d, 0x18], "a.warc.gz"), Ok(WarcFormat::Zstd));
        assert_eq!(WarcFormat::sniff(b"filedesc://x.arc 0.0.0.0", "a.warc.gz"), Ok(WarcFormat::Arc));
        assert_eq!(WarcFormat::sniff(b"\x1f\x8b\x08damaged", "a.arc.gz"), Ok(WarcFormat::ArcGzip));
        assert_eq!(WarcFormat::sniff("ሰላም".as_bytes(), "a.txt"), Err(FormatError::Unknown));
    }

    #[test]
    fn other_packings_are_named_with_the_way_out() {
        let error = WarcFormat::sniff(b"BZh91AY", "a.warc.bz2").unwrap_err();
        assert!(error.to_string().contains("bunzip2"), "{error}");
        assert_eq!(WarcFormat::sniff(b"PK\x03\x04", "a.wacz").unwrap_err().as_str(), "format_packing");
    }
}
