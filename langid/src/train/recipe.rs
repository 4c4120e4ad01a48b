//! What a training run is told: sizes, steps, and how lines are drawn and spoilt.

use std::str::FromStr;

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
    /// Characters of the shortest n-gram.
    pub min_order: u8,
    /// Characters of the longest n-gram.
    pub max_order: u8,
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
    /// How much the scores of experimental labels are lowered.
    pub tail_penalty: f32,
    /// Labels that are not learned.
    pub left_out: Vec<String>,
    /// Seed of all choices.
    pub seed: u64,
}

/// Labels known from one translation of the Universal Declaration of Human Rights that is for the most part the text of
/// a neighbour: Mandarin in the characters of Jin, Xiang, Gan, Hakka and Min, Serbian as Montenegrin, Azerbaijani as
/// South Azerbaijani. They took lines from their neighbours and won none that were theirs.
const LEFT_OUT: [&str; 9] = [
    "azb_Latn", "cdo_Hant", "cjy_Hans", "cnr_Latn", "gan_Hans", "hak_Hani", "hak_Hans", "hsn_Hans",
    "nan_Hans",
];

impl Default for Recipe {
    fn default() -> Recipe {
        Recipe {
            name: "kilim".to_owned(),
            attribution: include_str!("../../models/ATTRIBUTION.md").to_owned(),
            dim: 32,
            rows: 300_000,
            min_order: 2,
            max_order: 5,
            words: true,
            epochs: 4,
            rate: 0.8,
            target: 1.0,
            max_lines: 4000,
            min_lines: 600,
            max_repeats: 10,
            source_caps: vec![("bible".to_owned(), 1500)],
            cut_share: 0.4,
            max_cut_words: 8,
            plain_share: 0.06,
            address_share: 0.03,
            drop_share: 0.0,
            bag_share: 0.3,
            balance: 1.0,
            tail_penalty: 0.0,
            left_out: LEFT_OUT.map(str::to_owned).to_vec(),
            seed: 42,
        }
    }
}

impl Recipe {
    /// The recipe of the small model: a quarter of the size.
    pub fn small() -> Recipe {
        Recipe { name: "kilim-small".to_owned(), dim: 16, rows: 140_000, max_order: 4, ..Recipe::default() }
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
    pub const SETTINGS: [&'static str; 20] = [
        "name",
        "dim",
        "rows",
        "min_order",
        "max_order",
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
            "min_order" => to(&mut self.min_order, value),
            "max_order" => to(&mut self.max_order, value),
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
        let orders = 1 <= self.min_order && self.min_order <= self.max_order && self.max_order <= 8;
        if !orders {
            return Err("n-grams have 1 to 8 characters, the shortest first");
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
                "min_order" => "1",
                _ => "2",
            };
            recipe.set(key, value).unwrap();
        }
        recipe.set("source.bible", "10").unwrap();
        assert_eq!((recipe.dim, recipe.rows, recipe.words, recipe.balance), (16, 2, false, 2.0));
        assert_eq!(recipe.source_caps, [("bible".to_owned(), 10)]);
        for (key, value) in
            [("dim", "20"), ("rows", "0"), ("rows", "many"), ("colour", "red"), ("max_order", "9")]
        {
            assert_eq!(recipe.set(key, value).unwrap_err().key, key);
        }
    }
}
