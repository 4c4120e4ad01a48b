//! What a training run is told: sizes, steps, and how lines are drawn and spoilt.

use std::str::FromStr;

use crate::ngram::features::Orders;

/// How to train. The defaults made the embedded model; `Recipe::small()` made the small one.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// A name that stands in the file.
    pub name: String,
    /// Licence and sources, as text; stands in the file.
    pub attribution: String,
    /// Numbers per row: 16, 32 or 64.
    pub dim: usize,
    /// Rows of the table of n-grams.
    pub rows: u32,
    /// Characters of the n-grams, as digits: `235` are two, three and five.
    pub orders: String,
    /// Logarithm of the bits in the set of known n-grams; 0 if all n-grams count.
    pub known_log2: u8,
    /// Times that an n-gram stands in the lines of a label for it to be known.
    pub known_times: u32,
    /// Share of the n-grams of a label's lines that it must be, too.
    pub known_share: f32,
    /// The same for words as a whole.
    pub known_word_share: f32,
    /// Whether whole words have rows.
    pub words: bool,
    /// Passes over the lines.
    pub epochs: usize,
    /// First step size of AdaGrad; it falls to zero.
    pub rate: f32,
    /// Probability that the right label is trained towards; the rest is spread over all.
    pub target: f32,
    /// Most lines of a label in an epoch.
    pub max_lines: usize,
    /// Labels with fewer lines than this are repeated up to it, each line at most `max_repeats` times.
    pub min_lines: usize,
    /// See `min_lines`.
    pub max_repeats: usize,
    /// Most lines of a label from one source, by the source's name; for text of one register.
    pub source_caps: Vec<(String, usize)>,
    /// Share of lines that are cut to a few words.
    pub cut_share: f32,
    /// Most words of such a cut.
    pub max_cut_words: usize,
    /// Share of lines without their diacritics.
    pub plain_share: f32,
    /// Share of lines with words of addresses put in.
    pub address_share: f32,
    /// Share of words that are left out of a line, at random.
    pub drop_share: f32,
    /// Share of examples that are words of a label drawn at random, rather than lines.
    pub bag_share: f32,
    /// How much of the unequal numbers of examples the scores are freed from, 0 to 1.
    pub balance: f32,
    /// How much of a label's share of the examples is its share of those of the same source, 0 to below 1.
    pub source_balance: f32,
    /// A label's lines are taken from each source by this power of the number that the source has; 1 takes them evenly.
    pub source_power: f32,
    /// Share of the labels with many lines that give up a source in a first model, for calibration; 0 for none such.
    pub foreign_share: f32,
    /// How much the scores of experimental labels are lowered.
    pub tail_penalty: f32,
    /// Labels that are not learned.
    pub left_out: Vec<String>,
    /// Seed of all choices.
    pub seed: u64,
}

/// Labels known from one translation of the Universal Declaration of Human Rights that is for the most part the text of
/// a neighbour: Mandarin in the characters of Jin, Xiang, Gan, Hakka and Min, Serbian as Montenegrin, Azerbaijani as
/// South Azerbaijani, Indonesian as Papuan and Ambonese Malay. They took lines from their neighbours and won none that
/// were theirs.
const LEFT_OUT: [&str; 11] = [
    "abs_Latn", "azb_Latn", "cdo_Hant", "cjy_Hans", "cnr_Latn", "gan_Hans", "hak_Hani", "hak_Hans",
    "hsn_Hans", "nan_Hans", "pmy_Latn",
];

impl Default for Recipe {
    fn default() -> Recipe {
        Recipe {
            name: "kilim".to_owned(),
            attribution: include_str!("../../models/ATTRIBUTION.md").to_owned(),
            dim: 32,
            rows: 280_000,
            orders: "23".to_owned(),
            known_log2: 22,
            known_times: 3,
            known_share: 7e-5,
            known_word_share: 2.5e-5,
            words: true,
            epochs: 6,
            rate: 0.8,
            target: 1.0,
            max_lines: 4000,
            min_lines: 600,
            max_repeats: 10,
            source_caps: vec![("bible".to_owned(), 1500)],
            cut_share: 0.4,
            max_cut_words: 8,
            plain_share: 0.12,
            address_share: 0.03,
            drop_share: 0.5,
            bag_share: 0.3,
            balance: 1.0,
            source_balance: 0.25,
            source_power: 0.5,
            foreign_share: 0.5,
            tail_penalty: 0.0,
            left_out: LEFT_OUT.map(str::to_owned).to_vec(),
            seed: 42,
        }
    }
}

impl Recipe {
    /// The recipe of the small model: a quarter of the size.
    pub fn small() -> Recipe {
        Recipe {
            name: "kilim-small".to_owned(),
            dim: 16,
            rows: 125_000,
            known_log2: 21,
            known_share: 2e-4,
            known_word_share: 6e-5,
            drop_share: 0.3,
            ..Recipe::default()
        }
    }
}

/// A setting that a recipe does not have, or a value that it cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot set {key:?} to {value:?}: {problem}")]
pub struct SettingError {
    /// The name.
    pub key: String,
    /// The value.
    pub value: String,
    /// What is wrong.
    pub problem: &'static str,
}

impl Recipe {
    /// The names that [`Recipe::set`] knows.
    pub const SETTINGS: [&'static str; 26] = [
        "name",
        "dim",
        "rows",
        "orders",
        "known_log2",
        "known_times",
        "known_share",
        "known_word_share",
        "words",
        "epochs",
        "rate",
        "target",
        "max_lines",
        "min_lines",
        "max_repeats",
        "cut_share",
        "max_cut_words",
        "plain_share",
        "address_share",
        "drop_share",
        "bag_share",
        "balance",
        "source_balance",
        "source_power",
        "foreign_share",
        "tail_penalty",
    ];

    /// Sets a field by its name, for a command line. `source.NAME` is the cap of a source, `seed` the seed.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), SettingError> {
        fn to<T: FromStr>(field: &mut T, value: &str) -> Result<(), &'static str> {
            *field = value.parse().map_err(|_| "the value does not fit")?;
            Ok(())
        }
        let done = match key {
            "name" => to(&mut self.name, value),
            "dim" => match value {
                "16" | "32" | "64" => to(&mut self.dim, value),
                _ => Err("16, 32 and 64 are possible"),
            },
            "rows" => to(&mut self.rows, value),
            "orders" => to(&mut self.orders, value),
            "known_log2" => to(&mut self.known_log2, value),
            "known_times" => to(&mut self.known_times, value),
            "known_word_share" => to(&mut self.known_word_share, value),
            "known_share" => to(&mut self.known_share, value),
            "words" => to(&mut self.words, value),
            "epochs" => to(&mut self.epochs, value),
            "rate" => to(&mut self.rate, value),
            "target" => to(&mut self.target, value),
            "max_lines" => to(&mut self.max_lines, value),
            "min_lines" => to(&mut self.min_lines, value),
            "max_repeats" => to(&mut self.max_repeats, value),
            "cut_share" => to(&mut self.cut_share, value),
            "max_cut_words" => to(&mut self.max_cut_words, value),
            "plain_share" => to(&mut self.plain_share, value),
            "address_share" => to(&mut self.address_share, value),
            "drop_share" => to(&mut self.drop_share, value),
            "bag_share" => to(&mut self.bag_share, value),
            "balance" => to(&mut self.balance, value),
            "source_balance" => to(&mut self.source_balance, value),
            "foreign_share" => to(&mut self.foreign_share, value),
            "source_power" => to(&mut self.source_power, value),
            "tail_penalty" => to(&mut self.tail_penalty, value),
            "seed" => to(&mut self.seed, value),
            key => match (key.strip_prefix("source."), value.parse()) {
                (Some(source), Ok(cap)) => {
                    self.source_caps.retain(|(name, _)| name != source);
                    self.source_caps.push((source.to_owned(), cap));
                    Ok(())
                }
                (Some(_), Err(_)) => Err("the value does not fit"),
                (None, _) => Err("there is no such setting"),
            },
        };
        done.and_then(|()| self.check()).map_err(|problem| SettingError {
            key: key.to_owned(),
            value: value.to_owned(),
            problem,
        })
    }

    fn check(&self) -> Result<(), &'static str> {
        if Orders::parse(&self.orders).is_none() {
            return Err("n-grams have 1 to 8 characters, a digit each");
        }
        if !matches!(self.known_log2, 0 | 6..=30) {
            return Err("0 or 6 to 30 are possible");
        }
        if !(0.0..1.0).contains(&self.source_balance) {
            return Err("0 to below 1 is possible");
        }
        if self.rows == 0 || self.rows > 1 << 26 {
            return Err("1 to 67,108,864 rows are possible");
        }
        if self.max_cut_words == 0 || self.max_repeats == 0 {
            return Err("at least 1");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_set_by_name_and_checked() {
        let mut recipe = Recipe::default();
        for key in Recipe::SETTINGS {
            let value = match key {
                "dim" => "16",
                "words" => "false",
                "known_log2" => "22",
                "source_balance" => "0.5",
                _ => "2",
            };
            recipe.set(key, value).unwrap();
        }
        recipe.set("source.bible", "10").unwrap();
        assert_eq!((recipe.dim, recipe.rows, recipe.words, recipe.balance), (16, 2, false, 2.0));
        assert_eq!(recipe.source_caps, [("bible".to_owned(), 10)]);
        for (key, value) in
            [("dim", "20"), ("rows", "0"), ("rows", "many"), ("colour", "red"), ("orders", "9")]
        {
            assert_eq!(recipe.set(key, value).unwrap_err().key, key);
        }
    }
}
