//! What publishers reserve or allow: the signals that stand in HTTP heads, pages and files beside them, read into
//! evidence of one form.
//!
//! Each module knows one proposal and gives [`Evidence`]: what stood there, about which use, and what that comes to. Nothing
//! is decided by reading. [`fold`] puts the evidence about training together, the most restrictive first; what
//! `unknown` means is for the reader's policy.
//!
//! | module | proposal | where it stands |
//! |---|---|---|
//! | [`host`] | all that stands in files of a host | robots.txt, tdmrep.json, licences of RSL |
//! | [`robots_tag`] | `noai`, `noindex`… | `X-Robots-Tag`, `<meta name=robots>` or of an agent's name |
//! | [`tdm`] | TDM Reservation Protocol (W3C community group) | file, header, meta |
//! | [`usage`] | AI preferences (IETF drafts), `Content-Signal` (Cloudflare) | header, robots.txt |
//! | [`rsl`] | Really Simple Licensing 1.0 | robots.txt, `Link`, `<link>`, XML |

pub mod host;
pub mod robots_tag;
pub mod rsl;
pub mod tdm;
pub mod usage;

use std::borrow::Cow;

use sha2::{Digest, Sha256};

/// A closed list of words with one spelling each.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$case_doc])* $case,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$case,)+];

            /// The word in columns and files.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$case => $word,)+ }
            }

            /// What a word stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    };
}

words! {
    /// Where a statement stood.
    Signal {
        /// `Allow` and `Disallow`.
        Robots = "robots",
        /// `Content-Usage` in robots.txt.
        RobotsUsage = "robots_content_usage",
        /// `Content-Signal` in robots.txt.
        RobotsSignal = "robots_content_signal",
        /// `License` in robots.txt, and the licence where it is known.
        RobotsLicense = "robots_license",
        /// HTTP header `X-Robots-Tag`.
        RobotsTag = "x_robots_tag",
        /// `<meta name="robots">`, or of an agent's name.
        MetaRobots = "meta_robots",
        /// `/.well-known/tdmrep.json`.
        TdmFile = "tdm_file",
        /// HTTP header `tdm-reservation`.
        TdmHeader = "tdm_header",
        /// `<meta name="tdm-reservation">`.
        TdmMeta = "tdm_meta",
        /// HTTP header `Content-Usage`.
        UsageHeader = "content_usage",
        /// HTTP header `Content-Signal`.
        SignalHeader = "content_signal",
        /// HTTP header `Link` to a licence of RSL.
        RslHeader = "rsl_header",
        /// `<link rel="license">` to one.
        RslLink = "rsl_link",
        /// The word of a steward or owner on the seed that covers the address.
        Seed = "seed",
    }
}

words! {
    /// What a statement is about.
    Category {
        /// Fetching the page.
        Crawl = "crawl",
        /// Text and data mining.
        Tdm = "tdm",
        /// Training models on it.
        TrainAi = "train_ai",
        /// Giving it to a model that answers.
        AiInput = "ai_input",
        /// Showing it in search.
        Search = "search",
    }
}

words! {
    /// What a statement comes to.
    Value {
        /// Allowed in so many words.
        Allow = "allow",
        /// Reserved.
        Disallow = "disallow",
        /// Neither, or nobody can tell.
        Unknown = "unknown",
    }
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Where it stood.
    pub signal: Signal,
    /// Taken from an opt-out snapshot, not from the crawl.
    pub of_snapshot: bool,
    /// Which text says how to read it; empty for what nobody has specified.
    pub spec_version: Cow<'static, str>,
    /// The agents whom it names, `*` for all; empty where it names none.
    pub agent: String,
    /// What it is about.
    pub category: Category,
    /// What it comes to.
    pub value: Value,
    /// As it stood there, cut at [`MAX_RAW`] bytes.
    pub raw: String,
    /// The file it stood in; empty for the page itself and its HTTP head.
    pub source_url: String,
    /// When it was seen, in milliseconds since 1970.
    pub observed_at: Option<i64>,
    /// Hex SHA-256 of the file; of a header or tag, of what stood there.
    pub sha256: String,
}

/// Bytes kept of a statement.
pub const MAX_RAW: usize = 300;

impl Evidence {
    /// A statement of a page's own head.
    pub fn of_page(
        signal: Signal,
        spec_version: &'static str,
        raw: &str,
        category: Category,
        value: Value,
    ) -> Self {
        Self {
            signal,
            of_snapshot: false,
            spec_version: Cow::Borrowed(spec_version),
            agent: String::new(),
            category,
            value,
            raw: clip(raw),
            source_url: String::new(),
            observed_at: None,
            sha256: sha256(raw.as_bytes()),
        }
    }

    /// Where it stood, as a column has it: what a snapshot says is told from what the crawl met.
    pub fn signal_word(&self) -> String {
        let word = self.signal.as_str();
        if self.of_snapshot { format!("{SNAPSHOT_PREFIX}{word}") } else { word.to_owned() }
    }

    /// Reads [`Evidence::signal_word`]: the signal, and whether it is of a snapshot.
    pub fn parse_signal(word: &str) -> Option<(Signal, bool)> {
        match word.strip_prefix(SNAPSHOT_PREFIX) {
            Some(word) => Some((Signal::from_word(word)?, true)),
            None => Some((Signal::from_word(word)?, false)),
        }
    }
}

const SNAPSHOT_PREFIX: &str = "snapshot:";

/// Hex SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn clip(raw: &str) -> String {
    let mut end = raw.len().min(MAX_RAW);
    while !raw.is_char_boundary(end) {
        end -= 1;
    }
    raw[..end].to_owned()
}

/// What all evidence about training comes to, and the statement that decides; none where nothing does.
///
/// 1. The word of an owner or of whoever has the owner's permission ([`Signal::Seed`]) that training is allowed beats every
///    reservation. Whether a seed's word is one is the caller's to say: a weak one has the value `unknown`.
/// 2. Any reservation: of training, of text and data mining, or of crawling by an agent that was asked about. Of the
///    places of the TDM protocol only the highest counts: meta, then header, then file.
/// 3. Any permission to train or to mine. Leave to crawl is none.
pub fn fold(evidence: &[Evidence]) -> (Value, Option<usize>) {
    let about_training =
        |row: &Evidence| matches!(row.category, Category::Crawl | Category::Tdm | Category::TrainAi);
    let tdm_rank = |row: &Evidence| match row.signal {
        Signal::TdmFile => 1,
        Signal::TdmHeader => 2,
        Signal::TdmMeta => 3,
        _ => 0,
    };
    let is_set = |row: &Evidence| row.value != Value::Unknown;
    let highest = evidence.iter().filter(|row| is_set(row)).map(tdm_rank).max().unwrap_or(0);
    let counts = |row: &Evidence| {
        is_set(row) && about_training(row) && (tdm_rank(row) == 0 || tdm_rank(row) == highest)
    };
    let find = |says: &dyn Fn(&Evidence) -> bool| evidence.iter().position(|row| counts(row) && says(row));
    let consent = find(&|row| row.signal == Signal::Seed && row.value == Value::Allow);
    let reservation = || find(&|row| row.value == Value::Disallow);
    let permission = || find(&|row| row.value == Value::Allow && row.category != Category::Crawl);
    match consent.or_else(reservation).or_else(permission) {
        Some(index) => (evidence[index].value, Some(index)),
        None => (Value::Unknown, None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(signal: Signal, category: Category, value: Value) -> Evidence {
        Evidence::of_page(signal, "", "ምንጭ", category, value)
    }

    type Said = (Signal, Category, Value);

    #[test]
    fn the_most_restrictive_word_counts_unless_an_owner_agrees() {
        use Category::{AiInput, Crawl, Search, Tdm, TrainAi};
        use Value::{Allow, Disallow, Unknown};
        let cases: [(&[Said], Value, Option<usize>); 12] = [
            (&[], Unknown, None),
            (&[(Signal::Robots, Crawl, Allow)], Unknown, None),
            (&[(Signal::Robots, Crawl, Disallow)], Disallow, Some(0)),
            (
                &[(Signal::RobotsTag, Search, Disallow), (Signal::UsageHeader, AiInput, Disallow)],
                Unknown,
                None,
            ),
            (&[(Signal::UsageHeader, TrainAi, Allow), (Signal::Robots, Crawl, Allow)], Allow, Some(0)),
            (&[(Signal::UsageHeader, TrainAi, Allow), (Signal::TdmFile, Tdm, Disallow)], Disallow, Some(1)),
            (&[(Signal::TdmFile, Tdm, Disallow), (Signal::TdmHeader, Tdm, Allow)], Allow, Some(1)),
            (&[(Signal::TdmMeta, Tdm, Disallow), (Signal::TdmHeader, Tdm, Allow)], Disallow, Some(0)),
            (&[(Signal::TdmMeta, Tdm, Unknown), (Signal::TdmFile, Tdm, Disallow)], Disallow, Some(1)),
            (&[(Signal::Robots, Crawl, Disallow), (Signal::Seed, TrainAi, Allow)], Allow, Some(1)),
            (&[(Signal::Robots, Crawl, Disallow), (Signal::Seed, TrainAi, Unknown)], Disallow, Some(0)),
            (&[(Signal::Seed, TrainAi, Disallow), (Signal::UsageHeader, TrainAi, Allow)], Disallow, Some(0)),
        ];
        for (rows, value, index) in cases {
            let rows: Vec<_> =
                rows.iter().map(|(signal, category, value)| row(*signal, *category, *value)).collect();
            assert_eq!(fold(&rows), (value, index), "{rows:?}");
        }
    }

    #[test]
    fn words_of_columns_are_read_again() {
        for signal in Signal::ALL {
            for of_snapshot in [false, true] {
                let row = Evidence { of_snapshot, ..row(*signal, Category::Crawl, Value::Allow) };
                assert_eq!(Evidence::parse_signal(&row.signal_word()), Some((*signal, of_snapshot)));
            }
        }
        assert_eq!(Evidence::parse_signal("llms_txt"), None);
    }

    #[test]
    fn raw_statements_are_cut_between_characters() {
        let long = "ሰ".repeat(200);
        let kept = Evidence::of_page(Signal::TdmMeta, "", &long, Category::Tdm, Value::Unknown);
        assert_eq!(kept.raw.len(), 300);
        let odd = Evidence::of_page(Signal::TdmMeta, "", &format!("a{long}"), Category::Tdm, Value::Unknown);
        assert_eq!(odd.raw.len(), 298);
    }

    fn rows() -> impl Strategy<Value = Vec<Evidence>> {
        let one = (
            prop::sample::select(Signal::ALL.to_vec()),
            prop::sample::select(Category::ALL.to_vec()),
            prop::sample::select(Value::ALL.to_vec()),
        );
        prop::collection::vec(one.prop_map(|(signal, category, value)| row(signal, category, value)), 0..6)
    }

    proptest! {
        #[test]
        fn the_order_of_evidence_changes_nothing(rows in rows()) {
            let backwards: Vec<_> = rows.iter().rev().cloned().collect();
            prop_assert_eq!(fold(&rows).0, fold(&backwards).0);
        }

        #[test]
        fn a_reservation_of_training_is_lifted_by_an_owner_alone(rows in rows()) {
            let reserved = row(Signal::UsageHeader, Category::TrainAi, Value::Disallow);
            let consent = rows.iter().any(|row| {
                row.signal == Signal::Seed
                    && row.value == Value::Allow
                    && matches!(row.category, Category::Crawl | Category::Tdm | Category::TrainAi)
            });
            let (value, _) = fold(&[rows, vec![reserved]].concat());
            prop_assert_eq!(value, if consent { Value::Allow } else { Value::Disallow });
        }
    }
}
