//! Records that are not ordinary pages: errors, redirects, pictures, very short pages, deep nesting, other record
//! types, and the file whose members are damaged.

use anyhow::{Context, Result};

use super::choose::Seeded;
use super::crawl::Crawl;
use super::marks::Marks;
use super::page::{Frame, Page, Shape, render};
use super::truth::Truth;
use super::warc::Record;

const HTML: &str = "text/html; charset=utf-8";

/// URL, status, media type, body, language, and what is expected.
type Odd<'a> = (&'a str, &'a str, &'a str, &'a [u8], &'a str, &'a str);

/// A response with a status line and a media type of its own.
pub(crate) fn response(url: &str, status: &str, media_type: &str, body: &[u8]) -> Record {
    let head = format!("HTTP/1.1 {status}\nContent-Type: {media_type}\nContent-Length: {}", body.len());
    Record::response(url, &head, body)
}

/// An ordinary page of a text file, for files that need a healthy neighbour.
pub(crate) fn plain_page(crawl: &Crawl, text: &str, host: &str, first: usize) -> Result<(String, String)> {
    let texts = crawl.texts.get(text).with_context(|| format!("no text file {text}.md"))?;
    let count = texts.paragraphs.len();
    let frame = Frame {
        host: host.to_owned(),
        name: texts.paragraphs[0].title.clone(),
        shape: Shape::Article,
        marks: Marks::default(),
        lang: Some(texts.tag.clone()),
        meta_charset: Some("utf-8".to_owned()),
    };
    let page = Page {
        number: first + 1,
        paragraphs: (first..first + 3).map(|at| texts.paragraphs[at % count].clone()).collect(),
        related: vec![texts.paragraphs[(first + 3) % count].title.clone()],
        label: format!("{host}/{first}"),
    };
    Ok((format!("https://{host}/{}.html", first + 1), render(&frame, texts, &page)))
}

impl Crawl {
    /// What a crawl holds beside pages.
    pub(crate) fn add_odd(&mut self) -> Result<()> {
        let gone = "<html lang=\"sw\"><title>404</title><h1>Ukurasa haupo</h1><p>Ukurasa uliotafuta haupatikani.</p></html>";
        let short =
            |tag: &str, text: &str| format!("<html lang=\"{tag}\"><title>{text}</title><p>{text}</p></html>");
        let nested = |depth: usize, text: &str| {
            format!(
                "<html lang=\"de\"><title>Tief</title>{}<p>{text}</p>{}</html>",
                "<div>".repeat(depth),
                "</div>".repeat(depth)
            )
        };
        let text_of = |name: &str, at: usize| self.texts[name].paragraphs[at].text.clone();
        let (swahili, german, greek, hindi) =
            (text_of("swa", 11), text_of("deu", 9), text_of("ell", 8), text_of("hin", 9));
        let xhtml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"el\"><head><title>Βάρκες</title></head><body><p>{greek}</p></body></html>"
        );
        let script = "<html lang=\"hi\"><title>ऐप</title><div id=\"app\"></div><script>window.start('ऐप')</script></html>";
        let octets = format!("<html lang=\"hi\"><title>कहानी</title><p>{hindi}</p></html>");
        let deep = nested(3000, &german);
        let png: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0";
        let pdf: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

        let not_ok = "skipped: status";
        let not_page = "skipped: not a page";
        let too_short = "rejected: too short";
        let rows: [Odd; 13] = [
            (
                "https://habari-mwatate.co.ke/haupo",
                "404 Not Found",
                HTML,
                gone.as_bytes(),
                "swa_Latn",
                not_ok,
            ),
            ("https://gemeinde-muehlbach.de/alt", "301 Moved Permanently", HTML, b"", "", not_ok),
            ("https://dimos-lithari.gov.gr/teo", "503 Service Unavailable", HTML, b"<p>503</p>", "", not_ok),
            ("https://habari-mwatate.co.ke/img/1.png", "200 OK", "image/png", png, "", not_page),
            (
                "https://vaigai-seithi.in/main.css",
                "200 OK",
                "text/css",
                b"body{font:16px serif}\n",
                "",
                not_page,
            ),
            ("https://gmina-zabienice.pl/plan.pdf", "200 OK", "application/pdf", pdf, "", not_page),
            (
                "https://echo-du-lavoir.fr/api/1",
                "200 OK",
                "application/json",
                b"{\"titre\":\"Le lavoir\"}",
                "",
                not_page,
            ),
            ("https://yeshi-ribao.com.tw/leer", "200 OK", HTML, b"", "", too_short),
            (
                "https://habari-mwatate.co.ke/hadithi.txt",
                "200 OK",
                "text/plain; charset=utf-8",
                swahili.as_bytes(),
                "swa_Latn",
                "document",
            ),
            (
                "https://nisiotika-nea.gr/varkes.xhtml",
                "200 OK",
                "application/xhtml+xml",
                xhtml.as_bytes(),
                "ell_Grek",
                "document",
            ),
            (
                "https://hindi-paatha.example-press.org/kahani",
                "200",
                "application/octet-stream",
                octets.as_bytes(),
                "hin_Deva",
                "document or skipped: not a page",
            ),
            ("https://mandi-samachar.in/app", "200 OK", HTML, script.as_bytes(), "", too_short),
            (
                "https://marktblatt-muehlbach.de/tief",
                "200 OK",
                HTML,
                deep.as_bytes(),
                "deu_Latn",
                "document or rejected: nesting",
            ),
        ];
        for (url, status, media_type, body, lang, expected) in rows {
            let mut record = response(url, status, media_type, body);
            if status.starts_with("301") {
                let head = "HTTP/1.1 301 Moved Permanently\nLocation: /notices/1.html\nContent-Length: 0";
                record = Record::response(url, head, b"");
            }
            self.add(2, &record, odd(url, lang, expected))?;
        }
        for (tag, lang, host, text) in [
            ("sw", "swa_Latn", "habari-mwatate.co.ke", "Habari!"),
            ("ta", "tam_Taml", "vaigai-seithi.in", "வணக்கம்!"),
            ("th", "tha_Thai", "talat-sot.co.th", "สวัสดี"),
            ("zh-CN", "zho_Hans", "chashan-biji.com.cn", "你好"),
            ("am", "amh_Ethi", "jimma-zena.et", "ሰላም ነው?"),
        ] {
            let url = format!("https://{host}/salamu");
            self.add(
                1,
                &response(&url, "200 OK", HTML, short(tag, text).as_bytes()),
                odd(&url, lang, too_short),
            )?;
        }
        self.add_other_types()
    }

    /// Resource, conversion and DNS records, and a page on a host that is only a number.
    fn add_other_types(&mut self) -> Result<()> {
        let (url, somali) = plain_page(self, "som", "rasilimali.co.ke", 1)?;
        let resource = Record::new("resource", &url, "text/html", somali.into_bytes());
        self.add(0, &resource, odd(&url, "som_Latn", "document"))?;
        let urdu = self.texts["urd"].paragraphs[2].text.clone();
        let url = "https://multan-akhbar.com.pk/garmi.txt";
        self.add(
            1,
            &Record::new("resource", url, "text/plain", urdu.clone().into_bytes()),
            odd(url, "urd_Arab", "document"),
        )?;
        self.add(
            1,
            &Record::new("conversion", url, "text/plain", urdu.into_bytes()),
            odd(url, "urd_Arab", "skipped: not a page"),
        )?;
        let dns = "20260302060000\nhabari-mwatate.co.ke. 3600 IN A 192.0.2.7\n";
        let url = "dns:habari-mwatate.co.ke";
        let record = Record::new("response", url, "text/dns", dns.as_bytes().to_vec());
        self.add(0, &record, odd(url, "", "skipped: not a page"))?;
        let (_, amharic) = plain_page(self, "amh", "192.0.2.10", 4)?;
        let url = "http://192.0.2.10/index.html";
        self.add(0, &response(url, "200 OK", HTML, amharic.as_bytes()), odd(url, "amh_Ethi", "document"))?;
        Ok(())
    }

    /// Fills `broken.warc.gz`: every damaged member has healthy neighbours, and the last one is cut.
    pub(crate) fn add_damage(&mut self) -> Result<()> {
        const FILE: usize = 3;
        let sources = [
            ("swa", "magari-mabovu.co.ke"),
            ("hin", "tuta-panna.in"),
            ("tam", "udaintha-pakkam.in"),
            ("tha", "khwam-sia-hai.co.th"),
            ("amh", "sibari-getse.et"),
            ("ell", "spasmeni-selida.gr"),
            ("deu", "kaputte-seite.de"),
            ("ben", "bhanga-pata.com.bd"),
            ("fra", "page-cassee.fr"),
        ];
        for (at, (text, host)) in sources.into_iter().enumerate() {
            let (url, html) = plain_page(self, text, host, at)?;
            let label = self.texts[text].label();
            self.add(FILE, &response(&url, "200 OK", HTML, html.as_bytes()), odd(&url, &label, "document"))?;

            let (_, html) = plain_page(self, text, host, at + 4)?;
            let url = format!("https://{host}/damaged.html");
            let record = response(&url, "200 OK", HTML, html.as_bytes());
            let file = &mut self.files[FILE];
            let (placed, damage, expected) = match at {
                0 => {
                    let flip = |member| flipped(member, 12);
                    (
                        file.add_damaged(&record, flip)?,
                        "four bytes at the head of the member are flipped",
                        "broken",
                    )
                }
                1 => {
                    let wrong = |mut member: Vec<u8>| {
                        let crc = member.len() - 8;
                        member[crc..crc + 4].fill(0);
                        member
                    };
                    (
                        file.add_damaged(&record, wrong)?,
                        "the CRC of the member is wrong, the data whole",
                        "broken, or document with a warning",
                    )
                }
                2 => (
                    file.add_garbage(&Seeded::new("garbage").bytes(333)),
                    "333 bytes that are no member",
                    "broken",
                ),
                3 => {
                    let length = record.block.len() + 5000;
                    (
                        file.add_with_length(&record, length)?,
                        "Content-Length is 5000 too large",
                        "broken, or document with a warning",
                    )
                }
                4 => {
                    let length = record.block.len() - 300;
                    (
                        file.add_with_length(&record, length)?,
                        "Content-Length is 300 too small",
                        "broken, or document with a warning",
                    )
                }
                5 => {
                    let member = super::warc::gzip("Αυτό δεν είναι εγγραφή WARC.\n".as_bytes())?;
                    (file.add_garbage(&member), "a member without a WARC record", "broken")
                }
                6 => (file.add_garbage(&[0; 512]), "512 zero bytes", "padding: nothing is lost"),
                7 => {
                    let flip = |member: Vec<u8>| {
                        let middle = member.len() / 2;
                        flipped(member, middle)
                    };
                    let damage =
                        "four bytes in the middle of the member are flipped; it may inflate all the same";
                    (file.add_damaged(&record, flip)?, damage, "broken")
                }
                _ => {
                    let cut = |mut member: Vec<u8>| {
                        member.truncate(member.len() * 2 / 3);
                        member
                    };
                    (file.add_damaged(&record, cut)?, "the file ends inside the member", "broken")
                }
            };
            let url = if placed.id.is_empty() { String::new() } else { url };
            let truth = Truth { kind: "damage", damage: damage.to_owned(), url, ..odd("", &label, expected) };
            self.note(FILE, &placed, truth);
        }
        Ok(())
    }
}

/// A member with four bytes of its deflate stream inverted.
fn flipped(mut member: Vec<u8>, at: usize) -> Vec<u8> {
    for byte in &mut member[at..at + 4] {
        *byte ^= 0xff;
    }
    member
}

fn odd(url: &str, lang: &str, expected: &str) -> Truth {
    let host = url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    Truth { host: host.to_owned(), lang: lang.to_owned(), expected: expected.to_owned(), ..Truth::default() }
}
