//! Sentences in many scripts, packing, and pages in many charsets.

use std::io::Write;

use encoding_rs::Encoding;

use super::{Sample, sample};

/// Language, top-level domain, legacy charset or nothing, and a few words.
pub const TEXTS: [(&str, &str, &str, &str); 12] = [
    ("swa", "ke", "windows-1252", "Habari za leo? Soko limefunguliwa, bei ya mahindi imepanda."),
    ("hin", "in", "", "नमस्ते दुनिया। आज मौसम अच्छा है और बाज़ार खुला है।"),
    ("tam", "in", "", "வணக்கம் உலகம். இன்று வானிலை நன்றாக உள்ளது."),
    ("amh", "et", "", "ሰላም ለዓለም። ዛሬ አየሩ ጥሩ ነው፤ ገበያውም ክፍት ነው።"),
    ("ell", "gr", "windows-1253", "Γειά σου κόσμε. Σήμερα ο καιρός είναι καλός."),
    ("ara", "eg", "windows-1256", "مرحبا بالعالم. الطقس اليوم جميل والسوق مفتوح."),
    ("tha", "th", "windows-874", "สวัสดีชาวโลก วันนี้อากาศดีและตลาดเปิด"),
    ("rus", "ru", "koi8-r", "Привет, мир. Сегодня хорошая погода, и рынок открыт."),
    ("jpn", "jp", "shift_jis", "こんにちは世界。今日は天気がよく、市場は開いています。"),
    ("kor", "kr", "euc-kr", "안녕하세요 세계. 오늘은 날씨가 좋고 시장이 열려 있습니다."),
    ("zho", "cn", "gb18030", "你好，世界。今天天气很好，市场开放，欢迎大家光临。"),
    ("zho-hant", "tw", "big5", "你好，世界。今天天氣很好，市場開放，歡迎大家光臨。"),
];

/// One gzip member.
pub fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    writer.write_all(bytes).and_then(|()| writer.finish()).expect("writing into a Vec never fails")
}

/// Inputs of the law of charsets: label, host, page.
pub(super) fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for (language, tld, charset, text) in TEXTS {
        let page = |head: &str, bytes: &[u8]| [head.as_bytes(), b"\n", bytes].concat();
        let meta = |label: &str| format!("<html><head><meta charset=\"{label}\"></head><p>");
        let host = format!("www.mfano.{tld}");
        samples.push(sample(&format!("{language}-utf8"), page(&format!("\n{host}"), text.as_bytes())));
        let cut = &text.as_bytes()[..text.len() - 1];
        samples.push(sample(&format!("{language}-cut"), page("iso-8859-1\n", cut)));
        let stray = [text.as_bytes(), b" caf\xe9 ", text.as_bytes()].concat();
        samples.push(sample(&format!("{language}-stray"), page("utf-8\n", &stray)));
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        samples
            .push(sample(&format!("{language}-utf16-bom"), page("\n", &[b"\xff\xfe", &utf16[..]].concat())));
        samples.push(sample(&format!("{language}-utf16"), page("utf-16le\n", &utf16)));
        let Some(encoding) = Encoding::for_label(charset.as_bytes()) else { continue };
        let legacy = encoding.encode(text).0.into_owned();
        samples.push(sample(&format!("{language}-http"), page(&format!("{charset}\n{host}"), &legacy)));
        samples.push(sample(&format!("{language}-guess"), page(&format!("\n{host}"), &legacy)));
        let declared = [meta(charset).as_bytes(), &legacy].concat();
        samples.push(sample(&format!("{language}-meta"), page(&format!("x-unknown\n{host}"), &declared)));
        let xml = [format!("<?xml version='1.0' encoding='{charset}'?>").as_bytes(), &legacy].concat();
        samples.push(sample(&format!("{language}-xml"), page("\n", &xml)));
    }
    let japanese =
        Encoding::for_label(b"iso-2022-jp").map(|encoding| encoding.encode(TEXTS[8].3).0.into_owned());
    let escapes = [&b"iso-2022-jp\n\n"[..], &japanese.unwrap_or_default()].concat();
    samples.push(sample("jpn-escapes", escapes));
    samples.push(sample(
        "comment",
        "\n\n<!-- <meta charset=big5> --><META content='text/html; charset=koi8-r'>\u{41f}",
    ));
    samples
}
