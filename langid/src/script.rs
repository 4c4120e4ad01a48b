//! Scripts of a text: a histogram of its letters and the dominant one, as ISO 15924 codes.
//!
//! Letters are counted, not bytes, and Common and Inherited characters (digits, punctuation, combining marks shared by
//! scripts) count for no script. Han, kana and Hangul follow the names that language labels use: text with kana is
//! `Jpan`, Hangul is `Kore`, Han alone is `Hani`.
//!
//! ```
//! use kilim_langid::script::{Script, ScriptCounts};
//!
//! let counts = ScriptCounts::of("Habari za leo, ሰላም");
//! assert_eq!(counts.letters(), 14);
//! assert_eq!(counts.dominant(), Script::parse("Latn"));
//! ```

use std::fmt;

use unicode_script::UnicodeScript;

/// An ISO 15924 script code: four ASCII letters, the first upper case, as in `Latn`.
///
/// Any well-formed code is accepted, since label sets use codes that no character has (`Zxxx`, `Hans`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Script([u8; 4]);

impl Script {
    /// Japanese: Han and kana together.
    pub const JPAN: Script = Script(*b"Jpan");
    /// Korean: Hangul, with or without Han.
    pub const KORE: Script = Script(*b"Kore");
    /// Han, simplified or traditional.
    pub const HANI: Script = Script(*b"Hani");
    /// Latin.
    pub const LATN: Script = Script(*b"Latn");

    /// Reads `Latn`; `None` for anything but an upper-case ASCII letter and three lower-case ones.
    pub fn parse(text: &str) -> Option<Script> {
        let bytes: [u8; 4] = text.as_bytes().try_into().ok()?;
        let formed = bytes[0].is_ascii_uppercase() && bytes[1..].iter().all(u8::is_ascii_lowercase);
        formed.then_some(Script(bytes))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a Script holds ASCII letters only")
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// From this share of kana among Han and kana on, a text is Japanese (whatlang's threshold, issue 88 there).
const MIN_KANA_SHARE: f64 = 0.05;

/// How many letters of each script a text has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptCounts {
    counts: Vec<(Script, usize)>,
    letters: usize,
}

impl ScriptCounts {
    /// Counts the letters of `text`.
    pub fn of(text: &str) -> ScriptCounts {
        let latin = text.bytes().filter(u8::is_ascii_alphabetic).count();
        let mut raw = vec![(unicode_script::Script::Latin, latin)];
        let mut letters = latin;
        for c in text.chars().filter(|c| !c.is_ascii() && c.is_alphabetic()) {
            letters += 1;
            let script = c.script();
            if matches!(script, unicode_script::Script::Common | unicode_script::Script::Inherited) {
                continue;
            }
            // Runs of one script are the rule, so the last one used is kept in front.
            match raw.iter().position(|(known, _)| *known == script) {
                Some(at) => {
                    raw[at].1 += 1;
                    raw.swap(0, at);
                }
                None => raw.push((script, 1)),
            }
        }
        ScriptCounts { counts: merged(&raw), letters }
    }

    /// Scripts and their letters, the most frequent first, equal ones by code.
    pub fn by_count(&self) -> &[(Script, usize)] {
        &self.counts
    }

    /// Letters of all scripts, those of no single script included; 0 means that the text is not language.
    pub fn letters(&self) -> usize {
        self.letters
    }

    /// The script with the most letters; `None` for a text without letters of any script.
    pub fn dominant(&self) -> Option<Script> {
        self.counts.first().map(|(script, _)| *script)
    }
}

/// Folds the East Asian scripts into the ones that labels use, and sorts.
fn merged(raw: &[(unicode_script::Script, usize)]) -> Vec<(Script, usize)> {
    use unicode_script::Script as U;
    let count = |wanted: &[U]| -> usize {
        raw.iter().filter(|(script, _)| wanted.contains(script)).map(|(_, letters)| letters).sum()
    };
    let (han, kana) = (count(&[U::Han, U::Bopomofo]), count(&[U::Hiragana, U::Katakana]));
    let japanese = kana as f64 > MIN_KANA_SHARE * (han + kana) as f64;
    let east_asian = if japanese { Script::JPAN } else { Script::HANI };

    let mut counts = vec![(east_asian, han + kana), (Script::KORE, count(&[U::Hangul]))];
    for (script, letters) in raw {
        if matches!(script, U::Han | U::Bopomofo | U::Hiragana | U::Katakana | U::Hangul) {
            continue;
        }
        if let Some(code) = Script::parse(script.short_name()) {
            counts.push((code, *letters));
        }
    }
    counts.retain(|(_, letters)| *letters > 0);
    counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dominant(text: &str) -> String {
        ScriptCounts::of(text).dominant().map_or_else(|| "none".to_owned(), |script| script.to_string())
    }

    #[test]
    fn each_text_has_the_script_its_readers_expect() {
        let cases = [
            ("Watoto wanasoma shuleni.", "Latn"),
            ("बच्चे विद्यालय में पढ़ते हैं।", "Deva"),
            ("குழந்தைகள் பள்ளியில் படிக்கிறார்கள்", "Taml"),
            ("ልጆች በትምህርት ቤት ይማራሉ።", "Ethi"),
            ("Τα παιδιά διαβάζουν στο σχολείο.", "Grek"),
            ("الأطفال يدرسون في المدرسة", "Arab"),
            ("เด็กเรียนหนังสือที่โรงเรียน", "Thai"),
            ("孩子们在学校里读书。", "Hani"),
            ("子供たちは学校で本を読みます。", "Jpan"),
            ("カタカナ", "Jpan"),
            ("아이들은 학교에서 책을 읽습니다.", "Kore"),
            ("ເດັກນ້ອຍຮຽນຢູ່ໂຮງຮຽນ", "Laoo"),
            ("١٢٣ 456 — !", "none"),
            ("", "none"),
        ];
        for (text, want) in cases {
            assert_eq!(dominant(text), want, "{text}");
        }
    }

    #[test]
    fn a_stray_kana_does_not_make_chinese_japanese() {
        let chinese = "孩子们在学校里读书写字画画唱歌跳舞".repeat(3) + "の";
        assert_eq!(dominant(&chinese), "Hani");
    }

    #[test]
    fn the_histogram_is_sorted_by_letters_and_then_by_code() {
        let counts = ScriptCounts::of("αβγ абв xyz дe");
        let listed: Vec<String> = counts.by_count().iter().map(|(s, n)| format!("{s}={n}")).collect();
        assert_eq!(listed, ["Cyrl=4", "Latn=4", "Grek=3"]);
    }

    #[test]
    fn a_malformed_script_code_is_refused() {
        for text in ["latn", "LATN", "Lat", "Latin", "Lätn", ""] {
            assert_eq!(Script::parse(text), None, "{text}");
        }
    }
}
