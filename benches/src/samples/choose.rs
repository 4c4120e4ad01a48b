//! Seeded choice. Everything that looks random in the sample crawl comes from a label through SHA-256, so that the
//! same tables and texts give the same bytes on every machine, and a new site changes no other site's pages.

use sha2::{Digest, Sha256};

/// A small generator (SplitMix64) that starts from a label.
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(label: &str) -> Self {
        let digest = Sha256::digest(label);
        Self(digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { (self.next() % bound as u64) as usize }
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// Bytes for garbage between records.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// Deals sets of paragraphs, so that two pages of a language share at most one paragraph while that is possible, and
/// at most half of their text after that: alike by accident is not a near-duplicate.
pub(crate) struct Deck {
    rest: Vec<Vec<usize>>,
    dealt: Vec<Vec<usize>>,
    seed: Seeded,
}

impl Deck {
    /// A deck over `count` paragraphs: three a page where there are many, two otherwise.
    pub(crate) fn new(label: &str, count: usize) -> Self {
        let size = if count >= 10 { 3 } else { 2 };
        let mut rest = subsets(count, size);
        let mut seed = Seeded::new(label);
        seed.shuffle(&mut rest);
        Self { rest, dealt: Vec::new(), seed }
    }

    /// The next page's paragraphs in the order of the page, or none when the deck is used up.
    pub(crate) fn deal(&mut self) -> Option<Vec<usize>> {
        let shared = |a: &[usize], b: &[usize]| a.iter().filter(|item| b.contains(item)).count();
        let most = |set: &[usize]| self.dealt.iter().map(|other| shared(set, other)).max().unwrap_or(0);
        let place = self
            .rest
            .iter()
            .position(|set| most(set) <= 1)
            .or_else(|| self.rest.iter().position(|set| most(set) < set.len()))?;
        let set = self.rest.remove(place);
        self.dealt.push(set.clone());
        let mut page = set;
        self.seed.shuffle(&mut page);
        Some(page)
    }
}

/// All sets of `size` numbers below `count`, in order.
fn subsets(count: usize, size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut sets = Vec::new();
    for last in (size - 1)..count {
        for mut set in subsets(last, size - 1) {
            set.push(last);
            sets.push(set);
        }
    }
    sets
}

/// `text` with about `percent` of its words exchanged for other words of the same text; of its characters where the
/// script writes no spaces. At least one is exchanged.
pub(crate) fn edit(text: &str, percent: usize, seed: &mut Seeded) -> String {
    let spaced = text.split(' ').count() * 15 > text.chars().count();
    let mut parts: Vec<String> = if spaced {
        text.split(' ').map(str::to_owned).collect()
    } else {
        text.chars().map(String::from).collect()
    };
    let can: Vec<usize> =
        (0..parts.len()).filter(|&at| spaced || parts[at].chars().all(stands_alone)).collect();
    let mut places = can.clone();
    seed.shuffle(&mut places);
    places.truncate((parts.len() * percent / 100).max(1));
    let before = parts.clone();
    for place in places {
        let other = &before[*seed.pick(&can)];
        // The same word again would be no change.
        parts[place] = if *other == before[place] { String::new() } else { other.clone() };
    }
    parts.retain(|part| !part.is_empty());
    parts.join(if spaced { " " } else { "" })
}

/// Thai consonants, kana and Chinese characters: they may follow anything, unlike marks.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{e01}'..='\u{e2e}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_a_language_share_at_most_one_of_three_paragraphs_while_possible() {
        let mut deck = Deck::new("swa", 12);
        let pages: Vec<_> = (0..10).map(|_| deck.deal().expect("220 sets of three")).collect();
        for (at, page) in pages.iter().enumerate() {
            for other in &pages[at + 1..] {
                assert!(page.iter().filter(|item| other.contains(item)).count() <= 1, "{page:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_small_deck_deals_each_pair_once() {
        let mut deck = Deck::new("bod", 3);
        let mut pages: Vec<_> = std::iter::from_fn(|| deck.deal()).collect();
        for page in &mut pages {
            page.sort_unstable();
        }
        pages.sort();
        assert_eq!(pages, [[0, 1], [0, 2], [1, 2]]);
    }

    #[test]
    fn an_edit_changes_about_the_asked_share_of_words() {
        let text =
            "Bei ya nyanya katika soko la Kongowea imeshuka wiki hii baada ya mavuno mazuri kutoka Taita leo";
        let edited = edit(text, 10, &mut Seeded::new("edit"));
        let kept = text.split(' ').filter(|word| edited.split(' ').any(|other| other == *word)).count();
        assert_ne!(edited, text);
        assert!(kept >= 14, "{edited}");
    }

    #[test]
    fn an_edit_of_thai_leaves_vowels_and_marks_alone() {
        let text = "ราคาผักในตลาดสดเทศบาลสัปดาห์นี้ลดลงเกือบครึ่งหนึ่ง";
        let marks = |s: &str| s.chars().filter(|c| !stands_alone(*c)).collect::<String>();
        let edited = edit(text, 10, &mut Seeded::new("edit"));
        assert_ne!(edited, text);
        assert_eq!(marks(&edited), marks(text));
    }
}
