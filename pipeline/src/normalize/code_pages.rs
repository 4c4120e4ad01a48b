//! Single-byte encodings as which UTF-8 is read by mistake.

use std::sync::LazyLock;

use encoding_rs::Encoding;

/// The upper half of a single-byte encoding, read backwards.
pub(super) struct CodePage {
    /// Characters and their bytes from 0x80 on, sorted by character.
    bytes: Vec<(char, u8)>,
    /// Whether first bytes of UTF-8 are signs here, as `√` and `≈` are, and not letters: then they stand beside
    /// letters in sound text too.
    pub(super) leads_are_signs: bool,
}

impl CodePage {
    fn new(upper: impl Iterator<Item = (u8, char)>, leads_are_signs: bool) -> Self {
        let mut bytes: Vec<(char, u8)> = upper.map(|(byte, c)| (c, byte)).collect();
        // Bytes without a character came through as controls, and so did all of them in ISO 8859-1.
        bytes.extend((0x80..=0x9f).map(|byte: u8| (char::from(byte), byte)));
        bytes.sort_by_key(|(c, _)| *c);
        bytes.dedup_by_key(|(c, _)| *c);
        Self { bytes, leads_are_signs }
    }

    /// The byte that was read as `c`; `None` if no byte from 0x80 on was.
    pub(super) fn byte(&self, c: char) -> Option<u8> {
        self.bytes.binary_search_by_key(&c, |(c, _)| *c).ok().map(|at| self.bytes[at].1)
    }

    /// All characters of the upper half.
    pub(super) fn chars(&self) -> impl Iterator<Item = char> + '_ {
        self.bytes.iter().map(|(c, _)| *c)
    }
}

/// The upper half of IBM's code page 437, which the WHATWG standard does not have.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The encodings that are tried, the more common first: ftfy's, and those of Arabic, Hebrew, Thai and Russian
/// systems. Not IBM 866, in which words of Russian letters are UTF-8 by chance.
pub(super) static CODE_PAGES: LazyLock<Vec<CodePage>> = LazyLock::new(|| {
    use encoding_rs as e;
    let letters = [
        e::WINDOWS_1252,
        e::WINDOWS_1251,
        e::WINDOWS_1250,
        e::WINDOWS_1253,
        e::WINDOWS_1254,
        e::WINDOWS_1256,
        e::WINDOWS_1257,
        e::WINDOWS_1255,
        e::WINDOWS_874,
        e::ISO_8859_2,
    ];
    let signs = [e::MACINTOSH, e::KOI8_R];
    let mut pages: Vec<CodePage> =
        letters.iter().map(|encoding| CodePage::new(upper_half(encoding), false)).collect();
    pages.extend(signs.iter().map(|encoding| CodePage::new(upper_half(encoding), true)));
    pages.push(CodePage::new((0x80..=0xff).zip(CP437.chars()), true));
    pages
});

/// The characters that the encoding has for the bytes from 0x80 on, as browsers decode them.
fn upper_half(encoding: &'static Encoding) -> impl Iterator<Item = (u8, char)> {
    (0x80..=0xff).filter_map(|byte: u8| {
        let bytes = [byte];
        let (text, errors) = encoding.decode_without_bom_handling(&bytes);
        let c = text.chars().next()?;
        (!errors).then_some((byte, c))
    })
}

/// Text whose UTF-8 was read in one of the encodings; for tests.
#[cfg(test)]
pub(super) fn mangled(text: &str, label: &str) -> String {
    if label == "cp437" {
        let upper: Vec<char> = CP437.chars().collect();
        return text
            .bytes()
            .map(|byte| if byte < 0x80 { char::from(byte) } else { upper[usize::from(byte) - 0x80] })
            .collect();
    }
    if label == "latin-1" {
        return text.bytes().map(char::from).collect();
    }
    let encoding = Encoding::for_label(label.as_bytes()).expect("a label of the WHATWG standard");
    encoding.decode_without_bom_handling(text.as_bytes()).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_every_page_are_read_backwards() {
        let bytes: Vec<Option<u8>> = CODE_PAGES.iter().map(|page| page.byte('é')).collect();
        assert_eq!(bytes[0], Some(0xe9));
        assert_eq!(CODE_PAGES[1].byte('ж'), Some(0xe6));
        assert_eq!(CODE_PAGES[5].byte('ط'), Some(0xd8));
        assert_eq!(CODE_PAGES.last().and_then(|page| page.byte('√')), Some(0xfb));
        // ISO 8859-1 is there too.
        assert_eq!(CODE_PAGES[0].byte('\u{99}'), CODE_PAGES[0].byte('™'));
        assert_eq!(CODE_PAGES[0].byte('ж'), None);
    }
}
