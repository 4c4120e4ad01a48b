//! Text as the web has it: copies of clean lines with one fault each, and short cuts.
//!
//! Development text is edited prose; what is identified in earnest is shouted, typed without accents, decorated, cut off
//! in the middle of a word. A noised copy of a file shows what that costs. The same lines and seed give the same copy.

use crate::train::Line;
use crate::train::random::Random;
use crate::train::without_diacritics;

/// A fault that a line gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// All in upper case.
    Upper,
    /// All in lower case.
    Lower,
    /// Without accents, harakat and niqqud.
    Plain,
    /// Two to five emoji, between words.
    Emoji,
    /// An address, between words.
    Address,
    /// Cut off in the middle of the first and the last word.
    Cut,
}

/// All of them; a noised copy uses each about equally often.
pub const NOISES: [Noise; 6] =
    [Noise::Upper, Noise::Lower, Noise::Plain, Noise::Emoji, Noise::Address, Noise::Cut];

const EMOJI: [&str; 12] = ["🙂", "😂", "🔥", "❤️", "👍🏾", "🎉", "😭", "✅", "🙏🏽", "👉", "💯", "🇰🇪"];

const ADDRESSES: [&str; 8] = [
    "https://t.co/Xy7Qa91bZk",
    "http://www.example.org/2024/05/index.php?id=4711",
    "https://sw.wikipedia.org/wiki/Mwanzo",
    "www.habari.co.tz/michezo",
    "info@example.com",
    "@user_1987",
    "https://youtu.be/dQw4w9WgXcQ",
    "example.net/news/a-b-c.html",
];

/// A copy of the lines with one fault each.
pub fn noised(lines: &[Line], seed: u64) -> Vec<Line> {
    let mut random = Random::new(seed);
    lines
        .iter()
        .map(|line| {
            let noise = NOISES[random.below(NOISES.len())];
            Line { text: with_noise(&line.text, noise, &mut random), ..line.clone() }
        })
        .collect()
}

fn with_noise(text: &str, noise: Noise, random: &mut Random) -> String {
    match noise {
        Noise::Upper => text.to_uppercase(),
        Noise::Lower => text.to_lowercase(),
        Noise::Plain => without_diacritics(text),
        Noise::Emoji => {
            let mut text = text.to_owned();
            for _ in 0..2 + random.below(4) {
                text = between_words(&text, EMOJI[random.below(EMOJI.len())], random);
            }
            text
        }
        Noise::Address => between_words(text, ADDRESSES[random.below(ADDRESSES.len())], random),
        Noise::Cut => {
            let chars: Vec<char> = text.chars().collect();
            let most = (chars.len() / 8).clamp(1, 6);
            if chars.len() < 12 {
                return text.to_owned();
            }
            let (from, to) = (random.below(most + 1), chars.len() - random.below(most + 1));
            chars[from..to].iter().collect()
        }
    }
}

/// Puts `piece` in the place of a space, or at the end of a text without spaces.
fn between_words(text: &str, piece: &str, random: &mut Random) -> String {
    let spaces: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).collect();
    match spaces.len() {
        0 => format!("{text} {piece}"),
        count => {
            let at = spaces[random.below(count)];
            format!("{} {piece}{}", &text[..at], &text[at..])
        }
    }
}

/// The beginnings of the lines, at a word, below `max_chars` characters; the whole of shorter lines.
///
/// A line whose first word is longer is cut at the character.
pub fn cut(lines: &[Line], max_chars: usize) -> Vec<Line> {
    lines
        .iter()
        .map(|line| {
            let end = line
                .text
                .char_indices()
                .nth(max_chars.saturating_sub(1))
                .map_or(line.text.len(), |(at, _)| at);
            let head = &line.text[..end];
            let head = match head.rfind(' ') {
                Some(space) if end < line.text.len() && !line.text[end..].starts_with(' ') => &head[..space],
                _ => head,
            };
            Line { text: head.trim_end().to_owned(), ..line.clone() }
        })
        .filter(|line| !line.text.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<Line> {
        [("swa_Latn", "Watoto wanasoma shuleni kila siku."), ("tha_Thai", "เด็กเรียนหนังสือที่โรงเรียน")]
            .iter()
            .cycle()
            .take(60)
            .map(|(tag, text)| Line { tag: tag.parse().unwrap(), source: 0, text: (*text).to_owned() })
            .collect()
    }

    #[test]
    fn a_noised_copy_is_the_same_each_time_and_differs_from_its_lines() {
        let copy = noised(&lines(), 7);
        assert_eq!(copy, noised(&lines(), 7));
        assert_ne!(copy, noised(&lines(), 8));
        assert_eq!(copy.len(), 60);
        assert!(copy.iter().zip(lines()).filter(|(noised, clean)| noised.text != clean.text).count() > 20);
    }

    #[test]
    fn a_cut_is_short_and_ends_at_a_word() {
        let short = cut(&lines(), 20);
        assert_eq!(short[0].text, "Watoto wanasoma");
        assert!(short.iter().all(|line| line.text.chars().count() < 20));
        assert_eq!(cut(&lines(), 400), lines());
    }
}
