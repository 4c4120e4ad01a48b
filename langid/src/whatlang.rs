//! Engine `whatlang`: the crate of that name, 70 languages, no model file.
//!
//! What it is good for: a first run without any download, and scripts with one language. What it is not: it has no
//! notion of a language it does not know, so text in one is called something that it does know, usually with a low
//! confidence, which is passed on as it is. Where a script has a single label in whatlang, its confidence is always 1:
//! Assamese comes out as `ben`, Tigrinya as `amh`, Shan as `mya`. Serbian is known in Cyrillic only.
//!
//! Two things are added. A guess whose script is not the one most of the text is written in becomes `und`. And text in a
//! script that whatlang lacks but that one living language uses in practice is answered by script ([`BY_SCRIPT`]).

use whatlang::{Lang, Script as Known};

use crate::sample::DEFAULT_MAX_BYTES;
use crate::script::{Script, ScriptCounts};
use crate::vote::{self, Answer};
use crate::{Identification, Identifier, LangTag};

/// The version of the crate, part of the digest; a test compares it with `Cargo.lock`.
const VERSION: &str = "0.18.0";

/// Scripts that whatlang lacks and that have one living written language in practice.
///
/// Left out are scripts shared by living languages, such as Tibetan (`bod`, `dzo`), Tifinagh, Canadian syllabics and
/// Syriac, and those in which a language is written only by the side, such as Javanese. Lao and Adlam are also used by
/// small minorities; `ful` is the macrolanguage of all Fula varieties.
pub const BY_SCRIPT: &[(&str, &str)] = &[
    ("Adlm", "ful"),
    ("Cakm", "ccp"),
    ("Cher", "chr"),
    ("Laoo", "lao"),
    ("Lisu", "lis"),
    ("Mong", "mon"),
    ("Mtei", "mni"),
    ("Nkoo", "nqo"),
    ("Olck", "sat"),
    ("Osge", "osa"),
    ("Rohg", "rhg"),
    ("Thaa", "div"),
    ("Vaii", "vai"),
    ("Yiii", "iii"),
];

/// The engine. Cheap to build; share it between threads.
#[derive(Clone, Debug)]
pub struct Whatlang {
    max_bytes: usize,
    labels: Vec<LangTag>,
    by_script: Vec<(Script, LangTag)>,
}

impl Default for Whatlang {
    fn default() -> Whatlang {
        Whatlang::with_max_bytes(DEFAULT_MAX_BYTES)
    }
}

impl Whatlang {
    /// Reads at most about `max_bytes` of a text, in evenly spaced windows; [`DEFAULT_MAX_BYTES`] otherwise.
    pub fn with_max_bytes(max_bytes: usize) -> Whatlang {
        let by_script: Vec<(Script, LangTag)> = BY_SCRIPT
            .iter()
            .filter_map(|(script, code)| {
                let script = Script::parse(script)?;
                Some((script, LangTag::from_code(code)?.with_script(Some(script))))
            })
            .collect();
        let mut labels: Vec<LangTag> = by_script.iter().map(|(_, label)| *label).collect();
        for script in Known::all() {
            labels.extend(script.langs().iter().filter_map(|lang| label(*lang, *script)));
        }
        labels.sort_unstable();
        labels.dedup();
        Whatlang { max_bytes, labels, by_script }
    }

    fn ask(&self, text: &str, scripts: &ScriptCounts) -> Option<Answer> {
        let dominant = scripts.dominant()?;
        if let Some((_, lang)) = self.by_script.iter().find(|(script, _)| *script == dominant) {
            return Some(Answer { lang: *lang, confidence: 1.0, margin: 0.0 });
        }
        let guess = whatlang::detect(text)?;
        let lang = label(guess.lang(), guess.script())?;
        if !lang.script().is_some_and(|script| same_writing(script, dominant)) {
            return None;
        }
        Some(Answer { lang, confidence: (guess.confidence() as f32).clamp(0.0, 1.0), margin: 0.0 })
    }
}

impl Identifier for Whatlang {
    fn name(&self) -> &'static str {
        "whatlang"
    }

    fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("whatlang {VERSION}\n").as_bytes());
        for label in &self.labels {
            hasher.update(format!("{label}\n").as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    fn labels(&self) -> &[LangTag] {
        &self.labels
    }

    fn identify(&self, text: &str) -> Identification {
        vote::identify(text, self.max_bytes, |text, scripts| self.ask(text, scripts))
    }
}

/// whatlang's answer as a label: macrolanguages collapsed, as all engines of this crate give them.
fn label(lang: Lang, script: Known) -> Option<LangTag> {
    let script = match lang {
        Lang::Jpn => Script::JPAN,
        _ => iso_15924(script),
    };
    Some(LangTag::from_code(lang.code())?.with_script(Some(script)).collapsed())
}

/// Japanese and Chinese share Han, and short texts fall on either side of the kana threshold.
fn same_writing(a: Script, b: Script) -> bool {
    let east_asian = [Script::JPAN, Script::HANI];
    a == b || (east_asian.contains(&a) && east_asian.contains(&b))
}

fn iso_15924(script: Known) -> Script {
    let code = match script {
        Known::Arabic => "Arab",
        Known::Armenian => "Armn",
        Known::Bengali => "Beng",
        Known::Cyrillic => "Cyrl",
        Known::Devanagari => "Deva",
        Known::Ethiopic => "Ethi",
        Known::Georgian => "Geor",
        Known::Greek => "Grek",
        Known::Gujarati => "Gujr",
        Known::Gurmukhi => "Guru",
        Known::Hangul => return Script::KORE,
        Known::Hebrew => "Hebr",
        Known::Hiragana | Known::Katakana => return Script::JPAN,
        Known::Kannada => "Knda",
        Known::Khmer => "Khmr",
        Known::Latin => return Script::LATN,
        Known::Malayalam => "Mlym",
        Known::Mandarin => return Script::HANI,
        Known::Myanmar => "Mymr",
        Known::Oriya => "Orya",
        Known::Sinhala => "Sinh",
        Known::Tamil => "Taml",
        Known::Telugu => "Telu",
        Known::Thai => "Thai",
    };
    Script::parse(code).expect("the codes above are well formed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supports;
    use proptest::prelude::*;

    fn identify(text: &str) -> Identification {
        Whatlang::default().identify(text)
    }

    #[test]
    fn each_language_gets_its_label_with_a_script() {
        for (text, want) in [
            ("बच्चे हर सुबह विद्यालय जाते हैं और किताबें पढ़ते हैं।", "hin_Deva"),
            ("குழந்தைகள் காலையில் பள்ளிக்குச் செல்கிறார்கள்.", "tam_Taml"),
            ("ልጆች በየቀኑ ወደ ትምህርት ቤት ይሄዳሉ።", "amh_Ethi"),
            ("Τα παιδιά πηγαίνουν στο σχολείο κάθε πρωί.", "ell_Grek"),
            ("เด็ก ๆ ไปโรงเรียนทุกเช้า", "tha_Thai"),
            ("孩子们每天早上去学校读书。", "zho_Hani"),
            ("子供たちは毎朝学校へ行って本を読みます。", "jpn_Jpan"),
            ("아이들은 매일 아침 학교에 갑니다.", "kor_Kore"),
            ("کودکان هر روز صبح به مدرسه می‌روند و کتاب می‌خوانند.", "fas_Arab"),
            ("Діти щоранку йдуть до школи й читають книжки.", "ukr_Cyrl"),
            ("ເດັກນ້ອຍໄປໂຮງຮຽນທຸກເຊົ້າ", "lao_Laoo"),
            ("ކުދިން ކޮންމެ ހެނދުނަކު ސްކޫލަށް ދެއެވެ", "div_Thaa"),
            ("ᱜᱤᱫᱽᱨᱟᱹ ᱠᱚ ᱟᱥᱲᱟ ᱠᱚ ᱪᱟᱞᱟᱜᱼᱟ", "sat_Olck"),
        ] {
            let found = identify(text);
            assert_eq!(found.lang.to_string(), want, "{text}");
            assert_eq!(found.top.len(), 1, "{text}");
            assert!(found.confidence > 0.0 && found.confidence <= 1.0, "{found:?}");
        }
    }

    #[test]
    fn a_script_shared_by_languages_that_are_not_known_stays_undetermined() {
        for text in ["བྱིས་པ་ཚོ་སློབ་གྲྭར་འགྲོ།", "ⵉⴼⵔⵅⴰⵏ ⴷⴷⴰⵏ ⵖⵔ ⵜⵉⵏⵎⵍ", "ᐊᓂᔑᓈᐯᒧᐎᓐ"]
        {
            assert_eq!(identify(text), Identification::undetermined(), "{text}");
        }
    }

    #[test]
    fn a_brand_name_does_not_turn_a_page_of_an_unknown_script_latin() {
        let found = identify("བོད་ཡིག་གི་དེབ་འདི་ Wikipedia ནས་བླངས་པ་ཡིན།");
        assert_eq!(found.lang, LangTag::UND);
    }

    #[test]
    fn languages_it_does_not_know_come_with_a_lower_confidence() {
        let luo = "Nyithindo dhi e skul okinyi kendo gisomo buge gi mor ahinya.";
        assert!(identify(luo).confidence < 0.9, "{:?}", identify(luo));
    }

    #[test]
    fn a_menu_in_english_does_not_hide_the_language_of_the_page() {
        let menu = "Home\nAbout us\nContact\n";
        let body = "குழந்தைகள் காலையில் பள்ளிக்குச் சென்று புத்தகங்களைப் படிக்கிறார்கள்.\n".repeat(200);
        let found = identify(&format!("{menu}{body}"));
        assert_eq!(found.lang.to_string(), "tam_Taml");
        assert!(found.top[0].1 > 0.9);
    }

    #[test]
    fn labels_are_sorted_and_macrolanguages_are_collapsed() {
        let engine = Whatlang::default();
        assert!(engine.labels().is_sorted());
        assert_eq!(engine.labels().len(), 70 + BY_SCRIPT.len());
        for code in ["zho", "cmn", "fas", "pes", "ara", "arb", "lao", "hin", "ell", "nob", "ekk"] {
            assert!(supports(&engine, code), "{code}");
        }
        for code in ["swa", "luo", "kik", "prs", "yue", "nno", "xyz"] {
            assert!(!supports(&engine, code), "{code}");
        }
    }

    #[test]
    fn the_digest_names_the_version_in_use() {
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
        let Ok(lock) = std::fs::read_to_string(lock) else {
            println!("skipped: no Cargo.lock beside the crate");
            return;
        };
        assert!(lock.contains(&format!("name = \"whatlang\"\nversion = \"{VERSION}\"")));
        assert_eq!(Whatlang::default().digest().len(), 64);
        assert_eq!(Whatlang::default().digest(), Whatlang::with_max_bytes(100).digest());
    }

    proptest! {
        #[test]
        fn any_text_gets_the_same_answer_twice(text in "(\\PC|\n|\0){0,600}") {
            let found = identify(&text);
            prop_assert_eq!(&found, &identify(&text));
            prop_assert!((0.0..=1.0).contains(&found.confidence));
            prop_assert!(found.top.len() <= 3);
            prop_assert!(found.top.iter().map(|(_, share)| share).sum::<f32>() <= 1.0001);
        }
    }
}
