//! Characters that show nothing: which of them spell, and which are left over.
//!
//! | character | stays |
//! |---|---|
//! | joiner, non-joiner (U+200D, U+200C) | beside letters of scripts that join or conjoin: Arabic, Syriac, Mongolian, those of India and South-East Asia; the joiner between emoji |
//! | zero width space (U+200B) | within text of scripts that part words with it: Thai, Lao, Khmer, Burmese and their neighbours; not beside a space |
//! | variation selectors | behind a character that can vary; those of Mongolian beside Mongolian letters |
//! | direction marks (U+200E, U+200F, U+061C) | in lines with right-to-left letters |
//! | embeddings, overrides, isolates | in lines with right-to-left letters, opened and closed |
//! | tags (U+E0020 to U+E007F) | behind the black flag, in flags of regions |
//! | soft hyphen, byte order mark, word joiner, invisible operators, annotations, object replacement | nowhere |
//!
//! Of several equal ones in a row one stays. Each is judged by the characters that do show, before and behind it, so
//! what was judged once is judged the same again.

/// A line without what shows nothing and spells nothing.
pub(super) fn remove(line: &str, right_to_left: bool) -> String {
    let mut kept = String::with_capacity(line.len());
    let dropped = if right_to_left { unbalanced(line) } else { Vec::new() };
    let mut pending: Vec<char> = Vec::new();
    let mut before = None;
    for (at, c) in line.char_indices().filter(|(_, c)| !is_junk(*c) && !is_never_kept(*c)) {
        if !is_invisible(c) {
            settle(&mut pending, before, Some(c), &mut kept);
            kept.push(plain_space(c));
            before = Some(c);
        } else if !is_bidi(c) || right_to_left && dropped.binary_search(&at).is_err() {
            pending.push(c);
        }
    }
    settle(&mut pending, before, None, &mut kept);
    kept
}

/// Controls, and code points that Unicode promises never to give a character.
pub(super) fn is_junk(c: char) -> bool {
    c != '\t' && c.is_control() || matches!(c, '\u{fdd0}'..='\u{fdef}') || c as u32 & 0xfffe == 0xfffe
}

/// A space for one that must not break.
pub(super) fn plain_space(c: char) -> char {
    if c == '\u{a0}' { ' ' } else { c }
}

/// Keeps those of the characters in `pending` that mean something between `before` and `after`; `None` is an end of
/// the line.
fn settle(pending: &mut Vec<char>, before: Option<char>, after: Option<char>, kept: &mut String) {
    let either = |class: fn(char) -> bool| before.is_some_and(class) || after.is_some_and(class);
    let at_space = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let mut last = None;
    for c in pending.drain(..) {
        let stays = match c {
            '\u{200c}' => either(joins),
            '\u{200d}' => either(joins) || before.is_some_and(is_emoji) && after.is_some_and(is_emoji),
            '\u{200b}' => either(parts_words_unseen) && !at_space(before) && !at_space(after),
            '\u{180b}'..='\u{180f}' => either(|c| matches!(c, '\u{1800}'..='\u{18af}')),
            '\u{e0020}'..='\u{e007f}' => before == Some('\u{1f3f4}'),
            c if is_selector(c) => !at_space(before) && !last.is_some_and(is_selector),
            _ => true,
        };
        let repeats = last == Some(c) && !matches!(c, '\u{e0020}'..='\u{e007f}');
        if stays && !repeats {
            kept.push(c);
            last = Some(c);
        }
    }
}

/// Whether the character shows nothing of its own. Controls are not among them.
pub(super) fn is_invisible(c: char) -> bool {
    is_never_kept(c)
        || is_bidi(c)
        || is_selector(c)
        || matches!(c, '\u{200b}'..='\u{200d}' | '\u{180b}'..='\u{180f}' | '\u{e0020}'..='\u{e007f}')
}

fn is_never_kept(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{feff}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffc}' | '\u{e0001}')
}

fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Marks, embeddings, overrides and isolates.
pub(super) fn is_bidi(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Letters, marks and digits of scripts in which joiners and non-joiners spell.
fn joins(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{109f}' | '\u{1700}'..='\u{1cff}' | '\u{a800}'..='\u{a95f}' | '\u{a980}'..='\u{abff}'
        | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10a00}'..='\u{10fff}' | '\u{11000}'..='\u{11fff}'
        | '\u{1e900}'..='\u{1e95f}' | '\u{1ee00}'..='\u{1eeff}')
}

/// Scripts of South-East Asia, whose words a zero width space may part.
fn parts_words_unseen(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{1950}'..='\u{19ff}' | '\u{1a20}'..='\u{1b7f}'
        | '\u{a980}'..='\u{aadf}')
}

/// Pictures, and the signs that combine with them.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f300}'..='\u{1faff}')
}

/// Where the line opens what it does not close, or closes what it did not open; ascending bytes.
fn unbalanced(line: &str) -> Vec<usize> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut odd = Vec::new();
    let is_isolate = |c| matches!(c, '\u{2066}'..='\u{2068}');
    for (at, c) in line.char_indices().filter(|(_, c)| is_bidi(*c)) {
        match c {
            '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' | '\u{2066}'..='\u{2068}' => open.push((at, c)),
            '\u{202c}' if open.last().is_some_and(|(_, opener)| !is_isolate(*opener)) => {
                open.pop();
            }
            // The end of an isolate ends all that was opened inside.
            '\u{2069}' if open.iter().any(|(_, opener)| is_isolate(*opener)) => {
                while let Some((inside, opener)) = open.pop()
                    && !is_isolate(opener)
                {
                    odd.push(inside);
                }
            }
            '\u{202c}' | '\u{2069}' => odd.push(at),
            _ => {}
        }
    }
    odd.extend(open.iter().map(|(at, _)| *at));
    odd.sort_unstable();
    odd
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joiners_stay_where_they_spell() {
        for line in [
            "می\u{200c}خواهم",
            "۵\u{200c}ام ه\u{200d}.ش",
            "ක\u{d4d}\u{200d}ෂ",
            "ന\u{d4d}\u{200d} നന\u{200c}",
            "ক\u{9cd}\u{200c}ষ",
            "ᠨ\u{180b}ᠠ\u{180e}ᠠ",
            "ភាសា\u{200b}ខ្មែរ ភាษา\u{200b}ไทย",
            "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}\u{200d}🔥 🏳\u{fe0f}\u{200d}🌈 1\u{fe0f}\u{20e3}",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "葛\u{e0100}飾 \u{2268}\u{fe00}",
        ] {
            assert_eq!(remove(line, false), line);
        }
    }

    #[test]
    fn what_shows_and_spells_nothing_goes() {
        for (line, kept) in [
            ("so\u{200c}ma so\u{200d}ma", "soma soma"),
            ("При\u{200b}вет 你\u{200b}好 γειά\u{2060} σου", "Привет 你好 γειά σου"),
            ("ไทย\u{200b} \u{200b}ไทย\u{200b}", "ไทย ไทย"),
            ("می\u{200c}\u{200c}خواهم", "می\u{200c}خواهم"),
            ("\u{fe0f}a \u{fe0f}b\u{fe0f}\u{fe0e}", "a b\u{fe0f}"),
            ("siri\u{e0068}\u{e0069} አ\u{feff}ለ\u{ad}ም \u{fffc}", "siri አለም "),
            ("\u{200b}\u{200b}\u{200b}", ""),
        ] {
            assert_eq!(remove(line, false), kept, "{line:?}");
        }
    }

    #[test]
    fn directions_stay_where_they_are_opened_and_closed() {
        for (line, right_to_left, kept) in [
            ("\u{200f}שלום (abc)\u{200e}", true, "\u{200f}שלום (abc)\u{200e}"),
            ("\u{202b}שלום\u{202c} \u{2067}سلام\u{2069}", true, "\u{202b}שלום\u{202c} \u{2067}سلام\u{2069}"),
            ("\u{202b}שלום", true, "שלום"),
            ("שלום\u{202c}\u{2069}", true, "שלום"),
            ("\u{2067}\u{202b}سلام\u{2069}\u{202c}", true, "\u{2067}سلام\u{2069}"),
            ("\u{202e}habari\u{202c}\u{200f}", false, "habari"),
        ] {
            assert_eq!(remove(line, right_to_left), kept, "{line:?}");
        }
    }
}
