//! JSON lines packed with gzip or zstd, read through from the start.
//!
//! Unpacking goes piece by piece, so memory holds a line and a piece, whatever the file holds. Behind damage the next
//! gzip member or zstd frame goes on; the line that the damage cut is part of the damage. A line that begins in the
//! middle, behind damage, is a line of its own and most likely no JSON. Damaged deflate may unpack to nonsense for a
//! while before it is found out: a member that begins there is lost with it.

use super::lines::{Cut, Cutter, LineItem, LineStep, is_blank};
use super::{DamageReason, DocumentFormat, Place, ReadLimits};
use crate::inflate::{Fault, Unpacked, Unpacker};

/// Unpacked at once.
const PIECE_BYTES: usize = 256 << 10;
/// Kept between lines; what a longer line needed is given back.
const KEPT_BYTES: usize = 4 << 20;

/// The lines of one packed file.
pub struct PackedLines {
    unpacker: Unpacker,
    limits: ReadLimits,
    file_bytes: u64,
    /// Packed bytes taken.
    position: u64,
    /// Unpacked bytes that are not done with, and where the first of them stands in the whole.
    text: Vec<u8>,
    text_start: u64,
    cutter: Cutter,
    /// Nothing more will be unpacked.
    ended: bool,
    /// No item was given yet: the first accounts for the file.
    first: bool,
    /// Damage behind the lines that came out last, and its packed offset.
    damage: Option<(DamageReason, u64)>,
}

impl PackedLines {
    /// Of a file of `file_bytes`; `None` for a format that is not packed lines.
    pub fn new(format: DocumentFormat, file_bytes: u64, limits: ReadLimits) -> Option<Self> {
        let unpacker = Unpacker::new(format.packing()?).ok()?;
        Some(Self {
            unpacker,
            limits,
            file_bytes,
            position: 0,
            text: Vec::new(),
            text_start: 0,
            cutter: Cutter::new(0, limits.max_line_bytes),
            ended: false,
            first: true,
            damage: None,
        })
    }

    /// Where in the file the bytes of the next call must begin. It only moves forward.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The bytes of the line that the last call gave.
    pub fn line(&self, place: Place, content_bytes: usize) -> &[u8] {
        let start = usize::try_from(place.inner_offset - self.text_start).unwrap_or(usize::MAX);
        self.text.get(start..).and_then(|rest| rest.get(..content_bytes)).unwrap_or_default()
    }

    /// Looks at `buf`, the file's bytes from [`position`](Self::position) on; `eof` says that nothing follows them.
    pub fn step(&mut self, buf: &[u8], eof: bool) -> LineStep {
        let mut taken = 0;
        loop {
            let shown = (self.cutter.at - self.text_start) as usize;
            match self.cutter.next(&self.text[shown..], self.ended) {
                Cut::Line { content_bytes, .. } if is_blank(&self.text[shown..shown + content_bytes]) => {
                    continue;
                }
                Cut::Line { offset, content_bytes, .. } => {
                    let place = self.place(0, offset);
                    return LineStep::Item(LineItem::Line { place, content_bytes });
                }
                Cut::TooLong { offset, .. } => {
                    return self.damage(0, offset, DamageReason::LineTooLong);
                }
                Cut::NeedMore | Cut::End if self.damage.is_some() => {
                    let Some((reason, offset)) = self.damage.take() else { continue };
                    return self.give_damage(reason, offset);
                }
                Cut::NeedMore => {}
                Cut::End if self.first => {
                    let length = self.file_bytes;
                    self.first = false;
                    return LineStep::Item(LineItem::Padding {
                        place: Place { offset: 0, length, inner_offset: 0 },
                    });
                }
                Cut::End => return LineStep::Done,
            }
            self.forget_done();
            let before = self.text.len();
            let (used, unpacked) = self.unpacker.step(&buf[taken..], eof, &mut self.text, PIECE_BYTES);
            debug_assert!(self.text.len() - before <= PIECE_BYTES, "a piece at a time");
            taken += used;
            self.position += used as u64;
            match unpacked {
                Unpacked::More if self.is_bomb() => {
                    self.damage = Some((DamageReason::InflatesPastCap, self.position.max(1)));
                }
                Unpacked::More => {}
                Unpacked::NeedMore { at_least } => return LineStep::NeedMore { at_least },
                // Behind a footer with a wrong checksum there may be no member: the damage is the footer's last byte.
                Unpacked::Fault(Fault::Checksum) => {
                    let footer = self.position.saturating_sub(1).max(1);
                    self.damage = Some((DamageReason::ChecksumMismatch, footer));
                }
                Unpacked::Fault(fault) => {
                    let reason = match fault {
                        Fault::NoMember => DamageReason::NotPacked,
                        Fault::Cut => DamageReason::CutShort,
                        Fault::Window => DamageReason::WindowTooLarge,
                        Fault::Corrupt | Fault::Checksum => DamageReason::CorruptMember,
                    };
                    self.damage = Some((reason, self.position.max(1)));
                }
                Unpacked::End => self.ended = true,
            }
        }
    }

    /// Unpacked bytes so far.
    fn unpacked(&self) -> u64 {
        self.text_start + self.text.len() as u64
    }

    fn is_bomb(&self) -> bool {
        let most = self.position.saturating_mul(self.limits.max_ratio);
        self.unpacked() > self.limits.ratio_grace_bytes.saturating_add(most)
    }

    fn place(&mut self, offset: u64, inner_offset: u64) -> Place {
        let length = if std::mem::take(&mut self.first) { self.file_bytes } else { 0 };
        Place { offset, length, inner_offset }
    }

    /// Damage at packed byte `offset`. Lines stand at 0 and damage never does, so no two items have one place.
    fn damage(&mut self, offset: u64, inner_offset: u64, reason: DamageReason) -> LineStep {
        let place = self.place(offset, inner_offset);
        LineStep::Item(LineItem::Damage { place, reason })
    }

    /// Damage that was met while unpacking, once the lines before it are given.
    fn give_damage(&mut self, reason: DamageReason, offset: u64) -> LineStep {
        if reason == DamageReason::ChecksumMismatch {
            // Everything came out: the line at work goes on in the next member.
            return self.damage(offset, self.unpacked(), reason);
        }
        // The line at work is lost with the rest; a bomb goes no further.
        self.ended |= reason == DamageReason::InflatesPastCap;
        let line_start = self.cutter.line_start();
        self.cutter.restart(self.unpacked());
        self.damage(offset, line_start, reason)
    }

    /// Drops what lies before the line at work.
    fn forget_done(&mut self) {
        let done = (self.cutter.at - self.text_start) as usize;
        self.text.drain(..done);
        self.text_start = self.cutter.at;
        if self.text.is_empty() && self.text.capacity() > KEPT_BYTES {
            self.text = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// The lines and damages of a gzip file, and the sum of their lengths.
    fn read(bytes: &[u8], limits: ReadLimits) -> (Vec<String>, Vec<(DamageReason, u64)>, u64) {
        let mut lines = PackedLines::new(DocumentFormat::GzipLines, bytes.len() as u64, limits).unwrap();
        let (mut found, mut damages, mut length) = (Vec::new(), Vec::new(), 0);
        loop {
            match lines.step(&bytes[lines.position() as usize..], true) {
                LineStep::Item(item) => {
                    length += item.place().length;
                    match item {
                        LineItem::Line { place, content_bytes } => {
                            let line = lines.line(place, content_bytes);
                            found.push(String::from_utf8_lossy(line).into_owned());
                        }
                        LineItem::Damage { place, reason } => damages.push((reason, place.inner_offset)),
                        LineItem::Padding { .. } => {}
                    }
                }
                LineStep::NeedMore { .. } => panic!("all bytes are there"),
                LineStep::Done => return (found, damages, length),
            }
        }
    }

    #[test]
    fn the_first_item_has_the_length_of_the_file() {
        let limits = ReadLimits::default();
        let bytes = [gzip("\n{\"a\": \"नमस्ते\"}\r\n\n"), gzip("ሰላም\nสวัส"), gzip("ดี")].concat();
        let (lines, damages, length) = read(&bytes, limits);
        assert_eq!(lines, ["{\"a\": \"नमस्ते\"}", "ሰላም", "สวัสดี"]);
        assert_eq!((damages, length), (vec![], bytes.len() as u64));
        let empty = gzip("");
        assert_eq!(read(&empty, limits), (vec![], vec![], empty.len() as u64));
    }

    #[test]
    fn damage_takes_the_line_it_cut_and_the_next_member_goes_on() {
        let limits = ReadLimits::default();
        let number = |n: u32| n.wrapping_mul(2_654_435_761);
        let text: Vec<String> = (0..3000).map(|n| format!("{{\"n\": \"{}\"}}\n", number(n))).collect();
        let text = text.concat();
        let mut first = gzip(&text);
        first.truncate(first.len() / 2);
        let bytes = [first, gzip(&text), gzip("Γειά\n")].concat();
        let (lines, damages, length) = read(&bytes, limits);
        assert_eq!(length, bytes.len() as u64);
        assert_eq!(lines.last().map(String::as_str), Some("Γειά"));
        assert!(damages.iter().any(|(reason, _)| *reason == DamageReason::CorruptMember), "{damages:?}");
        let whole: Vec<&str> = text.lines().collect();
        let intact = lines.iter().zip(&whole).take_while(|(line, sound)| line == sound).count();
        assert!(intact > 1000, "{intact}");
    }

    #[test]
    fn a_bomb_and_an_endless_line_cost_no_memory() {
        let limits = ReadLimits {
            max_line_bytes: 1000,
            max_ratio: 10,
            ratio_grace_bytes: 1 << 20,
            ..ReadLimits::default()
        };
        let bomb = gzip(&"\n".repeat(8 << 20));
        assert_eq!(read(&bomb, limits).1, [(DamageReason::InflatesPastCap, 1_310_720)]);
        let limits = ReadLimits { max_ratio: 5000, ..limits };
        let long = gzip(&format!("habari\n{}\nሰላም\n", "அ".repeat(1 << 20)));
        let (lines, damages, _) = read(&long, limits);
        assert_eq!(
            (lines, damages),
            (vec!["habari".to_owned(), "ሰላም".to_owned()], vec![(DamageReason::LineTooLong, 7)])
        );
    }
}
