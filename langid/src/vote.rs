//! The frame around every engine: sample the text, refuse what is no language, ask, and let the parts vote.

use crate::script::ScriptCounts;
use crate::{Identification, LangTag, sample};

/// An engine's answer for a text or a part of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) lang: LangTag,
    pub(crate) confidence: f32,
    pub(crate) margin: f32,
}

/// How many languages of a mixed text are reported.
const MAX_TOP: usize = 3;

/// Runs `ask` on the sampled text and on each of its segments.
///
/// `ask` gets a text with letters and its scripts, and answers `None` when it has nothing to say.
pub(crate) fn identify(
    text: &str,
    max_bytes: usize,
    ask: impl Fn(&str, &ScriptCounts) -> Option<Answer>,
) -> Identification {
    let text = text.trim();
    if text.is_empty() {
        return Identification::undetermined();
    }
    let sample = sample::windows(text, max_bytes);
    let scripts = ScriptCounts::of(&sample);
    if scripts.letters() == 0 {
        return Identification::no_language();
    }
    let answer = ask(&sample, &scripts);

    let segments = sample::segments(&sample);
    let mut votes = Votes::default();
    if let [only] = segments[..] {
        votes.count(answer, only.len());
    } else {
        for segment in segments {
            let scripts = ScriptCounts::of(segment);
            let vote = if scripts.letters() == 0 { None } else { ask(segment, &scripts) };
            votes.count(vote, segment.len());
        }
    }
    let top = votes.shares();
    match answer {
        Some(Answer { lang, confidence, margin }) => Identification { lang, confidence, margin, top },
        None => Identification { top, ..Identification::undetermined() },
    }
}

/// Bytes per language. A few languages at most, so a vector does.
#[derive(Default)]
struct Votes {
    bytes: Vec<(LangTag, usize)>,
    all: usize,
}

impl Votes {
    fn count(&mut self, vote: Option<Answer>, bytes: usize) {
        self.all += bytes;
        let Some(lang) = vote.map(|answer| answer.lang).filter(LangTag::is_language) else { return };
        match self.bytes.iter_mut().find(|(known, _)| *known == lang) {
            Some((_, sum)) => *sum += bytes,
            None => self.bytes.push((lang, bytes)),
        }
    }

    fn shares(mut self) -> Vec<(LangTag, f32)> {
        self.bytes.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        self.bytes.truncate(MAX_TOP);
        self.bytes.into_iter().map(|(lang, bytes)| (lang, bytes as f32 / self.all as f32)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers by script alone.
    fn by_script(text: &str) -> Identification {
        identify(text, 4096, |_, scripts| {
            let lang = match scripts.dominant()?.as_str() {
                "Ethi" => "amh_Ethi",
                "Latn" => "swa_Latn",
                "Grek" => "ell_Grek",
                "Taml" => "tam_Taml",
                _ => return None,
            };
            Some(Answer { lang: lang.parse().unwrap(), confidence: 0.9, margin: 0.5 })
        })
    }

    #[test]
    fn parts_vote_with_their_bytes_and_at_most_three_are_told() {
        let text = [
            "Watoto wanasoma shuleni kila siku. ".repeat(20),
            "ልጆች በትምህርት ቤት ይማራሉ። ".repeat(12),
            "Τα παιδιά διαβάζουν. ".repeat(12),
            "குழந்தைகள் ".repeat(9),
        ]
        .join("\n");
        let found = by_script(&text);
        let langs: Vec<String> = found.top.iter().map(|(lang, _)| lang.to_string()).collect();
        assert_eq!(langs, ["swa_Latn", "amh_Ethi", "ell_Grek"]);
        assert!(found.top.iter().map(|(_, share)| share).sum::<f32>() < 1.0);
    }

    #[test]
    fn parts_without_an_answer_lower_the_shares_of_the_others() {
        let unknown = "Дети читают книги в школе. ".repeat(12);
        let known = "Watoto wanasoma shuleni kila siku. ".repeat(30);
        let found = by_script(&format!("{known}\n{unknown}"));
        assert_eq!(found.lang.to_string(), "swa_Latn");
        assert_eq!(found.top.len(), 1);
        assert!((0.4..0.9).contains(&found.top[0].1), "{:?}", found.top);
    }

    #[test]
    fn numbers_are_no_language_and_blank_text_is_undetermined() {
        assert_eq!(by_script("12:30, 15:45 — 100 %"), Identification::no_language());
        assert_eq!(by_script("🙂🙂"), Identification::no_language());
        assert_eq!(by_script(" \n\t\u{a0}"), Identification::undetermined());
        assert_eq!(by_script("Дети читают"), Identification::undetermined());
    }
}
