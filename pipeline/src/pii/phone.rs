//! Telephone numbers.
//!
//! A number with `+` says its country itself and is asked of that country's numbering plan. A number as it is dialled at
//! home means something in one country only: it needs a hint of the country, a plan that knows it, and a form that says
//! "telephone": a leading zero, an area code in brackets, groups with hyphens or dots, or a word such as `simu`, `फ़ोन` or
//! `电话` in front. Dates, prices, ISBNs, ids and numbers within web addresses have such forms too and are told apart first.
//! Service numbers (toll-free, premium-rate, shared-cost, company-wide) are nobody's own and are left.

use super::chars::{
    before, ends_here, has_word, in_url, is_digit, is_latin, is_open, left, left_chars, right,
};
use super::checks::is_isbn;
use super::phone_plan::{Line, Plans};
use super::window::{CLOSE, DOT, HYPHEN, OPEN, SLASH, SPACE, Window};
use super::{Hints, Kind, Span, words};

/// ITU-T E.164, section 6.2.1; the shortest national numbers with an area code have seven digits with their prefix.
const MAX_DIGITS: usize = 15;
const MIN_DIGITS: usize = 7;

/// Shorter numbers need a word in front: rows of four digits (code points, years, ranks) are found in any table.
const MIN_UNTOLD: usize = 9;

/// The number at the start of the window, whichever way it is written.
pub(super) fn find(text: &str, window: &Window, hints: &Hints<'_>, plans: &Plans) -> Option<Span> {
    let abroad = international_start(text, window.start).and_then(|start| {
        let (end, _) = international(text, window, 0, plans)?;
        Some(Span::new(start, end, Kind::Phone, "phone_e164", 0.95))
    });
    if abroad.is_some() || hints.countries.is_empty() {
        return abroad;
    }
    dialled_abroad(text, window, plans).or_else(|| national(text, window, hints, plans))
}

/// Where a number with `+` starts: `+254`, `+ 254`, `+(254)`; or one without it in addresses that open a chat or a call.
fn international_start(text: &str, at: usize) -> Option<usize> {
    if left(text, at, 6).eq_ignore_ascii_case("wa.me/") || left(text, at, 4).eq_ignore_ascii_case("tel:") {
        return Some(at);
    }
    let mut start = at;
    for (place, c) in text[..at].char_indices().rev().take(3) {
        match c {
            '+' | '＋' => {
                let left = before(text, place);
                return (is_open(left) && !matches!(left, Some('+' | '＋'))).then_some(place);
            }
            ' ' | '(' | '（' | '\u{a0}' if place < start => start = place,
            _ => return None,
        }
    }
    None
}

/// The longest number of some country, without its first `skip` digits: its end and its line.
fn international(text: &str, window: &Window, skip: usize, plans: &Plans) -> Option<(usize, Line)> {
    (1..=window.groups().len())
        .rev()
        .find_map(|groups| {
            let mut digits = [0u8; MAX_DIGITS];
            let mut count = 0;
            for (at, group) in window.groups()[..groups].iter().enumerate() {
                // `+44 (0)20`: the zero is for callers at home.
                let next = window.groups().get(at + 1);
                let zero = group.len == 1 && window.digits(at + 1).last() == Some(&0);
                if zero
                    && group.separators & OPEN != 0
                    && next.is_some_and(|next| next.separators & CLOSE != 0)
                {
                    continue;
                }
                for &digit in &window.digits(at + 1)[group.first..] {
                    *digits.get_mut(count)? = digit;
                    count += 1;
                }
            }
            let digits = digits.get(skip..count).filter(|digits| digits.len() >= MIN_DIGITS)?;
            let end = window.end(groups);
            let line = plans.international(digits).filter(|_| ends_here(text, end))?;
            Some((end, line))
        })
        .filter(|(_, line)| *line != Line::Service)
}

/// `00` and the calling code, as most of the world dials abroad (ITU-T E.164, annex A).
fn dialled_abroad(text: &str, window: &Window, plans: &Plans) -> Option<Span> {
    let digits = window.digits(window.groups().len());
    if !digits.starts_with(&[0, 0]) || digits.get(2) == Some(&0) || window.groups()[0].len < 2 {
        return None;
    }
    let start = window.start;
    if !may_start(text, start) || in_url(text, start) {
        return None;
    }
    let (end, _) = international(text, window, 2, plans)?;
    let told = is_told(text, start);
    (told || !is_other(text, start, end)).then(|| Span::new(start, end, Kind::Phone, "phone_idd", 0.85))
}

/// A number as it is dialled within one of the countries.
fn national(text: &str, window: &Window, hints: &Hints<'_>, plans: &Plans) -> Option<Span> {
    let bracket = before(text, window.start).filter(|c| matches!(c, '(' | '（'));
    let start = window.start - bracket.map_or(0, char::len_utf8);
    if !may_start(text, start) || is_date(window) {
        return None;
    }
    let mut told = is_years(window).then(|| is_told(text, start));
    if told == Some(false) {
        return None;
    }
    for groups in (1..=window.groups().len()).rev() {
        let digits = window.digits(groups);
        let end = window.end(groups);
        if !(MIN_DIGITS..=MAX_DIGITS).contains(&digits.len()) || !ends_here(text, end) {
            continue;
        }
        let Some(form) = Form::of(window, groups, bracket.is_some()) else { continue };
        let told = *told.get_or_insert_with(|| is_told(text, start));
        let short = digits.len() < MIN_UNTOLD && form != Form::Bracket;
        if !told && (form == Form::Weak || short || is_counting(window, groups)) {
            continue;
        }
        let Some(found) = hints.countries.iter().find_map(|country| plans.national(country, digits)) else {
            continue;
        };
        if found.line == Line::Service || is_isbn(digits) || in_url(text, start) {
            return None;
        }
        // Only mobile numbers are written without the 0 of their country.
        let bare = found.bare && found.line == Line::Fixed && form != Form::Bracket;
        if !told && (bare || is_other(text, start, end)) || is_named(text, start) {
            return None;
        }
        let confidence = match (told, form) {
            (true, _) => 0.9,
            (false, Form::Run) => 0.7,
            (false, _) => 0.8,
        };
        return Some(Span::new(start, end, Kind::Phone, "phone_national", confidence));
    }
    None
}

/// How much the writing of a number says "telephone".
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Brackets around an area code.
    Bracket,
    /// A leading zero with separators, or three groups with hyphens or dots.
    Strong,
    /// A leading zero, and no separators.
    Run,
    /// Digits like any others: only a word in front can tell.
    Weak,
}

impl Form {
    /// The form of the first groups; `None` for what no telephone number looks like.
    fn of(window: &Window, groups: usize, bracket: bool) -> Option<Form> {
        let all = &window.groups()[..groups];
        let digits = window.digits(groups);
        let rest = &all[1..];
        if digits.starts_with(&[0, 0]) || groups > 6 {
            return None;
        }
        let opens: Vec<usize> = (0..groups)
            .filter(|&at| at == 0 && bracket || at > 0 && all[at].separators & OPEN != 0)
            .collect();
        let closes: Vec<usize> = (1..groups).filter(|&at| all[at].separators & CLOSE != 0).collect();
        match (&opens[..], &closes[..]) {
            ([], []) => {}
            // An area code is one group, and at most a prefix comes before it, outside or inside (Hungary).
            ([open @ (0 | 1)], [close]) if *close == open + 1 => return Some(Form::Bracket),
            ([0], [2]) if all[0].len < 3 && matches!(all[1].separators, SPACE | HYPHEN) => {
                return Some(Form::Bracket);
            }
            _ => return None,
        }
        if rest.is_empty() {
            return Some(if digits[0] == 0 { Form::Run } else { Form::Weak });
        }
        let marks = rest.iter().fold(0, |bits, group| bits | group.separators) & !SPACE;
        let slashes = rest.iter().rposition(|group| group.separators & SLASH != 0);
        if marks.count_ones() > 1 && slashes.is_none()
            || slashes.is_some_and(|last| last > 0 || digits[0] != 0)
        {
            return None;
        }
        let same = |bits| rest.iter().all(|group| group.separators == bits);
        let first = all[0].len;
        let thousands = first <= 3 && rest.iter().all(|group| group.len == 3) && (same(SPACE) || same(DOT));
        let decimal = marks == DOT && (groups == 2 || first == 1);
        let address = marks == DOT && groups == 4 && (0..4).all(|at| value(window, at) < 256);
        if address || decimal && digits[0] == 0 {
            return None;
        }
        if digits[0] == 0 {
            let table = first == 1 && same(SPACE) || groups == 2 && value(window, 0) == value(window, 1);
            return Some(if table { Form::Weak } else { Form::Strong });
        }
        let joined = (same(HYPHEN) || same(DOT)) && rest.iter().all(|group| group.len > 1);
        let grouped = joined && (groups >= 3 || same(HYPHEN) && digits.len() >= 9);
        Some(if grouped && !thousands && !decimal { Form::Strong } else { Form::Weak })
    }
}

/// `01 02 03 04 05` is a list, and a valid number in France; `0123456789` is the row of digits.
fn is_counting(window: &Window, groups: usize) -> bool {
    let list = groups > 2 && (1..groups).all(|at| value(window, at) == value(window, at - 1) + 1);
    list || window.digits(groups).windows(2).all(|pair| pair[1] == (pair[0] + 1) % 10)
}

fn value(window: &Window, group: usize) -> u32 {
    let first = window.groups()[group].first;
    window.digits(group + 1)[first..].iter().take(9).fold(0, |number, &digit| number * 10 + u32::from(digit))
}

/// Whether the window starts with a date, year first or last.
fn is_date(window: &Window) -> bool {
    let short = |at: usize, len| len <= 2 && (1..=31).contains(&value(window, at));
    match window.groups() {
        [a, b, c, ..] => {
            is_year(window, 0) && short(1, b.len) && short(2, c.len)
                || short(0, a.len) && short(1, b.len) && is_year(window, 2)
        }
        _ => false,
    }
}

/// Whether the window starts with two years.
fn is_years(window: &Window) -> bool {
    window.groups().len() > 1 && is_year(window, 0) && is_year(window, 1)
}

fn is_year(window: &Window, group: usize) -> bool {
    window.groups()[group].len == 4 && (1500..2100).contains(&value(window, group))
}

/// Whether a number may start here: not within a code, a path, a decimal or an amount.
fn may_start(text: &str, start: usize) -> bool {
    let mut chars = text[..start].chars().rev();
    let (Some(last), previous) = (chars.next(), chars.next()) else { return true };
    match last {
        '=' | '#' | '&' | '+' | '*' | '\\' | '@' | '№' | '–' | '—' => false,
        // `Mob-9876500112` is one, `A-9876500112` none.
        '-' if previous.is_some_and(is_latin) => {
            let front = left(text, start - 1, 16);
            let word = front.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or(front);
            has_word(&word.to_lowercase(), words::PHONE)
        }
        '/' => previous.is_some_and(is_digit),
        '-' | '.' | ',' | ':' => !previous.is_some_and(is_digit),
        _ => is_open(Some(last)) && !words::MONEY.contains(&last),
    }
}

/// Whether a word in front says that a telephone number follows, and none that it is one of a book or an article.
fn is_told(text: &str, start: usize) -> bool {
    let context = left(text, start, 64).to_lowercase();
    let near = left(&context, context.len(), 28);
    has_word(&context, words::PHONE) && !has_word(near, words::BOOK)
}

/// Whether the word directly before is the name of another kind of number: `SIRET 732 829 320`, `factura nº 91-300-2026`.
fn is_named(text: &str, start: usize) -> bool {
    let front = left_chars(text, start, 32).to_lowercase();
    // Groups of digits before these are parts of the same number.
    let between = |c: char| is_digit(c) || matches!(c, ' ' | ':' | '.' | '-' | '：' | '\u{a0}');
    let bare = |text: &str| text.trim_end_matches(between).len();
    let mut front = &front[..bare(&front)];
    if let Some(number) = words::NUMBER.iter().find(|word| ends_with_word(front, word)) {
        front = &front[..bare(&front[..front.len() - number.len()])];
    }
    words::NAMED.iter().any(|name| ends_with_word(front, name))
}

/// Whether the text, in lower case, ends with the word, and no letter of a script with capitals is before it.
fn ends_with_word(text: &str, word: &str) -> bool {
    let rest = text.strip_suffix(word);
    rest.is_some_and(|rest| !(word.starts_with(char::is_lowercase) && rest.ends_with(char::is_lowercase)))
}

/// Whether a word or sign around says that it is another kind of number.
fn is_other(text: &str, start: usize, end: usize) -> bool {
    // In characters: 24 bytes are eight letters of Thai, and its word for an order has more.
    let front = left_chars(text, start, 24).trim_end();
    let back = right(text, end, 16).trim_start();
    let first = back.split_whitespace().next().unwrap_or_default().to_lowercase();
    // `j.cub.2011.03.059`: a number in a name.
    let glued = front.len() > 1
        && text[..start].ends_with('.')
        && front[..front.len() - 1].ends_with(|c: char| c.is_ascii_alphabetic());
    glued
        || front.ends_with(words::MONEY)
        || back.starts_with(words::MONEY)
        || front.ends_with('#')
        || front.ends_with('№')
        || has_word(&front.to_lowercase(), words::NO_PHONE)
        || words::UNITS.iter().any(|unit| {
            first
                .strip_prefix(unit)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphabetic() && c.is_lowercase()))
        })
}

#[cfg(test)]
mod tests {
    use super::super::phone_plan::plans;
    use super::*;

    fn found<'t>(text: &'t str, countries: &[&str]) -> Option<&'t str> {
        let at = text.find(is_digit)?;
        let span = find(text, &Window::read(text, at), &Hints { countries }, plans())?;
        Some(&text[span.start as usize..span.end as usize])
    }

    #[test]
    fn numbers_with_a_plus_need_no_hint() {
        for number in [
            "+254 712 345 678",
            "+49 (0)30 901820",
            "+1-212-736-5000",
            "+٩٦٤ ٧٧٠ ١٢٣ ٤٥٦٧",
            "＋８１-９０-１２３４-５６７８",
            "+91 98765 43210",
            "+86 138 1234 5678",
            "+(251) 911 234 567",
            "+44 20 7946 0018",
            "+254 0722 000 111",
        ] {
            assert_eq!(found(number, &[]), Some(number));
        }
        for other in
            ["+254 712 345 67", "+999 712345678", "a+254712345678", "+2547123456789012", "+49 800 1234567"]
        {
            assert_eq!(found(other, &[]), None, "{other}");
        }
    }

    #[test]
    fn numbers_of_home_need_a_hint_and_a_form() {
        for (text, country, number) in [
            ("Piga simu 0712 345 678 leo", "KE", "0712 345 678"),
            ("0712345678", "KE", "0712345678"),
            ("फ़ोन: ९८७६५ ४३२१०", "IN", "९८७६५ ४३२१०"),
            ("মোবাইল ০১৭১২-৩৪৫৬৭৮", "BD", "০১৭১২-৩৪৫৬৭৮"),
            ("电话13812345678联系", "CN", "13812345678"),
            ("(011) 4321-1234", "AR", "(011) 4321-1234"),
            ("03-1234-5678", "JP", "03-1234-5678"),
            ("8 (912) 345-67-89", "RU", "8 (912) 345-67-89"),
            ("212-736-5000", "US", "212-736-5000"),
            ("01 42 68 53 00", "FR", "01 42 68 53 00"),
            ("هاتف: ٠٧٧٠١٢٣٤٥٦٧", "IQ", "٠٧٧٠١٢٣٤٥٦٧"),
            ("Tel. 612 345 678", "ES", "612 345 678"),
            ("(06 1) 234 5678", "HU", "(06 1) 234 5678"),
            ("Mob-9876500112", "IN", "9876500112"),
            ("Tél : 01 23 45 67 89", "FR", "01 23 45 67 89"),
            ("هاتف 1700 1934", "BH", "1700 1934"),
        ] {
            assert_eq!(found(text, &[country]), Some(number), "{text}");
            assert_eq!(found(text, &[]), None, "{text}");
        }
    }

    #[test]
    fn dates_prices_books_and_ids_are_none() {
        for (text, country) in [
            ("2019-03-12 1000", "KE"),
            ("12.03.2019 10", "DE"),
            ("1998-2005", "NO"),
            ("1700 1934", "BH"),
            ("612 345 678", "ES"),
            ("€0712345678", "KE"),
            ("0712345678 KES", "KE"),
            ("ISBN 0-7167-0344-0", "US"),
            ("id 0712345678", "KE"),
            ("https://site.ke/0712345678", "KE"),
            ("01 02 03 04 05", "FR"),
            ("A0712345678", "KE"),
            ("A-0712345678", "KE"),
            ("0712345678.55", "KE"),
            ("13812345678", "CN"),
            ("198.51.100.32", "US"),
            ("j.cub.2011.03.059", "US"),
            ("cell. doi: 10.3389/fncel.2014.00170", "US"),
            ("GSM 850/900/1800/1900", "DE"),
            ("16 8.0 (8.0) 10 11", "US"),
            ("0627 0653", "FI"),
            ("0123456789", "DE"),
            ("123-4-56789-0", "US"),
            ("0.123 4567", "DE"),
            ("0800 1234567", "DE"),
            ("tel. y CUIT 011-2026-1122", "AR"),
            ("Fax, factura nº 91-300-2026", "ES"),
            ("Tel./Fax; REGON: 223001122", "PL"),
            ("전화, 사업자등록번호 02-700-1122", "KR"),
            ("טלפון, ח.פ. 036001122", "IL"),
            ("โทร เลขที่คำสั่งซื้อ 081", "TH"),
        ] {
            assert_eq!(found(text, &[country]), None, "{text}");
        }
        // The name of another number counts only where it is directly before.
        assert_eq!(found("Factura y tel. 91-300-2026", &["ES"]), Some("91-300-2026"));
    }
}
