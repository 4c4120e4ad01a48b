//! Valid inputs, made by code, for the laws to start from: small, and of every kind that the parsers know.

mod http;
mod pages;
mod robots;
mod seeds;
mod text;
mod warc;

pub use text::{TEXTS, gzip};

/// One input and the name of its file.
pub type Sample = (String, Vec<u8>);

/// Makes the inputs of a law.
type Maker = fn() -> Vec<Sample>;

/// The laws by name, and what makes their inputs.
pub const LAWS: &[(&str, Maker)] = &[
    ("warc", warc::samples),
    ("http", http::samples),
    ("charset", text::samples),
    ("seeds", seeds::samples),
    ("robots", robots::samples),
    ("html", pages::samples),
    #[cfg(feature = "html")]
    ("evidence", crate::evidence::samples),
    ("langid", crate::langid::samples),
    ("model", crate::model::samples),
];

fn sample(name: &str, bytes: impl Into<Vec<u8>>) -> Sample {
    (name.to_owned(), bytes.into())
}

/// The inputs of a law; none for a name that is not in [`LAWS`].
pub fn samples(law: &str) -> Vec<Sample> {
    LAWS.iter().find(|(name, _)| *name == law).map(|(_, make)| make()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_law_holds_for_its_own_samples() {
        for &(law, make) in LAWS {
            let samples = make();
            let names: BTreeSet<&str> = samples.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names.len(), samples.len(), "{law}: two samples of one name");
            for (name, bytes) in &samples {
                println!("{law}: {name}");
                match law {
                    "warc" => crate::warc::holds(bytes),
                    "http" => crate::http::holds(bytes),
                    "charset" => crate::charset::holds(bytes),
                    "seeds" => crate::seeds::holds(bytes),
                    "robots" => crate::robots::holds(bytes),
                    "langid" => crate::langid::holds(bytes),
                    "model" => crate::model::holds(bytes),
                    #[cfg(feature = "html")]
                    "evidence" => crate::evidence::holds(bytes),
                    #[cfg(feature = "html")]
                    "html" => crate::html::holds(bytes),
                    other => assert!(cfg!(not(feature = "html")) && other == "html", "{other} is not tried"),
                }
            }
        }
    }
}
