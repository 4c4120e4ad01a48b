//! Personal data in text: where it is, and how it is taken out.
//!
//! # What it finds
//! E-mail addresses, global IP addresses, telephone numbers, IBANs, payment cards, and national ids that have a check. Each
//! is a pattern that a validator confirms: a checksum, a registry of address ranges, a numbering plan. Names and postal
//! addresses are not found; no rule tells them from other words in two thousand languages.
//!
//! # Where it stands
//! [`Detector::detect`] gives [`Span`]s over the text as it was read; they are kept beside the document and never reach a
//! shard. The writer of a shard asks its node's [`Profile`] what to do with each kind and calls [`redact`]: two nodes may
//! write two texts of one document. Titles, web addresses and contexts of evidence are redacted by [`redact_fresh`], which
//! also reads percent-encoding. Digests and sketches are made of the text before that, so that they agree across nodes.
//! Ledger and report get [`Counts`], never values.
//!
//! # Across languages
//! Digits are read in the scripts people write numbers in. What a number without a country code means depends on the
//! country: the caller guesses it ([`Hints`]) from the top-level domain, claims and language. Without a hint those numbers
//! are left, for a guess would take prices and dates of every other country with them.
//!
//! # Example
//! ```
//! # use kilim::pii::{Detector, Hints, Profile, redact};
//! let (detector, text) = (Detector::new(), "Piga simu 0712 345 678 au andika juma@shule.ac.ke.");
//! let mut spans = Vec::new();
//! detector.detect(text, &Hints { countries: &["KE"] }, &mut spans);
//! let redacted = redact(text, &spans, &Profile::default());
//! assert_eq!(redacted.text, "Piga simu <PHONE> au andika <EMAIL>.");
//! ```
//!
//! # Precedent
//! FineWeb masks e-mail addresses and global IPv4; Dolma adds numbers in American form. Both use one pattern for all
//! languages.

mod card;
mod chars;
mod checks;
mod detect;
mod email;
mod fresh;
mod hints;
mod iban;
mod ip;
mod national;
mod phone;
mod phone_pattern;
mod phone_plan;
mod redact;
mod window;
mod words;

#[cfg(test)]
mod labelled_tests;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use detect::Detector;
pub use fresh::redact_fresh;
pub use hints::countries;
pub(crate) use redact::mask;
pub use redact::{Profile, Redacted, Treatment, redact};

/// What sort of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A global IP address.
    Ip,
    /// A telephone number.
    Phone,
    /// A bank account.
    Iban,
    /// A payment card.
    Card,
    /// A number that a state gave to a person.
    NationalId,
}

impl Kind {
    /// All kinds, in the order of their counts.
    pub const ALL: [Kind; 6] = [Kind::Email, Kind::Ip, Kind::Phone, Kind::Iban, Kind::Card, Kind::NationalId];

    /// The kind as a word: `email`, `ip`, `phone`, `iban`, `card`, `national_id`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Email => "email",
            Kind::Ip => "ip",
            Kind::Phone => "phone",
            Kind::Iban => "iban",
            Kind::Card => "card",
            Kind::NationalId => "national_id",
        }
    }

    /// The kind that [`Kind::as_str`] names so.
    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Every rule by its name, for spans that come back from a column.
pub const RULES: [&str; 21] = [
    "email",
    "ipv4",
    "ipv6",
    "phone_e164",
    "phone_idd",
    "phone_national",
    "phone_parameter",
    "iban",
    "card",
    "za_id",
    "in_aadhaar",
    "br_cpf",
    "br_cnpj",
    "es_dni",
    "es_nie",
    "fr_nir",
    "it_codice_fiscale",
    "nl_bsn",
    "pl_pesel",
    "se_personnummer",
    "fi_hetu",
];

/// Where personal data stands in a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// What it is.
    pub kind: Kind,
    /// The rule that found it, such as `email`, `ipv4`, `phone_e164`, `es_dni`.
    pub rule: &'static str,
    /// From 0 to 1, to choose between rules that claim the same text: an order set by hand, no measured probability.
    pub confidence: f32,
}

impl Span {
    /// Offsets fit: the detector reads no text beyond `u32::MAX` bytes.
    fn new(start: usize, end: usize, kind: Kind, rule: &'static str, confidence: f32) -> Span {
        Span { start: start as u32, end: end as u32, kind, rule, confidence }
    }

    /// The bytes it covers.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// What is known about where a text comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// Countries whose numbers may stand in it, likeliest first: ISO 3166-1 alpha-2, capitals.
    pub countries: &'a [&'a str],
}

/// How many of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; 6]);

impl Counts {
    /// The count of a kind.
    pub fn of(&self, kind: Kind) -> u64 {
        self.0[kind as usize]
    }

    /// The count of all kinds.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Each kind with its count, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, u64)> + '_ {
        Kind::ALL.into_iter().zip(self.0)
    }

    /// Adds the counts of other texts.
    pub fn add(&mut self, other: &Counts) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// Counts one more.
    pub fn add_one(&mut self, kind: Kind) {
        self.0[kind as usize] += 1;
    }
}
