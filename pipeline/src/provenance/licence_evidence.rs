//! Marks of a page as evidence of a licence: which licence, and of what.
//!
//! Each signal is a row; none is an answer. Scope says what a row speaks of: `page` and `site` cover the text, `media`,
//! `comment` and `unknown` do not. A link to a licence is about as often the licence of a picture or of another site as
//! that of the page (Common Pile kept 537 of the 1,000 domains that a regex found), so a row covers the text only where
//! its place or the words of its line say so.
//!
//! # Example
//! `<p>Photo: Amina, <a href="https://creativecommons.org/licenses/by/4.0/">CC BY</a></p>` is `cc_link media CC-BY-4.0`.

use url::Url;

use super::licence_prose::{self as prose, About, Said};
use super::licences::{self, Licence};
use crate::document::{LicenseEvidence, Mark};
use crate::extract::marks::MORE;
use crate::extract::marks::json_ld::BROKEN;

/// Media type of RSL, which reserves and sells rights: never a licence.
const RSL: &str = "application/rsl+xml";

/// What signals are worth, best first. The order is that of how near to the text, and how deliberate, a statement is; the
/// measured precision of each is in benches/RESULTS.md.
const CONFIDENCE: [(&str, f32); 15] = [
    ("seed", 0.95),
    ("declared", 0.95),
    ("host", 0.9),
    ("http_link", 0.95),
    ("link_rel", 0.9),
    ("meta", 0.85),
    ("json_ld", 0.85),
    ("rdfa", 0.8),
    ("microdata", 0.8),
    ("a_rel", 0.8),
    ("cc_link", 0.6),
    ("prose", 0.5),
    ("badge", 0.4),
    ("origin", 0.3),
    ("unread", 0.0),
];

/// A row of `signal` with its confidence; scope `page`.
pub fn row(signal: &'static str, raw: &str, spdx: Option<String>) -> LicenseEvidence {
    let confidence = CONFIDENCE.iter().find(|(known, _)| *known == signal).map_or(0.0, |(_, worth)| *worth);
    LicenseEvidence {
        signal,
        raw: raw.to_owned(),
        spdx,
        scope: "page",
        confidence,
        ..LicenseEvidence::default()
    }
}

/// What a document of an existing corpus says about its licence: an id, a URL, or words.
pub fn declared(license: &str) -> Option<LicenseEvidence> {
    if license.is_empty() {
        return None;
    }
    let found = licences::from_id(license).or_else(|| licences::from_url(license));
    let reference = || license.starts_with("LicenseRef-").then(|| license.to_owned());
    let in_words = || only(prose::licences_in(license));
    let spdx = found.map(|licence| licence.spdx).or_else(reference).or_else(in_words);
    let negated = prose::reserves_all_rights(license);
    Some(LicenseEvidence { negated, ..row("declared", license, spdx) })
}

/// The one licence of a list; none if there are several, since nobody says which is for what.
fn only(mut licences: Vec<Licence>) -> Option<String> {
    let last = licences.pop()?;
    licences.is_empty().then_some(last.spdx)
}

/// `Link` headers with `rel=license`. One with another `anchor` speaks of another resource.
pub fn from_headers(head: &str, url: &str) -> Vec<LicenseEvidence> {
    let mut rows = Vec::new();
    for line in head.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if !name.trim().eq_ignore_ascii_case("link") {
            continue;
        }
        // Targets stand in angle brackets, so a comma inside one does not split.
        for link in value.split('<').skip(1) {
            let Some((target, parameters)) = link.split_once('>') else { continue };
            let parameter = |name: &str| {
                parameters.split([';', ',']).find_map(|part| {
                    let (key, value) = part.split_once('=')?;
                    key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
                })
            };
            let rel = parameter("rel").unwrap_or_default().to_ascii_lowercase();
            if !rel.split_whitespace().any(|word| word == "license")
                || parameter("type").is_some_and(|media_type| media_type.eq_ignore_ascii_case(RSL))
            {
                continue;
            }
            let anchor = parameter("anchor").filter(|anchor| !is_page(anchor, url, ""));
            let spdx = licences::from_url(target).map(|licence| licence.spdx);
            rows.push(LicenseEvidence {
                scope: if anchor.is_some() { "unknown" } else { "page" },
                subject: anchor,
                ..row("http_link", target, spdx)
            });
        }
    }
    rows
}

/// Whether an address that a mark speaks of is the page's own, by its URL or what it gives as its canonical one.
fn is_page(subject: &str, url: &str, canonical: &str) -> bool {
    let subject = subject.trim();
    if subject.is_empty() || subject == "#" {
        return true;
    }
    // Where nobody knows where the page was, an address is of something else.
    let Ok(page) = Url::parse(url).or_else(|_| Url::parse(canonical)) else { return false };
    let Ok(subject) = page.join(subject) else { return false };
    let same = |other: &Url| {
        let host = |url: &Url| url.host_str().map(|host| host.trim_start_matches("www.").to_owned());
        let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
        host(&subject) == host(other) && path(&subject) == path(other) && subject.query() == other.query()
    };
    same(&page) || page.join(canonical).is_ok_and(|canonical| same(&canonical))
}

/// Lines that name a licence, outside footers: a page with more is about licences.
const MAX_NOTICES: usize = 3;
/// Characters of a line that says under which licence a text is; longer ones are running text. The sentences by which
/// publishers of open access give their licences have up to 350.
const MAX_NOTICE: usize = 400;

/// Words of the page that bear on more than the mark they stand in.
struct Context<'a> {
    url: &'a str,
    host: &'a str,
    canonical: &'a str,
    footer: Said,
    /// RDFa gives the work's type, and it is none of text.
    work_is_media: bool,
    /// It speaks of licences rather than under one.
    about_licences: bool,
}

/// The line that a statement stands in, and the part of it that the statement is.
struct Line<'a> {
    part: &'a str,
    /// What the part says, or the line, where the part does not say of what it is: `Photo: Amina | CC BY` is of the photo.
    said: Said,
    /// What the line says.
    whole: Said,
}

impl<'a> Line<'a> {
    /// `part` of `line`.
    fn new(line: &'a str, part: &'a str) -> Self {
        let whole = prose::said(line);
        let said = if part.len() == line.len() { whole } else { prose::said(part) };
        let said = if said.about == About::default() { whole } else { said };
        Self { part, said, whole }
    }

    /// The part that names this licence.
    fn naming(line: &'a str, spdx: Option<&str>) -> Self {
        Self::new(line, spdx.map_or(line, |spdx| prose::segment_naming(line, licences::parts(spdx).family)))
    }
}

/// All rows of a page's marks, in their order.
pub fn from_marks(marks: &[Mark], url: &str, host: &str, title: &str) -> Vec<LicenseEvidence> {
    let is = |mark: &&Mark, element: &str, key: &str| mark.element == element && mark.key == key;
    let value =
        |element, key| marks.iter().find(|mark| is(mark, element, key)).map_or("", |mark| &mark.value);
    let mut footer = Said::default();
    for mark in marks.iter().filter(|mark| is(mark, "text", "footer")) {
        let said = prose::said(&mark.value);
        footer.reserved |= said.reserved;
        footer.excepted |= said.excepted;
    }
    let mut types =
        marks.iter().filter(|mark| mark.element == "rdfa" && mark.key.ends_with(":type")).peekable();
    let has_types = types.peek().is_some();
    let work_is_media = has_types
        && types.all(|mark| !mark.value.ends_with("/Text") && !mark.value.ends_with("/InteractiveResource"));
    let lines = marks.iter().filter(|mark| {
        is(mark, "text", "statement") && !mark.in_footer && !prose::licences_in(&mark.value).is_empty()
    });
    let about_licences = lines.count() > MAX_NOTICES || prose::is_about_licences(title);
    let context =
        Context { url, host, canonical: value("link", "canonical"), footer, work_is_media, about_licences };
    let mut rows: Vec<LicenseEvidence> = marks.iter().flat_map(|mark| from_mark(mark, &context)).collect();
    // What the head keeps, it keeps of the whole page.
    let meta_takes_back = marks.iter().any(|mark| {
        mark.element == "meta" && is_rights_text(&mark.key) && prose::reserves_all_rights(&mark.value)
    });
    if meta_takes_back {
        rows.iter_mut().filter(|row| covers_text(row)).for_each(|row| row.negated = true);
    }
    rows
}

/// Whether a row speaks of the page's text.
pub fn covers_text(row: &LicenseEvidence) -> bool {
    matches!(row.scope, "page" | "site")
}

fn is_rights_text(key: &str) -> bool {
    matches!(key, "rights" | "copyright") || key.starts_with("dc") && key.contains("rights")
}

/// The rows of one mark; none if it says nothing about licences.
fn from_mark(mark: &Mark, context: &Context<'_>) -> Vec<LicenseEvidence> {
    if mark.media_type == RSL {
        return Vec::new();
    }
    if mark.element == "text" {
        return match mark.key.as_str() {
            "statement" => from_line(mark, context),
            // Marks that were left out may contradict those that were read.
            MORE => vec![LicenseEvidence { negated: true, ..row("unread", "", None) }],
            _ => Vec::new(),
        };
    }
    let Some((signal, spdx)) = signal_of(mark) else { return Vec::new() };
    let line = Line::naming(&mark.line, spdx.as_deref());
    let scope = scope_of(signal, spdx.as_deref(), mark, &line, context);
    let around = prose::said(&mark.context);
    let by_footer = mark.in_footer && mark.element != "json-ld";
    // Rights kept in another line are a row of their own, of what that line speaks of.
    let negated = line.whole.reserved
        || by_footer && context.footer.reserved
        || signal == "meta" && prose::reserves_all_rights(&mark.value);
    let excepted = around.excepted
        || line.whole.excepted
        || by_footer && context.footer.excepted
        || signal == "meta" && prose::makes_exceptions(&mark.value);
    let elsewhere = !is_page(&mark.subject, context.url, context.canonical);
    let mut rows = vec![LicenseEvidence {
        scope,
        subject: elsewhere.then(|| mark.subject.clone()),
        in_head: mark.in_head,
        in_footer: mark.in_footer,
        negated,
        excepted,
        context: mark.context.clone(),
        ..row(signal, &mark.value, spdx)
    }];
    rows.extend(origin(line.whole, &mark.line, context).filter(|_| covers_text(&rows[0])));
    rows
}

/// The signal that a mark is, and the licence it names.
fn signal_of(mark: &Mark) -> Option<(&'static str, Option<String>)> {
    let id = |licence: Option<Licence>| licence.map(|found| found.spdx);
    let by_url = || licences::from_url(&mark.value);
    let by_name = || by_url().or_else(|| licences::from_id(&mark.value));
    let in_words = || {
        let by_url = mark.value.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | ','));
        let by_url = by_url.filter(|word| word.contains("://"));
        id(by_name())
            .or_else(|| {
                only(by_url.filter_map(|word| licences::from_url(word.trim_end_matches('.'))).collect())
            })
            .or_else(|| only(prose::licences_in(&mark.value)))
    };
    let has_rel =
        mark.key.split_whitespace().any(|word| word.ends_with("license") || word.ends_with("licence"));
    match mark.element {
        "link" if has_rel => Some(("link_rel", id(by_url()))),
        "a" if has_rel => Some(("a_rel", id(by_url()))),
        "a" => Some(("cc_link", Some(by_url()?.spdx))),
        "img" => Some(("badge", Some(by_url()?.spdx))),
        "rdfa" if has_rel => Some(("rdfa", in_words())),
        "microdata" if !matches!(mark.key.as_str(), "author" | "rights" | "copyright") => {
            Some(("microdata", in_words()))
        }
        "json-ld" if mark.key == BROKEN => Some(("json_ld", id(by_name()))),
        "json-ld" if mark.key != "author" => Some(("json_ld", in_words())),
        "meta" if has_rel || is_rights_text(&mark.key) => {
            let found = in_words();
            (found.is_some() || prose::reserves_all_rights(&mark.value)).then_some(("meta", found))
        }
        _ => None,
    }
}

/// Types of schema.org whose licence is that of what one reads on the page.
const PAGE_TYPES: [&str; 34] = [
    "aboutpage",
    "advertisercontentarticle",
    "analysisnewsarticle",
    "article",
    "blogposting",
    "book",
    "chapter",
    "collectionpage",
    "course",
    "creativework",
    "discussionforumposting",
    "faqpage",
    "howto",
    "itempage",
    "learningresource",
    "liveblogposting",
    "legislation",
    "medicalscholarlyarticle",
    "medicalwebpage",
    "newsarticle",
    "opinionnewsarticle",
    "profilepage",
    "qapage",
    "question",
    "recipe",
    "report",
    "reportagenewsarticle",
    "reviewnewsarticle",
    "satiricalarticle",
    "scholarlyarticle",
    "shortstory",
    "socialmediaposting",
    "techarticle",
    "webpage",
];

/// Scope of a node of `kinds`, types joined by spaces.
fn scope_of_type(kinds: &str) -> &'static str {
    let has = |is: &dyn Fn(&str) -> bool| kinds.split(' ').any(is);
    let is_media = |kind: &str| {
        kind.ends_with("object")
            && ["image", "video", "audio", "media", "music"].iter().any(|m| kind.starts_with(m))
            || matches!(
                kind,
                "photograph" | "imagegallery" | "videogallery" | "podcastepisode" | "map" | "stillimage"
            )
    };
    if has(&is_media) {
        "media"
    } else if has(&|kind| matches!(kind, "comment" | "usercomments" | "review" | "userreview")) {
        "comment"
    } else if has(&|kind| PAGE_TYPES.contains(&kind)) {
        "page"
    } else if has(&|kind| matches!(kind, "website" | "blog")) {
        "site"
    } else {
        // A data set, a program, a person: beside the text. Without a type nobody knows.
        "unknown"
    }
}

fn scope_of(
    signal: &str,
    spdx: Option<&str>,
    mark: &Mark,
    line: &Line<'_>,
    context: &Context<'_>,
) -> &'static str {
    let about = line.said.about;
    match mark.within {
        "comment" => return "comment",
        "figure" => return "media",
        _ => {}
    }
    if mark.element == "json-ld" && mark.key == BROKEN {
        return "unknown";
    }
    if matches!(signal, "json_ld" | "microdata") {
        let scope = scope_of_type(&mark.key);
        let is_beside = mark.within == "aside" && signal == "json_ld";
        let elsewhere = scope == "page" && !is_page(&mark.subject, context.url, context.canonical);
        // An item without a type is what the page is about.
        let untyped = signal == "microdata" && mark.key.ends_with("license");
        return match scope {
            "page" | "site" if is_beside || elsewhere => "unknown",
            "unknown" if untyped => body_scope(signal, spdx, mark, line, context),
            scope => scope,
        };
    }
    if mark.in_head {
        return "page";
    }
    // `#picha` is a part of the page.
    let is_part = mark.subject.split_once('#').is_some_and(|(_, part)| !part.is_empty());
    if is_part || !is_page(&mark.subject, context.url, context.canonical) {
        return "unknown";
    }
    // The mark-up that Creative Commons hands out says of which type the work is.
    if context.work_is_media && matches!(signal, "a_rel" | "rdfa" | "badge") && !about.text && !about.this {
        return "media";
    }
    body_scope(signal, spdx, mark, line, context)
}

/// Scope of a statement in the body, by its place and by the words of its line.
fn body_scope(
    signal: &str,
    spdx: Option<&str>,
    mark: &Mark,
    line: &Line<'_>,
    context: &Context<'_>,
) -> &'static str {
    let about = line.said.about;
    if about.only(about.media) {
        return "media";
    }
    let about_this = line.whole.about.this;
    if about.only(about.software) && !about_this || about.only(about.data) {
        return "unknown";
    }
    // A theme's `rel=license` for its own code says nothing about the words on the page: a line has to.
    if spdx.is_some_and(licences::is_of_software) && prose::licences_in(&mark.line).is_empty() {
        return "unknown";
    }
    // A law's own words, or a page of the terms of many things: only what says that it is the licence may be that.
    let says_so = matches!(signal, "a_rel" | "rdfa" | "microdata");
    if spdx.is_some() && context.about_licences && !says_so {
        return "unknown";
    }
    // "… and code samples are under the Apache License" is of no other licence.
    let other_software = about.software && spdx.is_some_and(licences::is_of_software);
    let beside = about.media || about.data || other_software;
    let is_notice = line.whole.about.this && !beside && line.part.chars().count() <= MAX_NOTICE;
    match mark.within {
        _ if mark.in_footer => "site",
        // A link that says it is the licence: of the page. Any other, where the line says of this text that it is so.
        "" if says_so || is_notice => "page",
        // The box beside a text is the site's, or about something in it.
        "aside" if says_so && !prose::said(&mark.context).about.media || is_notice => "site",
        _ => "unknown",
    }
}

/// A line that speaks of licences in words.
fn from_line(mark: &Mark, context: &Context<'_>) -> Vec<LicenseEvidence> {
    let line = mark.value.as_str();
    let whole = prose::said(line);
    // The line is its own.
    let mark = Mark { line: line.to_owned(), ..mark.clone() };
    let made = |spdx: Option<String>, scope| LicenseEvidence {
        scope,
        in_head: mark.in_head,
        in_footer: mark.in_footer,
        negated: whole.reserved || mark.in_footer && context.footer.reserved,
        excepted: whole.excepted || mark.in_footer && context.footer.excepted,
        ..row("prose", line, spdx)
    };
    let mut licences = prose::licences_in(line);
    if licences.is_empty() {
        // Rights are kept of the page, unless the line says that they are of something else.
        let scope = match scope_of("prose", None, &mark, &Line::new(line, line), context) {
            "unknown" if !(whole.about.software || whole.about.data) => "page",
            scope => scope,
        };
        return vec![made(None, scope)];
    }
    // A licence of code samples beside one of the text is theirs.
    let is_code = |licence: &Licence| licences::is_of_software(&licence.spdx);
    let mut rows = Vec::new();
    if whole.about.software && licences.iter().any(is_code) && !licences.iter().all(is_code) {
        let code = licences.extract_if(.., |licence| is_code(licence));
        rows.extend(code.map(|licence| made(Some(licence.spdx), "unknown")));
    }
    // Of several in one part, nobody says which is for what.
    let several =
        |part: &str| prose::licences_in(part).iter().filter(|licence| !is_code(licence)).count() > 1;
    for licence in licences {
        let part = Line::naming(line, Some(&licence.spdx));
        let scope = if several(part.part) {
            "unknown"
        } else {
            scope_of("prose", Some(&licence.spdx), &mark, &part, context)
        };
        rows.push(made(Some(licence.spdx), scope));
    }
    rows.extend(origin(whole, line, context).filter(|_| rows.iter().any(covers_text)));
    rows
}

/// Text that comes from Wikipedia stays under its licence, whatever a mirror says.
fn origin(said: Said, line: &str, context: &Context<'_>) -> Option<LicenseEvidence> {
    let is_home = ["wikipedia.org", "wikimedia.org"].iter().any(|home| {
        context.host.strip_suffix(home).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    let spdx = Some("LicenseRef-CC-BY-SA".to_owned());
    (said.wikipedia && !is_home).then(|| LicenseEvidence {
        subject: Some("https://www.wikipedia.org/".to_owned()),
        ..row("origin", line, spdx)
    })
}
