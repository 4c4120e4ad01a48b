//! Answers by value: many rows, few distinct keys.
//!
//! A document's answer follows from a few texts of its row. [`Forms`] finds the number of its tuple by the canonical form;
//! [`Gather`] remembers what was answered to its other texts, of which a batch has some tens. What is paid per row is a
//! hash and a comparison each (`benches/benches/decisions.rs` measures it), and no allocation.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Answers to keys of `N` texts, each given once.
#[derive(Debug)]
pub struct Gather<'a, const N: usize, T> {
    /// Open addressing: place in `entries` plus one, or 0. As many as a power of two, at most half of them taken.
    slots: Vec<u32>,
    entries: Vec<Entry<'a, N, T>>,
    /// The entry of the row before: neighbours are often alike.
    last: usize,
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
        Self { slots: vec![0; SLOTS], entries: Vec::new(), last: 0 }
    }
}

impl<'a, const N: usize, T> Gather<'a, N, T> {
    /// The answer to `key`; `answer` gives it where it is new.
    pub fn answer(&mut self, key: [&'a str; N], answer: impl FnOnce() -> T) -> &T {
        let is_last = self.entries.get(self.last).is_some_and(|entry| entry.key == key);
        if !is_last {
            self.last = self.find(key, answer);
        }
        &self.entries[self.last].answer
    }

    /// Distinct keys so far.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was asked yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn find(&mut self, key: [&'a str; N], answer: impl FnOnce() -> T) -> usize {
        let hash = key.iter().fold(0, |hash, text| xxh3_64_with_seed(text.as_bytes(), hash));
        let mut slot = self.first_slot(hash);
        while let Some(place) = (self.slots[slot] as usize).checked_sub(1) {
            let entry = &self.entries[place];
            if entry.hash == hash && entry.key == key {
                return place;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        let place = self.entries.len();
        self.entries.push(Entry { hash, key, answer: answer() });
        self.slots[slot] = place as u32 + 1;
        if self.entries.len() * 2 > self.slots.len() {
            self.grow();
        }
        place
    }

    fn first_slot(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 2];
        for (place, entry) in self.entries.iter().enumerate() {
            let mut slot = entry.hash as usize & (self.slots.len() - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            self.slots[slot] = place as u32 + 1;
        }
    }
}

/// Numbers of texts that are known beforehand: the place of each in the list.
#[derive(Debug, Clone, Default)]
pub(super) struct Forms {
    /// Open addressing: number plus one, or 0. At most half of them taken.
    slots: Vec<u32>,
    forms: Vec<(u64, Box<str>)>,
}

impl Forms {
    /// Of `forms`, which are distinct and fewer than 2^31.
    pub(super) fn new(forms: impl ExactSizeIterator<Item = String>) -> Self {
        let slots = (forms.len() * 2).next_power_of_two().max(2);
        let mut all = Self { slots: vec![0; slots], forms: Vec::with_capacity(forms.len()) };
        for form in forms {
            let hash = xxh3_64_with_seed(form.as_bytes(), 0);
            let mut slot = hash as usize & (slots - 1);
            while all.slots[slot] != 0 {
                slot = (slot + 1) & (slots - 1);
            }
            all.forms.push((hash, form.into_boxed_str()));
            all.slots[slot] = all.forms.len() as u32;
        }
        all
    }

    /// The number of a text. Texts are compared whole: a hash that somebody found twice opens nothing.
    pub(super) fn number(&self, form: &str) -> Option<u32> {
        let last = self.slots.len().checked_sub(1)?;
        let hash = xxh3_64_with_seed(form.as_bytes(), 0);
        let mut slot = hash as usize & last;
        loop {
            let number = self.slots[slot].checked_sub(1)?;
            let (known, text) = &self.forms[number as usize];
            if *known == hash && **text == *form {
                return Some(number);
            }
            slot = (slot + 1) & last;
        }
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
