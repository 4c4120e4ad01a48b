use proptest::prelude::*;

use super::super::code_pages::mangled;
use super::*;

/// All passes, as `Normalizer` makes them.
fn repaired(text: &str) -> String {
    let mut text = text.to_owned();
    loop {
        let mut edits = Edits::default();
        repair(&text, &mut edits);
        if edits.is_empty() {
            return text;
        }
        text = edits.apply(&text, &mut []);
    }
}

/// One sentence in each of many scripts, and the code pages that their UTF-8 is read in.
const SENTENCES: [(&str, &[&str]); 19] = [
    (
        "L’été, « ça » coûte 5 € — déjà vu… à l’école",
        &["windows-1252", "latin-1", "windows-1254", "macintosh", "cp437", "windows-1251", "windows-1250"],
    ),
    (
        "Die „Größe“ der Straße überrascht Österreich",
        &["windows-1252", "latin-1", "macintosh", "iso-8859-2", "cp437"],
    ),
    ("Příliš žluťoučký kůň úpěl ďábelské ódy", &["windows-1252", "latin-1", "windows-1250", "iso-8859-2"]),
    ("Zażółć gęślą jaźń", &["windows-1252", "windows-1250", "latin-1"]),
    ("Çocuklar ağaçların gölgesinde şarkı söylüyor", &["windows-1252", "windows-1254"]),
    ("Tiếng Việt có nhiều dấu thanh", &["windows-1252", "latin-1"]),
    ("Ọmọ náà ń kọrin ẹ̀kọ́ lówùúrọ̀", &["windows-1252", "latin-1"]),
    ("Дети пришли в школу и сели у окна", &["windows-1252", "latin-1", "windows-1251", "koi8-r"]),
    ("Діти прийшли до школи, їхній дім — тут", &["windows-1252", "windows-1251"]),
    ("Τα παιδιά πήγαν στο σχολείο το πρωί", &["windows-1252", "latin-1", "windows-1253"]),
    ("बच्चे सुबह स्कूल गए और पढ़ने लगे।", &["windows-1252", "latin-1", "windows-1251"]),
    ("குழந்தைகள் பள்ளிக்குச் சென்றார்கள்.", &["windows-1252", "latin-1"]),
    ("ذهب الأطفال إلى المدرسة في الصباح", &["windows-1252", "latin-1", "windows-1256"]),
    ("کودکان صبح به مدرسه می‌روند و درس می‌خوانند", &["windows-1252", "latin-1"]),
    ("הילדים הלכו לבית הספר בבוקר", &["windows-1252", "latin-1", "windows-1255"]),
    ("孩子们早上去学校。「今日は学校へ行きます」、アイス", &["windows-1252", "latin-1", "windows-1251"]),
    ("ልጆች ጠዋት ወደ ትምህርት ቤት ሄዱ።", &["windows-1252", "latin-1"]),
    ("เด็กๆ ไปโรงเรียนตอนเช้า", &["windows-1252", "latin-1", "windows-874"]),
    ("학교에 갔다 😀 👩\u{200d}👧 ゲーム", &["windows-1252", "latin-1"]),
];

#[test]
fn text_in_every_script_is_read_back() {
    for (text, labels) in SENTENCES {
        for label in labels {
            let once = mangled(text, label);
            assert_eq!(repaired(&once), text, "{label}: {once}");
        }
    }
}

#[test]
fn text_that_was_misread_twice_is_read_twice() {
    for (text, labels) in SENTENCES {
        for label in labels.iter().filter(|label| matches!(**label, "windows-1252" | "latin-1")) {
            let twice = mangled(&mangled(text, label), label);
            assert_eq!(repaired(&twice), text, "{label}: {twice}");
        }
    }
}

#[test]
fn sound_text_stays() {
    for (text, _) in SENTENCES {
        assert_eq!(repaired(text), text);
    }
    for text in [
        // Capitals, and what stands behind words.
        "BEYONCÉ—who? JOSÉ’s CAFÉ… « À » „Spaß“ „groß“, »Öl« L’ÉTÉ\u{a0}! MAÇÃ\u{a0}IRMÃ ÇA\u{a0}: Å\u{a0}",
        "CZĘŚĆ KSIĘŻA CIĘŻKI zvlášť plášť měšťan JEŠTĚ DOKTÝŽ PŘEDNÁŠKA Ăştia Ăsta",
        // Words that are UTF-8 in another code page.
        "ыйхăран темĕнле хĕртнĕрен вырăсла; тодi дiтей; хийцам; Β΄ και Γ΄",
        "Её Ці Ні Ті Ії её; تک سگ شک یک; เชฟ แบบ แบบแบบแบบ เธอ USBتک ABแบบCD",
        "l’écran d’être “Àé” 2√π x√π √2 ∑é ≈∆ ÃO",
        "“café” ‘café’” santé»… caf锅 ‚Ähm‘ É” Ö“",
        "Â’r Âm nhạc XÃ HỘI ĐÃ Ấ A\u{302}\u{301} Â »",
    ] {
        assert_eq!(repaired(text), text);
    }
}

#[test]
fn one_misread_word_among_sound_ones_is_mended_alone() {
    for (text, mended) in [
        ("À l’été, le cafÃ© JOSÉ’s…", "À l’été, le café JOSÉ’s…"),
        ("Её дом стоит â€” здесь donâ€™t", "Её дом стоит — здесь don’t"),
        ("Habari yaâ€¦ leo na kesho", "Habari ya… leo na kesho"),
        ("ሰላም naÃ¯ve 你好", "ሰላም naïve 你好"),
        ("वह cafÃ© गया", "वह café गया"),
    ] {
        assert_eq!(repaired(text), mended);
    }
}

#[test]
fn words_that_lost_a_byte_stay_and_others_are_mended() {
    for (text, mended) in [
        // A no-break space became a space, a control was removed, a byte was replaced.
        ("voilÃ  le cafÃ©", "voilÃ  le café"),
        ("ÐºÐ¾Ñ Ð¸ ÐºÐ¾Ñ‚", "ÐºÐ¾Ñ и кот"),
        ("cafÃ\u{fffd} prÃªt", "cafÃ\u{fffd} prêt"),
        ("à¤•à¤¥à¤¾ à¤¹à", "कथा à¤¹à"),
    ] {
        assert_eq!(repaired(text), mended);
    }
}

#[test]
fn a_heading_follows_its_text() {
    let text = "А\n\nКот и кошка сидят у окна и ждут\n\nИ я";
    let mangled = mangled(text, "windows-1252");
    assert_eq!(repaired(&mangled), text);
    // A heading that has a sound letter, in a text where not everything is misread.
    let mixed = "Ã€ BEYONCÉ—who\n\ncafÃ© prÃªt, voilÃ¡ l’été";
    assert!(repaired(mixed).contains("BEYONCÉ—who"));
}

#[test]
fn sample_texts_of_all_languages_are_sound_and_read_back() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../data-samples/texts");
    let mut texts = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.display();
        assert_eq!(repaired(&text), text, "{name}");
        for label in ["windows-1252", "latin-1"] {
            let once = mangled(&text, label);
            assert_eq!(repaired(&once), text, "{name} in {label}");
            assert_eq!(repaired(&mangled(&once, label)), text, "{name} twice in {label}");
        }
        texts += 1;
    }
    assert!(texts > 40, "{texts}");
}

proptest! {
    #[test]
    fn repairing_twice_is_repairing_once(text in "([ÃÂâ€™©ÐÑ°ºРСВ€ à¤•\u{80}-\u{ff}a-zA-Z .]|\\PC){0,30}") {
        let once = repaired(&text);
        prop_assert_eq!(&repaired(&once), &once);
    }

    // Of a few letters, all of them may be read as signs that stand anywhere: `Ð°Ð°` for `аа`.
    #[test]
    fn sentences_of_a_script_come_back(
        words in prop_oneof![
            prop::collection::vec("[а-я]{4,9}", 3..8),
            prop::collection::vec("[α-ω]{4,9}", 3..8),
            prop::collection::vec("[क-ह][ा-ौ][क-ह]", 3..8),
            prop::collection::vec("[ا-غف-ي]{4,8}", 3..8),
            prop::collection::vec("[ሀ-ሆለ-ሎመ-ሞ]{2,6}", 3..8),
            // Six characters may all be rare ones whose bytes look like a reading of their own: 婑呂 橂穀 婊拄.
            prop::collection::vec("[一-龠]{5,9}", 4..8),
            prop::collection::vec("[가-힣]{5,9}", 4..8),
        ],
        latin_1 in any::<bool>(),
    ) {
        let text = words.join(" ");
        let label = if latin_1 { "latin-1" } else { "windows-1252" };
        prop_assert_eq!(repaired(&mangled(&text, label)), text);
    }
}
