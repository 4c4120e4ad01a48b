//! Licences and reservations as publishers write them: in the head, in the footer, in HTTP headers, in robots.txt,
//! of an image only, or contradicting each other.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};

/// Where a licence stands on a page; what it proves depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Head,
    Footer,
    Meta,
    JsonLd,
    Header,
    Image,
    ImageJsonLd,
    Comment,
}

/// One licence at one place: `by-sa@footer`.
#[derive(Debug, Clone)]
pub(crate) struct Licence {
    /// `by`, `by-sa`, …, `cc0`, `ogl`, `rsl`, or with version and port: `by/3.0/ug`.
    code: String,
    place: Place,
}

impl Licence {
    fn parse(word: &str) -> Result<Self> {
        let (code, place) = word.split_once('@').with_context(|| format!("{word}: no @place"))?;
        let place = match place {
            "head" => Place::Head,
            "footer" => Place::Footer,
            "meta" => Place::Meta,
            "jsonld" => Place::JsonLd,
            "header" => Place::Header,
            "image" => Place::Image,
            "image-jsonld" => Place::ImageJsonLd,
            "comment" => Place::Comment,
            _ => bail!("{word}: unknown place"),
        };
        Ok(Self { code: code.to_owned(), place })
    }

    fn url(&self) -> String {
        match self.code.as_str() {
            "cc0" => "https://creativecommons.org/publicdomain/zero/1.0/".to_owned(),
            "ogl" => "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/".to_owned(),
            "rsl" => "/rsl.xml".to_owned(),
            code if code.contains('/') => format!("https://creativecommons.org/licenses/{code}/"),
            code => format!("https://creativecommons.org/licenses/{code}/4.0/"),
        }
    }

    fn name(&self) -> String {
        match self.code.as_str() {
            "cc0" => "CC0 1.0".to_owned(),
            "ogl" => "Open Government Licence v3.0".to_owned(),
            "rsl" => "RSL".to_owned(),
            code if code.contains('/') => format!("CC {}", code.replace('/', " ").to_uppercase()),
            code => format!("CC {} 4.0", code.to_uppercase()),
        }
    }
}

/// A reservation of training, or a robots.txt that shows there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OptOut {
    NoAiMeta,
    NoAiHeader,
    TdmHeader,
    TdmMeta,
    TdmRep,
    UsageHeader,
    RobotsOpen,
    RobotsClosed,
    RobotsAi,
    RobotsSignal,
    RobotsUsage,
    RobotsRsl,
}

impl OptOut {
    fn parse(word: &str) -> Result<Self> {
        Ok(match word {
            "noai-meta" => Self::NoAiMeta,
            "noai-header" => Self::NoAiHeader,
            "tdm-header" => Self::TdmHeader,
            "tdm-meta" => Self::TdmMeta,
            "tdmrep" => Self::TdmRep,
            "usage-header" => Self::UsageHeader,
            "robots-open" => Self::RobotsOpen,
            "robots-closed" => Self::RobotsClosed,
            "robots-ai" => Self::RobotsAi,
            "robots-signal" => Self::RobotsSignal,
            "robots-usage" => Self::RobotsUsage,
            "robots-rsl" => Self::RobotsRsl,
            _ => bail!("{word}: unknown reservation"),
        })
    }
}

/// What a site says about rights.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    licences: Vec<Licence>,
    /// "All rights reserved" in the footer.
    pub(crate) rights: bool,
    opt_outs: Vec<OptOut>,
}

impl Marks {
    /// Reads the columns `licence` and `optout`: words with commas between them.
    pub(crate) fn parse(licence: Option<&str>, optout: Option<&str>) -> Result<Self> {
        let mut marks = Self::default();
        for word in licence.into_iter().flat_map(|words| words.split(',')) {
            if word == "rights" {
                marks.rights = true;
            } else {
                marks.licences.push(Licence::parse(word)?);
            }
        }
        for word in optout.into_iter().flat_map(|words| words.split(',')) {
            marks.opt_outs.push(OptOut::parse(word)?);
        }
        Ok(marks)
    }

    fn at(&self, place: Place) -> impl Iterator<Item = &Licence> {
        self.licences.iter().filter(move |licence| licence.place == place)
    }

    fn has(&self, opt_out: OptOut) -> bool {
        self.opt_outs.contains(&opt_out)
    }

    /// Lines of `<head>`.
    pub(crate) fn head(&self) -> String {
        let mut html = String::new();
        for licence in self.at(Place::Head) {
            let kind = if licence.code == "rsl" { " type=\"application/rsl+xml\"" } else { "" };
            let _ = writeln!(html, "<link rel=\"license\"{kind} href=\"{}\">", licence.url());
        }
        for licence in self.at(Place::Meta) {
            let _ = writeln!(html, "<meta name=\"license\" content=\"{}\">", licence.url());
        }
        for (place, kind) in [(Place::JsonLd, "Article"), (Place::ImageJsonLd, "ImageObject")] {
            for licence in self.at(place) {
                let _ = writeln!(
                    html,
                    "<script type=\"application/ld+json\">{{\"@context\":\"https://schema.org\",\"@type\":\"{kind}\",\"license\":\"{}\"}}</script>",
                    licence.url()
                );
            }
        }
        if self.has(OptOut::NoAiMeta) {
            html.push_str("<meta name=\"robots\" content=\"noai, noimageai\">\n");
        }
        if self.has(OptOut::TdmMeta) {
            html.push_str("<meta name=\"tdm-reservation\" content=\"1\">\n");
        }
        html
    }

    /// Licence lines of the footer, without "all rights reserved".
    pub(crate) fn footer(&self) -> String {
        self.at(Place::Footer).map(|l| anchor(l, "license")).collect()
    }

    /// A figure in the article whose caption carries the licence of the image.
    pub(crate) fn figure(&self) -> String {
        let caption = |licence: &Licence| {
            format!(
                "<figure><img src=\"/img/1.jpg\" alt=\"\"><figcaption>{}</figcaption></figure>\n",
                anchor(licence, "")
            )
        };
        self.at(Place::Image).map(caption).collect()
    }

    /// A licence that a commenter or a forum user names.
    pub(crate) fn comment(&self) -> String {
        self.at(Place::Comment).map(|l| anchor(l, "")).collect()
    }

    /// HTTP headers.
    pub(crate) fn http_headers(&self) -> Vec<(&'static str, String)> {
        let mut headers: Vec<_> =
            self.at(Place::Header).map(|l| ("Link", format!("<{}>; rel=\"license\"", l.url()))).collect();
        if self.has(OptOut::NoAiHeader) {
            headers.push(("X-Robots-Tag", "noai".to_owned()));
        }
        if self.has(OptOut::TdmHeader) {
            headers.push(("TDM-Reservation", "1".to_owned()));
        }
        if self.has(OptOut::UsageHeader) {
            headers.push(("Content-Usage", "train-ai=n".to_owned()));
        }
        headers
    }

    /// Files that stand beside the pages: path, media type, body.
    pub(crate) fn files(&self, host: &str) -> Vec<(&'static str, &'static str, String)> {
        const TEXT: &str = "text/plain; charset=utf-8";
        let mut files = Vec::new();
        for opt_out in &self.opt_outs {
            let robots =
                |body: &str| ("/robots.txt", TEXT, format!("{body}\nSitemap: https://{host}/sitemap.xml\n"));
            files.push(match opt_out {
                OptOut::RobotsOpen => robots("User-agent: *\nDisallow: /admin/\n"),
                OptOut::RobotsClosed => robots("User-agent: *\nDisallow: /\n"),
                OptOut::RobotsAi => {
                    robots("User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\n\nUser-agent: *\nAllow: /\n")
                }
                OptOut::RobotsSignal => {
                    robots("User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /\n")
                }
                OptOut::RobotsUsage => robots("User-agent: *\nContent-Usage: train-ai=n\nAllow: /\n"),
                OptOut::RobotsRsl => {
                    robots(&format!("License: https://{host}/rsl.xml\n\nUser-agent: *\nAllow: /\n"))
                }
                OptOut::TdmRep => (
                    "/.well-known/tdmrep.json",
                    "application/json",
                    "[{\"location\": \"/\", \"tdm-reservation\": 1}]\n".to_owned(),
                ),
                _ => continue,
            });
        }
        files
    }
}

fn anchor(licence: &Licence, rel: &str) -> String {
    let rel = if rel.is_empty() { String::new() } else { format!(" rel=\"{rel}\"") };
    format!("<a{rel} href=\"{}\">{}</a>\n", licence.url(), licence.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicting_marks_stand_in_head_and_footer() {
        let marks = Marks::parse(Some("by@head,by-nc-sa@footer,rights"), None).unwrap();
        assert!(
            marks.head().contains("rel=\"license\" href=\"https://creativecommons.org/licenses/by/4.0/\"")
        );
        assert!(marks.footer().contains("licenses/by-nc-sa/4.0/\">CC BY-NC-SA 4.0<"));
        assert!(marks.rights);
    }

    #[test]
    fn a_licence_of_an_image_is_not_in_the_footer() {
        let marks = Marks::parse(Some("by@image"), None).unwrap();
        assert!(marks.footer().is_empty() && marks.head().is_empty());
        assert!(marks.figure().contains("licenses/by/4.0/"));
    }

    #[test]
    fn a_reservation_in_robots_txt_is_a_file_and_one_in_a_header_is_not() {
        let robots = Marks::parse(None, Some("robots-signal")).unwrap();
        assert!(robots.files("மதுரை.example")[0].2.contains("ai-train=no"));
        let header = Marks::parse(None, Some("tdm-header")).unwrap();
        assert_eq!(header.http_headers(), [("TDM-Reservation", "1".to_owned())]);
        assert!(header.files("মেলা.example").is_empty());
    }

    #[test]
    fn an_unknown_word_is_refused() {
        assert!(Marks::parse(Some("by@wall"), None).is_err());
        assert!(Marks::parse(None, Some("noai")).is_err());
    }
}
