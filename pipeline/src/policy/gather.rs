//! Answers by value: many rows, few distinct keys.
//!
//! A document's answer follows from a few texts of its row. [`Forms`] finds the number of its tuple by the canonical form;
//! [`Gather`] remembers what was answered to its other texts, of which a batch has some tens. What is paid per row is a
//! hash and a comparison each (`benches/benches/decisions.rs` measures it), and no allocation. A hash only says where to
//! look: texts are compared whole, so one that somebody found twice opens nothing.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

/// Hashes are in no output, so that their kind is free.
fn hash_of(texts: &[&str]) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    for text in texts {
        hasher.write(text.as_bytes());
    }
    hasher.finish()
}

/// Whether two texts are the same. Those that are empty are not compared: their bytes may be at an address that is nobody's,
/// and libc's `memcmp` then takes 60 ns to find that it has nothing to read.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && (a.is_empty() || a == b)
}

/// Answers to keys of `N` texts, each given once.
#[derive(Debug)]
pub struct Gather<'a, const N: usize, T> {
    /// Open addressing: place in `entries` plus one, or 0. As many as a power of two, at most half of them taken.
    slots: Vec<u32>,
    entries: Vec<Entry<'a, N, T>>,
}

#[derive(Debug)]
struct Entry<'a, const N: usize, T> {
    hash: u64,
    key: [&'a str; N],
    answer: T,
}

/// Slots at first: distinct keys of a batch are few.
const SLOTS: usize = 256;

impl<const N: usize, T> Default for Gather<'_, N, T> {
    fn default() -> Self {
        Self { slots: vec![0; SLOTS], entries: Vec::new() }
    }
}

impl<'a, const N: usize, T> Gather<'a, N, T> {
    /// The answer to `key`; `answer` gives it where it is new.
    pub fn answer(&mut self, key: [&'a str; N], answer: impl FnOnce() -> T) -> &T {
        let hash = hash_of(&key);
        let place = self.place(hash, &key).unwrap_or_else(|slot| {
            let place = self.entries.len();
            self.entries.push(Entry { hash, key, answer: answer() });
            self.slots[slot] = place as u32 + 1;
            if self.entries.len() * 2 > self.slots.len() {
                self.grow();
            }
            place
        });
        &self.entries[place].answer
    }

    /// Distinct keys so far.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was asked yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The place of a key, or the slot where its place would stand.
    fn place(&self, hash: u64, key: &[&str; N]) -> Result<usize, usize> {
        let last = self.slots.len() - 1;
        let mut slot = hash as usize & last;
        while let Some(place) = (self.slots[slot] as usize).checked_sub(1) {
            let entry = &self.entries[place];
            if entry.hash == hash && entry.key.iter().zip(key).all(|(a, b)| same(a, b)) {
                return Ok(place);
            }
            slot = (slot + 1) & last;
        }
        Err(slot)
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 2];
        for (place, entry) in self.entries.iter().enumerate() {
            // No key stands here yet, and keys are distinct.
            if let Err(slot) = self.place(entry.hash, &entry.key) {
                self.slots[slot] = place as u32 + 1;
            }
        }
    }
}

/// Numbers of texts that are known beforehand: the place of each in the list.
#[derive(Debug, Clone, Default)]
pub(super) struct Forms {
    /// Open addressing: number plus one, or 0, and the upper half of the hash. At most half of them taken.
    slots: Vec<(u32, u32)>,
    /// All texts, one after the other, and where each ends; one walk through memory less than a list of texts.
    text: String,
    ends: Vec<usize>,
}

impl Forms {
    /// Of `forms`, which are distinct and fewer than 2^31.
    pub(super) fn new(forms: impl ExactSizeIterator<Item = String>) -> Self {
        let slots = (forms.len() * 2).next_power_of_two().max(2);
        let mut all =
            Self { slots: vec![(0, 0); slots], text: String::new(), ends: Vec::with_capacity(forms.len()) };
        for form in forms {
            let hash = hash_of(&[&form]);
            let mut slot = hash as usize & (slots - 1);
            while all.slots[slot].0 != 0 {
                slot = (slot + 1) & (slots - 1);
            }
            all.text.push_str(&form);
            all.ends.push(all.text.len());
            all.slots[slot] = (all.ends.len() as u32, (hash >> 32) as u32);
        }
        all
    }

    /// The number of a text, if it is one of them.
    pub(super) fn number(&self, form: &str) -> Option<u32> {
        let last = self.slots.len().checked_sub(1)?;
        let hash = hash_of(&[form]);
        let mut slot = hash as usize & last;
        loop {
            let (taken, upper) = self.slots[slot];
            let number = taken.checked_sub(1)?;
            if upper == (hash >> 32) as u32 && same(self.form(number as usize), form) {
                return Some(number);
            }
            slot = (slot + 1) & last;
        }
    }

    fn form(&self, number: usize) -> &str {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[number]]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_distinct_key_is_answered_once_in_any_order() {
        let keys: Vec<[String; 2]> = (0..2_000)
            .map(|n| [format!("{{\"mode\":\"ማኅበር-{}\"}}", n % 700), format!("lugha {}", n % 3)])
            .collect();
        let mut gather = Gather::default();
        let mut asked = 0;
        for _ in 0..2 {
            for key in &keys {
                let [a, b] = key;
                let found = gather.answer([a, b], || {
                    asked += 1;
                    format!("{a} {b}")
                });
                assert_eq!(*found, format!("{a} {b}"));
            }
        }
        assert_eq!((asked, gather.len()), (2_000, 2_000));
    }

    #[test]
    fn forms_are_found_by_all_of_their_text_and_others_are_not() {
        let forms: Vec<String> = (0..1_000).map(|n| format!("{{\"steward\":\"ማኅበር-{n}\"}}")).collect();
        let index = Forms::new(forms.iter().cloned());
        for (number, form) in (0..).zip(&forms) {
            assert_eq!(index.number(form), Some(number));
            assert_eq!(index.number(&form[1..]), None);
        }
        assert_eq!(index.number(""), None);
        assert_eq!(Forms::new([String::new(), "ሰላም".to_owned()].into_iter()).number(""), Some(0));
        assert_eq!(Forms::default().number(""), None);
        assert_eq!(Forms::new(std::iter::empty::<String>()).number("x"), None);
    }

    #[test]
    fn where_one_text_ends_and_the_next_begins_matters() {
        let mut gather = Gather::default();
        assert_eq!(*gather.answer(["ab", ""], || 1), 1);
        assert_eq!(*gather.answer(["a", "b"], || 2), 2);
        assert_eq!(*gather.answer(["", "ab"], || 3), 3);
        assert_eq!(*gather.answer(["ab", ""], || 4), 1);
    }

    proptest! {
        #[test]
        fn answers_are_those_of_a_map(keys in prop::collection::vec(("[a-c]{0,3}", "[a-c]{0,2}"), 0..600)) {
            let mut gather = Gather::default();
            let mut map = BTreeMap::new();
            for (number, (a, b)) in keys.iter().enumerate() {
                let expected = *map.entry((a, b)).or_insert(number);
                prop_assert_eq!(*gather.answer([a, b], || number), expected);
            }
            prop_assert_eq!(gather.len(), map.len());
        }
    }
}
