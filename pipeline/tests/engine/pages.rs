//! Pages and crawl files for the tests. The same call gives the same bytes.

use kilim_connectors::warc::RecordBuilder;

/// When pages were fetched unless a test says otherwise.
pub(crate) const FETCHED: &str = "2026-03-01T06:00:00Z";

/// Languages of [`text`].
pub(crate) const LANGUAGES: [&str; 5] = ["hin", "ell", "tam", "amh", "tha"];

const HINDI: &str = "एक बार गर्मी के दिनों में एक कौआ पानी की खोज में बहुत दूर तक उड़ा। उसे एक घड़ा मिला, जिसमें पानी बहुत नीचे था। \
    उसने पास पड़े कंकड़ एक-एक करके घड़े में डाले। धीरे-धीरे पानी ऊपर आ गया और कौए ने अपनी प्यास बुझाई।";
const GREEK: &str = "Το πρωί η αγορά του λιμανιού γέμισε κόσμο, γιατί τα καΐκια γύρισαν με πολλά ψάρια. Οι γυναίκες \
    διάλεγαν σαρδέλες και χταπόδια, και τα παιδιά έτρεχαν ανάμεσα στους πάγκους ζητώντας κουλούρια με σουσάμι.";
const TAMIL: &str = "கிராமத்தின் பள்ளியில் இன்று புதிய நூலகம் திறக்கப்பட்டது. குழந்தைகள் மகிழ்ச்சியுடன் புத்தகங்களை எடுத்துப் படித்தனர். \
    ஆசிரியர் மாலையில் அனைவருக்கும் ஒரு பழைய கதையைச் சொன்னார், மழை பெய்யத் தொடங்கியது.";
const AMHARIC: &str = "ዛሬ ጠዋት በገበያው ውስጥ ብዙ ሰዎች ቡና እና ማር ይሸጡ ነበር። ልጆቹ ወደ ትምህርት ቤት ሲሄዱ ዝናብ ጀመረ። አስተማሪዋ ስለ ወንዙ \
    እና ስለ ተራራው አንድ ረጅም ታሪክ ነገረቻቸው፤ ሁሉም በጸጥታ አዳመጡ።";
const THAI: &str = "เช้าวันนี้ตลาดริมน้ำมีคนมากกว่าทุกวัน แม่ค้าขายข้าวเหนียวมะม่วงและปลาสด เด็กนักเรียนเดินผ่านสะพานไม้เพื่อไปโรงเรียน \
    ครูเล่านิทานเรื่องแม่น้ำให้ฟัง แล้วฝนก็เริ่มตกลงมาอย่างช้าๆ";

/// A paragraph in one of [`LANGUAGES`]. Two numbers give two texts.
pub(crate) fn text(lang: &str, number: usize) -> String {
    let paragraph = match lang {
        "hin" => HINDI,
        "ell" => GREEK,
        "tam" => TAMIL,
        "amh" => AMHARIC,
        "tha" => THAI,
        other => panic!("no text in {other}"),
    };
    format!("{paragraph} ({number})")
}

/// An HTML page around `text`.
pub(crate) fn html(text: &str) -> String {
    format!(
        "<!DOCTYPE html><html><head><title>{}</title></head><body><article><p>{text}</p></article></body></html>",
        text.chars().take(20).collect::<String>(),
    )
}

/// A server's answer with an HTML page.
pub(crate) fn answer(html: &str) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n";
    [head.as_bytes(), html.as_bytes()].concat()
}

/// A record with a page that says `text`.
pub(crate) fn page(url: &str, text: &str) -> RecordBuilder {
    page_at(url, FETCHED, text)
}

/// The same, fetched at `date`.
pub(crate) fn page_at(url: &str, date: &str, text: &str) -> RecordBuilder {
    RecordBuilder::response(url, date, &answer(&html(text)))
}

/// A crawl file: one gzip member per record.
pub(crate) fn warc(records: &[RecordBuilder]) -> Vec<u8> {
    records.iter().flat_map(RecordBuilder::to_gzip).collect()
}

/// A crawl file of `count` pages on Kenyan, German, Indian and unclaimed hosts in all [`LANGUAGES`]. Each page carries
/// `noise` bytes that do not compress, outside its text; every seventh repeats the text of the one before it elsewhere.
pub(crate) fn many(name: &str, count: usize, noise: usize) -> Vec<u8> {
    let hosts = ["habari.co.ke", "nachrichten.de", "samachar.in", "hadithi.org"];
    let mut state = blake3::hash(name.as_bytes());
    let mut bytes = Vec::new();
    for number in 0..count {
        let about = if number % 7 == 6 { number - 1 } else { number };
        let lang = LANGUAGES[about % LANGUAGES.len()];
        let text = text(
            lang,
            blake3::hash(format!("{name} {about}").as_bytes()).as_bytes()[0] as usize * 1000 + about,
        );
        let mut filler = String::new();
        while filler.len() < noise {
            state = blake3::hash(state.as_bytes());
            filler.push_str(state.to_hex().as_str());
        }
        let page = format!("{}<!-- {filler} -->", html(&text));
        let host = hosts[number % hosts.len()];
        let url = format!("https://{name}.{host}/{number}");
        bytes.extend(RecordBuilder::response(&url, FETCHED, &answer(&page)).to_gzip());
    }
    bytes
}
