//! Sketches: sets of shingles as a few numbers, and bands of them that meet where sets are alike.
//!
//! The sketch is the Fast Similarity Sketch (Dahlgaard, Knudsen, Thorup: *Fast Similarity Sketching*, FOCS 2017): `t`
//! bins, each a minimum as in MinHash, filled in rounds. In the first `t` rounds every element falls into a random
//! bin; in the last `t` it is tried in every bin in turn, so that none stays empty. A value of an earlier round is
//! below every value of a later one, so rounds end when all bins are filled, which for a set of more than a few
//! hundred elements is after the first: one hash an element, where MinHash takes `t`. The share of equal bins
//! estimates the Jaccard similarity without bias, and on sets of fewer than `t` elements with less variance than
//! MinHash. Integer arithmetic only: the same on every machine.
//!
//! Bands are groups of rows (Leskovec, Rajaraman, Ullman: *Mining of Massive Datasets*, 3.4): two sets meet in at
//! least one of `b` bands of `r` rows with probability `1 - (1 - s^r)^b`, a curve with its middle near `(1/b)^(1/r)`.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::shingles::{Shingler, mix};

/// What sketches are made like. Sketches can be compared if these are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SketchSettings {
    /// Bands of a sketch.
    pub bands: usize,
    /// Rows of a band.
    pub rows: usize,
    /// Tokens of a shingle.
    pub ngram: usize,
    /// Texts with fewer shingles have no bands: too little to be near anything.
    pub min_shingles: usize,
    /// Documents of different languages never meet.
    pub within_language: bool,
}

/// Makes sketches; keeps its buffers between texts.
#[derive(Debug)]
pub struct Sketcher {
    settings: SketchSettings,
    shingler: Shingler,
    sketch: Sketch,
    bytes: Vec<u8>,
    bands: Vec<u64>,
}

impl Sketcher {
    /// One for `settings`.
    pub fn new(settings: SketchSettings) -> Self {
        Self {
            settings,
            shingler: Shingler::default(),
            sketch: Sketch::new(settings.bands * settings.rows),
            bytes: Vec::new(),
            bands: Vec::new(),
        }
    }

    /// The hashes of the bands of `text`, [`SketchSettings::bands`] of them; `None` if it is too short. `lang` counts
    /// only if documents of different languages are kept apart.
    pub fn bands(&mut self, text: &str, lang: &str) -> Option<&[u64]> {
        let shingles = self.shingler.shingles(text, self.settings.ngram);
        if shingles.len() < self.settings.min_shingles.max(1) {
            return None;
        }
        self.sketch.fill(shingles);
        let apart = if self.settings.within_language { xxh3_64_with_seed(lang.as_bytes(), 0) } else { 0 };
        self.bands.clear();
        for (band, rows) in self.sketch.bins().chunks_exact(self.settings.rows).enumerate() {
            self.bytes.clear();
            self.bytes.extend(rows.iter().flat_map(|row| row.to_le_bytes()));
            self.bands.push(xxh3_64_with_seed(&self.bytes, mix(apart ^ (band as u64 + 1))));
        }
        Some(&self.bands)
    }
}

/// The Fast Similarity Sketch of one set.
#[derive(Debug, Clone)]
pub struct Sketch {
    bins: Vec<u64>,
}

/// Bits of a bin below the number of its round. `2 t` rounds must fit above: `t` is at most [`MAX_BINS`].
const VALUE_BITS: u32 = 48;
/// Most bins of a sketch.
pub const MAX_BINS: usize = 1 << 14;
/// Spreads the numbers of rounds over all bits: odd, from the golden ratio.
const ROUND_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Sketch {
    /// An empty sketch of `bins` bins, at most [`MAX_BINS`].
    pub fn new(bins: usize) -> Self {
        assert!((1..=MAX_BINS).contains(&bins), "a sketch has 1 to {MAX_BINS} bins");
        Self { bins: vec![u64::MAX; bins] }
    }

    /// The bins: equal ones in two sketches of the same size are evidence of overlap.
    pub fn bins(&self) -> &[u64] {
        &self.bins
    }

    /// Makes this the sketch of the set of `elements`. Order and repetitions do not matter. The empty set has a sketch
    /// of its own, all ones.
    pub fn fill(&mut self, elements: &[u64]) {
        self.bins.fill(u64::MAX);
        if elements.is_empty() {
            return;
        }
        let bins = self.bins.len();
        let mut empty = bins;
        for round in 0..2 * bins as u64 {
            let salt = round.wrapping_mul(ROUND_STEP);
            for element in elements {
                // Two rounds of mixing, so that rounds are independent even for elements that are alike.
                let hash = mix(mix(*element ^ salt).wrapping_add(salt));
                // The bin is made of the high bits, the value of the low ones.
                let bin = if round < bins as u64 {
                    ((u128::from(hash) * bins as u128) >> 64) as usize
                } else {
                    round as usize - bins
                };
                let value = round << VALUE_BITS | hash & ((1 << VALUE_BITS) - 1);
                let slot = &mut self.bins[bin];
                if *slot == u64::MAX {
                    empty -= 1;
                }
                *slot = value.min(*slot);
            }
            if empty == 0 {
                return;
            }
        }
    }

    /// The share of equal bins: an estimate of the Jaccard similarity.
    pub fn similarity(&self, other: &Self) -> f64 {
        let equal = self.bins.iter().zip(&other.bins).filter(|(a, b)| a == b).count();
        equal as f64 / self.bins.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch(elements: impl IntoIterator<Item = u64>) -> Sketch {
        let mut sketch = Sketch::new(112);
        sketch.fill(&elements.into_iter().collect::<Vec<_>>());
        sketch
    }

    /// Mean error and root mean square error of 300 estimates on sets of `size` elements with Jaccard similarity
    /// `shared / (2 size - shared)`.
    fn errors(size: u64, shared: u64) -> (f64, f64) {
        let truth = shared as f64 / (2 * size - shared) as f64;
        let (mut sum, mut squares) = (0.0, 0.0);
        for trial in 0..300 {
            let element = |number: u64| mix(trial << 32 | number);
            let a = sketch((0..size).map(element));
            let b = sketch((size - shared..2 * size - shared).map(element));
            let error = a.similarity(&b) - truth;
            sum += error;
            squares += error * error;
        }
        (sum / 300.0, (squares / 300.0_f64).sqrt())
    }

    #[test]
    fn similarity_is_estimated_without_bias_and_within_the_error_of_minhash() {
        for (size, shared) in [(20, 16), (60, 45), (1000, 800), (1000, 500), (3000, 900)] {
            let truth = shared as f64 / (2 * size - shared) as f64;
            let (bias, rmse) = errors(size, shared);
            let minhash = (truth * (1.0 - truth) / 112.0).sqrt();
            // Three standard errors of the mean of 300 trials; 15 % for the spread of the RMSE itself.
            assert!(bias.abs() < 3.0 * minhash / 300f64.sqrt(), "{size}/{shared}: bias {bias:.4}");
            assert!(rmse < 1.15 * minhash, "{size}/{shared}: rmse {rmse:.4}, MinHash {minhash:.4}");
        }
    }

    #[test]
    fn bands_meet_as_often_as_the_curve_says() {
        let settings =
            SketchSettings { bands: 14, rows: 8, ngram: 5, min_shingles: 10, within_language: false };
        for (size, shared) in [(500u64, 445u64), (500, 420), (500, 370)] {
            let s = shared as f64 / (2 * size - shared) as f64;
            let expected = 1.0 - (1.0 - s.powi(8)).powi(14);
            let mut met = 0;
            for trial in 0..400u64 {
                let element = |number: u64| mix(trial << 32 | number);
                let a = sketch((0..size).map(element));
                let b = sketch((size - shared..2 * size - shared).map(element));
                let meets =
                    a.bins().chunks(settings.rows).zip(b.bins().chunks(settings.rows)).any(|(a, b)| a == b);
                met += u32::from(meets);
            }
            let share = f64::from(met) / 400.0;
            let error = (expected * (1.0 - expected) / 400.0).sqrt();
            assert!(
                (share - expected).abs() < 4.0 * error + 0.01,
                "s={s:.3}: {share:.3}, expected {expected:.3}"
            );
        }
    }

    #[test]
    fn short_texts_have_no_bands_and_languages_are_kept_apart_where_asked() {
        let settings =
            SketchSettings { bands: 14, rows: 8, ngram: 5, min_shingles: 10, within_language: true };
        let mut apart = Sketcher::new(settings);
        assert_eq!(apart.bands("Habari za asubuhi", "swa_Latn"), None);
        let text = "binadamu wote wamezaliwa huru hadhi na haki zao ni sawa wote wamejaliwa akili na dhamiri hivyo yapasa watendeane kindugu";
        let swahili = apart.bands(text, "swa_Latn").map(<[u64]>::to_vec).expect("long enough");
        assert_eq!(swahili.len(), 14);
        assert_eq!(apart.bands(text, "swa_Latn"), Some(&swahili[..]));
        let other = apart.bands(text, "eng_Latn").expect("long enough");
        assert!(swahili.iter().zip(other).all(|(a, b)| a != b));
        let mut together = Sketcher::new(SketchSettings { within_language: false, ..settings });
        let one = together.bands(text, "swa_Latn").map(<[u64]>::to_vec);
        assert_eq!(together.bands(&text.to_uppercase(), "eng_Latn").map(<[u64]>::to_vec), one);
    }

    #[test]
    fn these_are_the_bands_for_ever() {
        let settings = SketchSettings { bands: 3, rows: 2, ngram: 2, min_shingles: 1, within_language: true };
        let bands = Sketcher::new(settings).bands("ሰላም ለዓለም ሁሉ", "amh_Ethi").map(<[u64]>::to_vec);
        let known = vec![9_224_687_034_728_555_574, 12_845_226_729_621_414_014, 6_103_066_391_419_359_183];
        assert_eq!(bands, Some(known), "a change here needs a new version of the step");
    }

    proptest! {
        #[test]
        fn a_sketch_does_not_see_order_or_repetitions(mut elements in prop::collection::vec(any::<u64>(), 0..200)) {
            let once = sketch(elements.clone());
            elements.reverse();
            elements.extend_from_within(..);
            let again = sketch(elements);
            prop_assert_eq!(once.bins(), again.bins());
        }

        #[test]
        fn every_bin_of_a_set_is_filled(elements in prop::collection::vec(any::<u64>(), 1..5)) {
            prop_assert!(sketch(elements).bins().iter().all(|bin| *bin != u64::MAX));
        }
    }
}
