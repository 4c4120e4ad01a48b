//! The codec of zstd files, whose members are frames (RFC 8878).
//!
//! A frame that says how much it holds is decompressed in one call; another one block by block. Feeding whole blocks makes
//! what comes out of a damaged frame a matter of its bytes alone: all blocks before the damaged one. Skippable frames hold
//! no records: they count as empty members.

use memchr::memmem;
use zstd::zstd_safe::{self, DCtx, InBuffer, OutBuffer, ResetDirective};

use super::frames::{
    Block, FrameHead, MAX_BLOCK, Seen, ZSTD_MAGIC, block, frame_head, is_followed, skippable,
};
use super::output::Output;
use super::{Codec, Inflation, Probe, Streamed, packed_cap};

/// Packed bytes within which a frame must show how it begins: its head, an empty block or two, one block.
const PROBE_BYTES: usize = MAX_BLOCK + 64;
/// How far to look for a frame's end before streaming; fixed, so that results never depend on buffer sizes.
const WHOLE_WINDOW: usize = 1 << 20;
/// Room given beyond what a caller wants of a frame that is taken piece by piece.
const PIECE: usize = 64 << 10;

/// Which block of a frame comes next.
#[derive(Debug, Clone, Copy)]
struct Place {
    frame: FrameHead,
    /// Everything before was given to the decompressor; counted in the bytes shown.
    fed: usize,
    /// Where the next block begins, or the checksum.
    next: usize,
    is_last: bool,
    /// The decompressor may hold output for which there was no room.
    holds_output: bool,
    /// The decompressor said that the frame is over.
    has_ended: bool,
}

#[derive(Debug, Clone, Copy)]
enum Progress {
    /// Looking for the frame's end; blocks before `next` are whole, and hold at most `most` bytes.
    Walking {
        next: usize,
        most: u64,
    },
    Streaming(Place),
    /// Past the cap.
    Past(Place),
}

const START: Progress = Progress::Walking { next: 0, most: 0 };

/// Inflates zstd frames one after the other into one buffer that is reused.
///
/// Windows above 128 MiB are refused in frames that are streamed, as `zstd -d` does.
pub(crate) struct ZstdCodec {
    context: DCtx<'static>,
    probe: DCtx<'static>,
    /// Id of the dictionary; none where there is no dictionary, 0 for one without an id.
    dictionary: Option<u32>,
    finder: memmem::Finder<'static>,
    output: Output,
    progress: Progress,
}

impl ZstdCodec {
    /// For frames that may have been packed with `dictionary`.
    pub(crate) fn new(dictionary: Option<&[u8]>) -> Self {
        let (mut context, mut probe) = (DCtx::create(), DCtx::create());
        let loaded = dictionary.filter(|bytes| {
            let loads = |context: &mut DCtx<'_>| context.load_dictionary(bytes).is_ok();
            loads(&mut context) && loads(&mut probe)
        });
        let id = |bytes: &[u8]| zstd_safe::get_dict_id_from_dict(bytes).map_or(0, u32::from);
        Self {
            context,
            probe,
            dictionary: loaded.map(id),
            finder: memmem::Finder::new(&ZSTD_MAGIC),
            output: Output::default(),
            progress: START,
        }
    }

    /// One call for a frame that says how much it holds and whose end is near; `None` means: stream it.
    fn inflate_whole(&mut self, buf: &[u8], eof: bool, cap: usize, frame: FrameHead) -> Option<Inflation> {
        let Progress::Walking { mut next, mut most } = self.progress else { return None };
        let size = usize::try_from(frame.content_bytes?).ok()?;
        if size > self.output.left_for_member(cap) {
            return None;
        }
        let window = &buf[..buf.len().min(WHOLE_WINDOW)];
        next = next.max(frame.len);
        let end = loop {
            match block(window, next) {
                Seen::Invalid => return None,
                Seen::Whole(block) if block.end <= window.len() => {
                    (next, most) = (block.end, most + MAX_BLOCK as u64);
                    if block.is_last {
                        break next + if frame.has_checksum { 4 } else { 0 };
                    }
                }
                Seen::Whole(_) | Seen::Partial(_) if buf.len() >= WHOLE_WINDOW || eof => return None,
                Seen::Whole(Block { end: wanted, .. }) | Seen::Partial(wanted) => {
                    self.progress = Progress::Walking { next, most };
                    return Some(Inflation::NeedMore { at_least: wanted });
                }
            }
        };
        let Some(packed) = buf.get(..end) else {
            self.progress = Progress::Walking { next: frame.len, most: 0 };
            return (!eof).then_some(Inflation::NeedMore { at_least: end });
        };
        if size as u64 > most {
            return None; // more than its blocks can hold
        }
        let made = self.context.decompress(self.output.whole(size), packed).ok()?;
        if made != size {
            return None;
        }
        self.output.filled_whole(size);
        Some(Inflation::Complete { consumed: end, checksum_ok: true })
    }

    /// Streams until the output buffer holds `fill` bytes or the frame ends. Room is given up to `limit`.
    fn run(&mut self, buf: &[u8], place: &mut Place, fill: usize, limit: usize) -> Streamed {
        loop {
            if place.has_ended {
                return Streamed::Ended { checksum_ok: true };
            }
            while place.fed < place.next || place.holds_output {
                let room = self.output.room(limit);
                let full = room.len();
                if full == 0 {
                    return Streamed::Filled;
                }
                let mut input = InBuffer::around(&buf[place.fed..place.next]);
                let mut out = OutBuffer::around(room);
                let result = self.context.decompress_stream(&mut out, &mut input);
                let (made, used) = (out.pos(), input.pos());
                place.fed += used;
                self.output.made(made);
                match result {
                    Err(_) => return Streamed::Corrupt,
                    Ok(0) if place.is_last && !place.frame.has_checksum => {
                        (place.holds_output, place.has_ended) = (false, true);
                        return Streamed::Ended { checksum_ok: true };
                    }
                    Ok(_) => {}
                }
                place.holds_output = made == full;
                if made == 0 && used == 0 && place.fed < place.next {
                    return Streamed::Corrupt; // it will not take its own block
                }
            }
            if self.output.all().len() >= fill {
                return Streamed::Filled;
            }
            if place.is_last {
                return self.checksum(buf, place);
            }
            match block(buf, place.next) {
                Seen::Invalid => return Streamed::Corrupt,
                Seen::Partial(wanted) => return Streamed::NeedMore { at_least: wanted },
                Seen::Whole(block) if block.end > buf.len() => {
                    return Streamed::NeedMore { at_least: block.end };
                }
                Seen::Whole(block) => (place.next, place.is_last) = (block.end, block.is_last),
            }
        }
    }

    /// All blocks came out; four bytes prove them, or do not.
    fn checksum(&mut self, buf: &[u8], place: &mut Place) -> Streamed {
        if !place.frame.has_checksum {
            return Streamed::Corrupt; // the decompressor wants more than the frame has
        }
        let Some(checksum) = buf.get(place.next..place.next + 4) else {
            return Streamed::NeedMore { at_least: place.next + 4 };
        };
        let mut input = InBuffer::around(checksum);
        let mut none: [u8; 0] = [];
        let mut out = OutBuffer::around(&mut none[..]);
        let checksum_ok = self.context.decompress_stream(&mut out, &mut input) == Ok(0);
        place.next += 4;
        place.fed = place.next;
        Streamed::Ended { checksum_ok }
    }

    /// Bytes made; and where the blocks end and whether a checksum follows, if all of them were looked at.
    fn probe(
        &mut self,
        buf: &[u8],
        eof: bool,
        out: &mut [u8],
    ) -> Result<(usize, Option<(usize, bool)>), Probe> {
        let undecided = if eof { Probe::No } else { Probe::NeedMore };
        let frame = match frame_head(buf) {
            Seen::Whole(frame) => frame,
            Seen::Partial(_) => return Err(undecided),
            Seen::Invalid => return Err(Probe::No),
        };
        if !Self::begin(&mut self.probe, &buf[..frame.len]) {
            return Err(Probe::No);
        }
        let window = &buf[..buf.len().min(PROBE_BYTES)];
        let (mut at, mut made) = (frame.len, 0);
        while made < out.len() {
            let (end, is_last) = match block(window, at) {
                Seen::Whole(block) if block.end <= window.len() => (block.end, block.is_last),
                Seen::Whole(_) | Seen::Partial(_) if window.len() < PROBE_BYTES => return Err(undecided),
                Seen::Whole(_) | Seen::Partial(_) | Seen::Invalid => break,
            };
            let mut input = InBuffer::around(&window[at..end]);
            let mut room = OutBuffer::around(&mut out[made..]);
            let result = self.probe.decompress_stream(&mut room, &mut input);
            made += room.pos();
            at = end;
            if result.is_err() {
                break;
            }
            if is_last {
                return Ok((made, Some((end, frame.has_checksum))));
            }
        }
        Ok((made, None))
    }

    /// Gives the frame's head to a decompressor that has forgotten the frame before.
    fn begin(context: &mut DCtx<'static>, head: &[u8]) -> bool {
        let mut none: [u8; 0] = [];
        let mut input = InBuffer::around(head);
        context.reset(ResetDirective::SessionOnly).is_ok()
            && context.decompress_stream(&mut OutBuffer::around(&mut none[..]), &mut input).is_ok()
            && input.pos() == head.len()
    }
}

impl Codec for ZstdCodec {
    const MAGIC_BYTES: usize = ZSTD_MAGIC.len();

    fn find_magic(&self, buf: &[u8]) -> Option<usize> {
        self.finder.find(buf)
    }

    fn first_bytes(&mut self, buf: &[u8], eof: bool, out: &mut [u8]) -> Result<usize, Probe> {
        self.probe(buf, eof, out).map(|(made, _)| made)
    }

    fn empty_member(&mut self, buf: &[u8], eof: bool) -> Result<usize, Probe> {
        match skippable(buf) {
            Seen::Whole(len) => {
                return match is_followed(&buf[len..], eof) {
                    None => Err(Probe::NeedMore),
                    Some(false) => Err(Probe::No),
                    Some(true) => Ok(len),
                };
            }
            Seen::Partial(_) if !eof => return Err(Probe::NeedMore),
            Seen::Partial(_) | Seen::Invalid => {}
        }
        let (0, Some((blocks_end, has_checksum))) = self.probe(buf, eof, &mut [0; 1])? else {
            return Err(Probe::No);
        };
        let end = blocks_end + if has_checksum { 4 } else { 0 };
        match buf.len() >= end {
            true => Ok(end),
            false if eof => Err(Probe::No),
            false => Err(Probe::NeedMore),
        }
    }

    fn output(&self) -> &[u8] {
        self.output.all()
    }

    fn clear(&mut self) {
        self.output.clear();
        self.progress = START;
    }

    fn next_member(&mut self) {
        self.output.next_member();
        self.progress = START;
    }

    fn drop_member(&mut self) {
        self.output.drop_member();
    }

    fn discard(&mut self, count: usize) {
        self.output.discard(count);
    }

    fn inflate(&mut self, buf: &[u8], eof: bool, cap: usize) -> Inflation {
        let cap = self.output.lawful_cap(cap);
        match skippable(buf) {
            Seen::Whole(len) => return Inflation::Complete { consumed: len, checksum_ok: true },
            Seen::Partial(_) if eof => return Inflation::Cut,
            Seen::Partial(wanted) => return Inflation::NeedMore { at_least: wanted.max(buf.len() + 1) },
            Seen::Invalid => {}
        }
        let frame = match frame_head(buf) {
            Seen::Whole(frame) => frame,
            Seen::Partial(_) if eof => return Inflation::Cut,
            Seen::Partial(wanted) => return Inflation::NeedMore { at_least: wanted },
            Seen::Invalid => return Inflation::NotPacked,
        };
        if frame.dictionary != 0 && self.dictionary != Some(frame.dictionary) {
            return Inflation::NoDictionary;
        }
        if let Progress::Past(place) = self.progress {
            return Inflation::PastCap { fed: place.fed };
        }
        if let Progress::Walking { .. } = self.progress {
            if let Some(done) = self.inflate_whole(buf, eof, cap, frame) {
                return done;
            }
            if !Self::begin(&mut self.context, &buf[..frame.len]) {
                return Inflation::Corrupt;
            }
            self.output.drop_member();
            self.progress = Progress::Streaming(Place {
                frame,
                fed: frame.len,
                next: frame.len,
                is_last: false,
                holds_output: false,
                has_ended: false,
            });
        }
        let Progress::Streaming(mut place) = self.progress else { return Inflation::Corrupt };
        let most = packed_cap(cap);
        let input = &buf[..buf.len().min(most)];
        // One byte past the cap tells a frame that ends at it from one that goes on.
        let room = cap.saturating_add(1);
        let streamed = self.run(input, &mut place, room, room);
        self.progress = Progress::Streaming(place);
        let is_past = self.output.is_past(cap);
        match streamed {
            _ if is_past => {}
            Streamed::Ended { checksum_ok } => {
                return Inflation::Complete { consumed: place.next, checksum_ok };
            }
            Streamed::Corrupt => return Inflation::Corrupt,
            Streamed::NeedMore { at_least } if at_least <= most => {
                return match (eof, place.is_last) {
                    (false, _) => Inflation::NeedMore { at_least },
                    (true, false) => Inflation::Cut,
                    // All data came out; only its proof is cut off.
                    (true, true) => Inflation::Complete { consumed: buf.len(), checksum_ok: false },
                };
            }
            Streamed::NeedMore { .. } | Streamed::Filled => {}
        }
        self.progress = Progress::Past(place);
        Inflation::PastCap { fed: place.fed }
    }

    fn stream(&mut self, buf: &[u8], fill: usize) -> (usize, Streamed) {
        let mut place = match self.progress {
            Progress::Past(place) => {
                self.output.resume();
                // From here on, what is shown begins behind what was used.
                Place { fed: 0, next: place.next - place.fed, ..place }
            }
            Progress::Streaming(place) => place,
            Progress::Walking { .. } => return (0, Streamed::Corrupt),
        };
        if place.next > buf.len() {
            self.progress = Progress::Streaming(place);
            return (0, Streamed::NeedMore { at_least: place.next });
        }
        let streamed = self.run(buf, &mut place, fill, fill.saturating_add(PIECE));
        let used = place.fed;
        self.progress = Progress::Streaming(Place { fed: 0, next: place.next - used, ..place });
        let streamed = match streamed {
            Streamed::NeedMore { at_least } => Streamed::NeedMore { at_least: at_least - used },
            other => other,
        };
        (used, streamed)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::frames::{Head, head};
    use super::super::{Ending, begins_with};
    use super::*;

    const TEXT: &str = "Habari za asubuhi. नमस्ते दुनिया। வணக்கம் உலகம். ሰላም ለዓለም። Γειά σου κόσμε. 你好，世界。";

    /// A frame with or without its size, and with a checksum.
    fn frame(text: &[u8], level: i32, sized: bool) -> Vec<u8> {
        let mut writer = ::zstd::stream::write::Encoder::new(Vec::new(), level).unwrap();
        writer.include_checksum(true).unwrap();
        if sized {
            writer.set_pledged_src_size(Some(text.len() as u64)).unwrap();
        }
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    fn skip(held: &[u8], kind: u8) -> Vec<u8> {
        [&[kind, 0x2a, 0x4d, 0x18], &(held.len() as u32).to_le_bytes()[..], held].concat()
    }

    #[test]
    fn whole_and_streamed_frames_give_the_same_bytes_in_any_pieces() {
        for text in [TEXT.to_owned(), TEXT.repeat(20_000)] {
            for sized in [true, false] {
                let bytes = [frame(text.as_bytes(), 1, sized), frame(b"x", 1, true)].concat();
                let first = bytes.len() - frame(b"x", 1, true).len();
                for step in [1, 70_000, 1 << 22] {
                    let mut codec = ZstdCodec::new(None);
                    let mut len = 1;
                    loop {
                        match codec.inflate(&bytes[..len], len == bytes.len(), 64 << 20) {
                            Inflation::NeedMore { at_least } => {
                                assert!(at_least > len, "no progress is asked for");
                                len = (len + step).max(at_least).min(bytes.len());
                            }
                            other => {
                                assert_eq!(other, Inflation::Complete { consumed: first, checksum_ok: true });
                                break;
                            }
                        }
                    }
                    assert!(codec.output() == text.as_bytes());
                }
            }
        }
    }

    #[test]
    fn a_frame_past_the_cap_goes_on_piece_by_piece() {
        let text = TEXT.repeat(20_000);
        for sized in [true, false] {
            let bytes = frame(text.as_bytes(), 1, sized);
            let mut codec = ZstdCodec::new(None);
            let Inflation::PastCap { mut fed } = codec.inflate(&bytes, true, 300_000) else { panic!() };
            assert_eq!(codec.output(), &text.as_bytes()[..300_000]);
            let mut seen = Vec::new();
            loop {
                let shown = &bytes[fed..(fed + 5000).min(bytes.len())];
                let mut more = 1;
                let (used, streamed) = codec.stream(shown, 10_000);
                fed += used;
                match streamed {
                    Streamed::NeedMore { at_least } => more = at_least,
                    Streamed::Ended { checksum_ok } => {
                        assert!(checksum_ok);
                        seen.extend_from_slice(codec.output());
                        break;
                    }
                    Streamed::Filled => {}
                    Streamed::Corrupt => panic!("it is sound"),
                }
                seen.extend_from_slice(codec.output());
                codec.discard(codec.output().len());
                if more > 5000 {
                    let (used, streamed) = codec.stream(&bytes[fed..(fed + more).min(bytes.len())], 10_000);
                    fed += used;
                    assert_ne!(streamed, Streamed::Corrupt);
                    seen.extend_from_slice(codec.output());
                    codec.discard(codec.output().len());
                }
            }
            assert_eq!(fed, bytes.len());
            assert!(seen == text.as_bytes());
        }
    }

    #[test]
    fn a_wrong_checksum_is_told_and_the_bytes_are_kept() {
        for sized in [true, false] {
            let mut bytes = frame(TEXT.as_bytes(), 3, sized);
            *bytes.last_mut().unwrap() ^= 1;
            let mut codec = ZstdCodec::new(None);
            let done = codec.inflate(&bytes, true, 1 << 20);
            assert_eq!(done, Inflation::Complete { consumed: bytes.len(), checksum_ok: false });
            assert_eq!(codec.output(), TEXT.as_bytes());
        }
    }

    #[test]
    fn every_flipped_byte_ends_and_a_cut_is_a_cut() {
        let bytes = frame(TEXT.repeat(50).as_bytes(), 3, true);
        for at in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 0x41;
            ZstdCodec::new(None).inflate(&broken, true, 1 << 20);
        }
        assert_eq!(ZstdCodec::new(None).inflate(&bytes[..bytes.len() / 2], true, 1 << 20), Inflation::Cut);
        assert_eq!(ZstdCodec::new(None).inflate(TEXT.as_bytes(), true, 1 << 20), Inflation::NotPacked);
    }

    #[test]
    fn a_probe_sees_first_bytes_skippable_frames_and_empty_ones() {
        let mut codec = ZstdCodec::new(None);
        let bytes = frame(b"WARC/1.0\r\n", 3, true);
        assert_eq!(begins_with(&mut codec, &bytes, true, b"WARC/"), Probe::Yes);
        assert_eq!(begins_with(&mut codec, &bytes[..9], false, b"WARC/"), Probe::NeedMore);
        assert_eq!(begins_with(&mut codec, &frame(TEXT.as_bytes(), 3, true), true, b"WARC/"), Probe::No);
        for empty in [frame(b"", 3, true), skip(TEXT.as_bytes(), 0x50), skip(b"", 0x5f)] {
            assert_eq!(codec.empty_member(&empty, true), Ok(empty.len()));
            assert_eq!(codec.empty_member(&empty[..empty.len() - 1], false), Err(Probe::NeedMore));
        }
        assert_eq!(codec.empty_member(&bytes, true), Err(Probe::No));
        let lying = [skip(TEXT.as_bytes(), 0x50), TEXT.as_bytes().to_vec()].concat();
        assert_eq!(codec.empty_member(&lying, true), Err(Probe::No));
    }

    #[test]
    fn a_dictionary_is_found_packed_or_plain_and_a_frame_that_lacks_it_says_so() {
        let dictionary = include_bytes!("../../tests/data/records.zdict").to_vec();
        let packed = ::zstd::bulk::Compressor::with_dictionary(3, &dictionary)
            .unwrap()
            .compress(TEXT.as_bytes())
            .unwrap();
        assert_eq!(ZstdCodec::new(None).inflate(&packed, true, 1 << 20), Inflation::NoDictionary);
        for held in [dictionary.clone(), frame(&dictionary, 3, true)] {
            let file = [skip(&held, 0x5d), packed.clone()].concat();
            let Head::NeedMore(wanted) = head(&file[..4], false) else { panic!() };
            let Head::NeedMore(mut wanted) = head(&file[..wanted], false) else { panic!() };
            if let Head::NeedMore(more) = head(&file[..wanted], false) {
                wanted = more;
            }
            let Head::Dictionary { len, dictionary: Some(found) } = head(&file[..wanted], false) else {
                panic!()
            };
            assert!(found == dictionary);
            let mut codec = ZstdCodec::new(Some(&found));
            assert_eq!(begins_with(&mut codec, &file[len..], true, b"Habari"), Probe::Yes);
            assert!(matches!(codec.inflate(&file[len..], true, 1 << 20), Inflation::Complete { .. }));
            assert_eq!(codec.output(), TEXT.as_bytes());
        }
        assert!(matches!(head(&skip(TEXT.as_bytes(), 0x50), true), Head::Other));
        assert_eq!(super::super::zstd(&packed, 1 << 20).1, Ending::Cut);
    }
}
