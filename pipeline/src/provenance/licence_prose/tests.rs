use super::*;

fn ids(line: &str) -> Vec<String> {
    licences_in(line).into_iter().map(|licence| licence.spdx).collect()
}

#[test]
fn codes_in_running_text_become_ids() {
    for (line, id) in [
        ("Maudhui yote yako chini ya CC BY-NC 4.0.", "CC-BY-NC-4.0"),
        ("ይህ ሥራ በ CC-BY-SA-3.0 ፈቃድ ተሰጥቷል", "CC-BY-SA-3.0"),
        ("(CC BY-NC-ND 3.0 DE)", "CC-BY-NC-ND-3.0-DE"),
        ("Licencia cc-by-nc", "LicenseRef-CC-BY-NC"),
        ("Creative Commons BY-SA 4.0", "CC-BY-SA-4.0"),
        ("CC BY 3.0 HR", "LicenseRef-CC-BY-3.0-HR"),
        ("CC0 1.0 ஆக வெளியிடப்பட்டது", "CC0-1.0"),
        ("CC BY", "LicenseRef-CC-BY"),
    ] {
        assert_eq!(ids(line), [id], "{line}");
    }
    for line in
        ["cc by Amina Said", "Picha: cc by", "CC BY-XY 4.1", "CC SA", "CC", "ABCC BY", "CCBYTE 4.0", ""]
    {
        assert_eq!(ids(line), [""; 0], "{line}");
    }
}

#[test]
fn full_names_are_read_in_many_languages() {
    for (line, id) in [
        (
            "licensed under a Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International License",
            "CC-BY-NC-SA-4.0",
        ),
        ("Creative Commons Attribution 3.0 Unported License.", "CC-BY-3.0"),
        (
            "Creative Commons Namensnennung - Nicht kommerziell - Keine Bearbeitungen 4.0 International",
            "CC-BY-NC-ND-4.0",
        ),
        (
            "licence Creative Commons Attribution - Pas d’Utilisation Commerciale - Partage dans les Mêmes Conditions 4.0",
            "CC-BY-NC-SA-4.0",
        ),
        ("licencia Creative Commons Reconocimiento-NoComercial 2.5", "CC-BY-NC-2.5"),
        ("licença Creative Commons Atribuição-CompartilhaIgual 4.0", "CC-BY-SA-4.0"),
        ("本作品采用知识共享署名-非商业性使用 4.0 国际许可协议", "CC-BY-NC-4.0"),
        ("本著作係採用創用 CC 姓名標示-相同方式分享 3.0 台灣授權條款", "CC-BY-SA-3.0"),
        ("クリエイティブ・コモンズ 表示 - 改変禁止 4.0 国際 ライセンス", "CC-BY-ND-4.0"),
        ("크리에이티브 커먼즈 저작자표시-비영리-변경금지 4.0", "CC-BY-NC-ND-4.0"),
        ("رخصة المشاع الإبداعي نسب المصنف - غير تجاري 4.0", "CC-BY-NC-4.0"),
        (
            "Άδεια Creative Commons Αναφορά Δημιουργού - Μη Εμπορική Χρήση - Παρόμοια Διανομή 4.0",
            "CC-BY-NC-SA-4.0",
        ),
        ("по лицензии Creative Commons «С указанием авторства — С сохранением условий» 4.0", "CC-BY-SA-4.0"),
        ("Creative Commons Attribution-ShareAlike", "LicenseRef-CC-BY-SA"),
        ("under the Open Government Licence v3.0", "OGL-UK-3.0"),
        ("Licensed under the Apache License, Version 2.0.", "Apache-2.0"),
        ("GNU Free Documentation License", "LicenseRef-GFDL"),
    ] {
        assert_eq!(ids(line), [id], "{line}");
    }
}

#[test]
fn a_name_that_is_not_understood_whole_is_no_licence() {
    for line in [
        "Creative Commons Attribution-Keinnutzung 4.0",
        "Creative Commons by Amina",
        "Creative Commons 4.0",
        "Makala kuhusu Creative Commons na sheria",
        "Creative Commons NonCommercial 1.0",
    ] {
        assert_eq!(ids(line), [""; 0], "{line}");
    }
    assert_eq!(ids("CC BY 4.0 na CC BY-NC 4.0"), ["CC-BY-4.0", "CC-BY-NC-4.0"]);
}

#[test]
fn reserved_rights_are_understood_in_many_languages() {
    for text in [
        "© 2025 Haki zote zimehifadhiwa.",
        "© ΕΡΤ. Με την επιφύλαξη παντός δικαιώματος",
        "جميع الحقوق محفوظة ٢٠٢٥",
        "สงวนลิขสิทธิ์ 2568",
        "版权所有",
        "सर्वाधिकार सुरक्षित",
        "All\u{a0}Rights\n Reserved",
        "ВСЕ ПРАВА ЗАЩИЩЕНЫ",
    ] {
        assert!(reserves_all_rights(text), "{text}");
    }
    assert!(!reserves_all_rights("Some rights reserved, உரிமைகள்"));
    assert!(makes_exceptions("除非另有说明") && makes_exceptions("Except where otherwise noted"));
}

#[test]
fn a_line_is_told_by_what_it_speaks_of() {
    let about = |line| said(line).about;
    assert!(about("Picha: Amina").media && about("照片由作者提供").media && about("Bild: dpa").media);
    assert!(!about("Bildung für alle").media && !about("das Gebilde").media);
    assert!(about("Diese Inhalte stehen").text && about("本作品采用").text && about("ይህ ጽሑፍ").text);
    assert!(about("WordPress theme by Otieno").software && about("Metadata is CC0").data);
    assert!(said("Chanzo: Wikipedia").wikipedia && said("出典: ウィキペディア").wikipedia);
}

#[test]
fn a_line_has_parts_that_speak_of_different_things() {
    let line = "Site design / logo © 2026; michango ya watumiaji CC BY-SA 4.0. Powered by X | ሁሉም";
    let found: Vec<_> = segments(line).collect();
    assert_eq!(
        found,
        ["Site design / logo © 2026", "michango ya watumiaji CC BY-SA 4.0", "Powered by X", "ሁሉም"]
    );
    assert_eq!(segment_naming(line, "CC-BY-SA"), "michango ya watumiaji CC BY-SA 4.0");
    assert_eq!(segment_naming(line, "CC-BY"), line);
    assert!(is_about_licences("クリエイティブ・コモンズ・リーガル・コード") && !is_about_licences("ዜና"));
}

#[test]
fn whatever_a_line_says_one_of_the_triggers_stands_in_it() {
    let triggers = triggers();
    for phrase in words::RESERVED.iter().chain(names::NAMES.iter().map(|(name, _)| name)) {
        assert!(triggers.iter().any(|trigger| phrase.contains(trigger.as_str())), "{phrase}");
    }
    // A short one in Latin letters is in every other text.
    let is_short = |trigger: &str| trigger.chars().count() < if trigger.is_ascii() { 5 } else { 2 };
    assert!(!triggers.iter().any(|trigger| is_short(trigger)), "{triggers:?}");
}

#[test]
fn a_code_stands_alone() {
    for (text, alone) in [
        ("CC BY", true),
        ("(cc)", true),
        ("創用CC", false),
        ("cc0", true),
        ("cc1", false),
        ("ccs", false),
        ("የcc", false),
    ] {
        let at = text.to_ascii_lowercase().find(CC).unwrap();
        assert_eq!(stands_alone(text, at), alone, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_line_is_read_and_ids_are_whole(line in r"[\PC\s]{0,60}(creative commons|CC|cc0|知识共享)?[ -]{0,2}(BY|by-nc|attribution|署名)?[\PC]{0,40}") {
        for licence in licences_in(&line) {
            let parts = licence.parts();
            proptest::prop_assert!(!parts.family.is_empty() && parts.family.is_ascii(), "{}", licence.spdx);
        }
        let _ = said(&line);
    }

    #[test]
    fn what_one_look_passes_over_names_nothing(
        line in r"([\PC\s]{0,3}(creative|Commons|CC|cC0|İcc|oCC|知识共享|BY|by-nc|4\.0|Apache License|mit licence|open government licence - canada|[-_ 0]|\PC)){0,12}"
    ) {
        let folded = fold(&line);
        let named = Named::of(&folded);
        let (mut by_code, mut by_name) = (Vec::new(), Vec::new());
        codes(&line, &mut by_code);
        commons(&folded, &mut by_name);
        proptest::prop_assert!(named.codes || by_code.is_empty(), "{by_code:?}");
        proptest::prop_assert!(named.commons || by_name.is_empty(), "{by_name:?}");
        let others: Vec<_> = (0..).zip(names::NAMES).filter_map(|(n, (name, _))| Some((n, folded.find(name)?))).collect();
        proptest::prop_assert_eq!(named.others, others);
        proptest::prop_assert!(licences_in(&line).is_empty() || triggers().iter().any(|trigger| folded.contains(trigger.as_str()))
            || folded.match_indices(CC).any(|(at, _)| stands_alone(&folded, at)));
    }
}
