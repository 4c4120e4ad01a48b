//! Decompression with a cap on every output: the one place where compressed bytes become plain ones.
//!
//! A gzip member whose end is known inflates twice as fast through libdeflate as through a streaming inflater (0.16 s
//! against 0.30 s for a 40 MB crawl file of 11,815 members), but libdeflate wants input and output whole. So
//! [`MemberInflater`] first guesses the member's end (the next gzip magic, or the end of the file), believes the
//! guess only when size and CRC-32 in front of it agree, and streams the member otherwise. Both ways give the same bytes.
//!
//! Nothing here allocates what an input claims: buffers grow with the bytes that really come out, up to the cap.

mod body;
mod stream;

pub(crate) use body::{Ending, brotli, deflate, gzip, zstd};
pub(crate) use stream::{Fault, Packing, Unpacked, Unpacker, begins_like_zstd};

use flate2::{Decompress, FlushDecompress, Status};
use memchr::memmem;

/// First bytes of a gzip member: magic and the only compression method there is.
pub(crate) const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];
/// CRC-32 and length behind the deflate stream.
const GZIP_FOOTER: usize = 8;
/// Longest gzip header accepted: an extra field of 64 KiB, and file name and comment of 4 KiB together.
const MAX_GZIP_HEAD: usize = (64 << 10) + (4 << 10) + 14;
/// Deflated bytes within which a member must show how it begins. A dynamic block's tables take under 400.
const PROBE_BYTES: usize = 4 << 10;
/// How far to look for a member's end before streaming; fixed, so that results never depend on buffer sizes.
const WHOLE_WINDOW: usize = 1 << 20;
/// Magics to consider as a member's end; stored gzip bodies hold false ones.
const MAX_END_GUESSES: u32 = 4;
/// Most bytes that one byte of deflate can stand for.
const MAX_DEFLATE_RATIO: u64 = 1032;
/// Kept between members; what a larger member needed is given back.
const KEPT_SCRATCH: usize = 8 << 20;

/// What the bytes at hand say about a gzip header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GzipHead {
    /// It ends before this index.
    Complete(usize),
    Partial,
    Invalid,
}

fn gzip_head(buf: &[u8]) -> GzipHead {
    let seen = buf.len().min(GZIP_MAGIC.len());
    if buf[..seen] != GZIP_MAGIC[..seen] {
        return GzipHead::Invalid;
    }
    if buf.len() < 10 {
        return GzipHead::Partial;
    }
    let flags = buf[3];
    if flags & 0xe0 != 0 {
        return GzipHead::Invalid; // reserved bits
    }
    let mut at = 10;
    if flags & 0x04 != 0 {
        let Some(size) = buf.get(at..at + 2) else { return GzipHead::Partial };
        at += 2 + usize::from(u16::from_le_bytes([size[0], size[1]]));
    }
    for flag in [0x08, 0x10] {
        if flags & flag == 0 {
            continue;
        }
        let Some(rest) = buf.get(at..) else { return GzipHead::Partial };
        let limit = rest.len().min(MAX_GZIP_HEAD.saturating_sub(at));
        match memchr::memchr(0, &rest[..limit]) {
            Some(end) => at += end + 1,
            None if limit < rest.len() => return GzipHead::Invalid,
            None => return GzipHead::Partial,
        }
    }
    if flags & 0x02 != 0 {
        at += 2;
    }
    if at > buf.len() { GzipHead::Partial } else { GzipHead::Complete(at) }
}

/// Answer of a look at the first bytes of what may be a gzip member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    Yes,
    No,
    /// More bytes are needed; never said at the end of the file.
    NeedMore,
}

/// How the inflation of one gzip member went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inflation {
    /// The deflate stream ended properly; the member takes `consumed` bytes of the input.
    Complete { consumed: usize, checksum_ok: bool },
    /// The bytes are not a gzip member.
    NotGzip,
    /// The deflate stream is damaged; what came out before stays in the buffer.
    Corrupt,
    /// More came out than the cap allows; the buffer holds the cap's worth.
    PastCap,
    /// The input ended inside the member.
    Cut,
    /// Call again with the same bytes and at least so many in all.
    NeedMore { at_least: usize },
}

#[derive(Debug, Clone, Copy)]
enum Progress {
    Guessing { searched: usize, guesses: u32 },
    Streaming { fed: usize },
}

/// Inflates gzip members one after the other into one buffer that is reused.
pub(crate) struct MemberInflater {
    whole: libdeflater::Decompressor,
    stream: Decompress,
    finder: memmem::Finder<'static>,
    /// Always initialised to its length; `filled` bytes of it are output.
    scratch: Vec<u8>,
    filled: usize,
    /// Where the current member's output begins.
    base: usize,
    progress: Progress,
}

impl MemberInflater {
    pub(crate) fn new() -> Self {
        Self {
            whole: libdeflater::Decompressor::new(),
            stream: Decompress::new(false),
            finder: memmem::Finder::new(&GZIP_MAGIC),
            scratch: Vec::new(),
            filled: 0,
            base: 0,
            progress: Progress::Guessing { searched: 0, guesses: 0 },
        }
    }

    /// What has come out since [`clear`](Self::clear), of all members.
    pub(crate) fn output(&self) -> &[u8] {
        &self.scratch[..self.filled]
    }

    /// All output, of its own.
    fn into_output(self) -> Vec<u8> {
        let Self { mut scratch, filled, .. } = self;
        scratch.truncate(filled);
        scratch
    }

    /// Forgets all output and prepares for a first member.
    pub(crate) fn clear(&mut self) {
        if self.scratch.len() > KEPT_SCRATCH {
            self.scratch.truncate(KEPT_SCRATCH);
            self.scratch.shrink_to_fit();
        }
        self.filled = 0;
        self.next_member();
    }

    /// Prepares for a member whose output is appended.
    pub(crate) fn next_member(&mut self) {
        self.base = self.filled;
        self.progress = Progress::Guessing { searched: 0, guesses: 0 };
    }

    /// Forgets the output of the member begun last.
    pub(crate) fn drop_member(&mut self) {
        self.filled = self.base;
    }

    /// Inflates the member at the start of `buf`, with at most `cap` bytes in the output buffer, earlier members included.
    /// `eof` says that nothing follows `buf`.
    pub(crate) fn inflate(&mut self, buf: &[u8], eof: bool, cap: usize) -> Inflation {
        let head = match gzip_head(buf) {
            GzipHead::Complete(head) => head,
            GzipHead::Partial if eof => return Inflation::Cut,
            GzipHead::Partial => return Inflation::NeedMore { at_least: buf.len() + 4096 },
            GzipHead::Invalid => return Inflation::NotGzip,
        };
        if let Progress::Guessing { searched, guesses } = self.progress {
            if let Some(done) = self.inflate_whole(buf, eof, cap, head, searched, guesses) {
                return done;
            }
            self.stream.reset(false);
            self.filled = self.base;
            self.progress = Progress::Streaming { fed: head };
        }
        self.inflate_streaming(buf, eof, cap)
    }

    /// Tries likely ends of the member; `None` means: stream it.
    fn inflate_whole(
        &mut self,
        buf: &[u8],
        eof: bool,
        cap: usize,
        head: usize,
        searched: usize,
        mut guesses: u32,
    ) -> Option<Inflation> {
        let window = &buf[..buf.len().min(WHOLE_WINDOW)];
        let mut from = searched.max(head + GZIP_FOOTER);
        while guesses < MAX_END_GUESSES {
            let end = match window.get(from..).and_then(|rest| self.finder.find(rest)) {
                Some(at) => from + at,
                None if buf.len() >= WHOLE_WINDOW => return None,
                None if eof => window.len(),
                None => {
                    let searched = from.max(window.len().saturating_sub(GZIP_MAGIC.len() - 1));
                    self.progress = Progress::Guessing { searched, guesses };
                    return Some(Inflation::NeedMore { at_least: buf.len() + (64 << 10) });
                }
            };
            guesses += 1;
            if self.fits(&buf[head..end], cap) {
                return Some(Inflation::Complete { consumed: end, checksum_ok: true });
            }
            if end == window.len() {
                return None;
            }
            from = end + 1;
        }
        None
    }

    /// Inflates deflate stream and footer; true when the stream's length and CRC-32 are those of the footer.
    fn fits(&mut self, body: &[u8], cap: usize) -> bool {
        let Some((deflated, footer)) = body.split_last_chunk::<GZIP_FOOTER>() else { return false };
        let [c0, c1, c2, c3, s0, s1, s2, s3] = *footer;
        let size = u32::from_le_bytes([s0, s1, s2, s3]);
        let (low, high) = (u64::from(size), deflated.len() as u64);
        if low > high * MAX_DEFLATE_RATIO || high > low * 2 + 1024 {
            return false; // not these bytes' footer
        }
        let size = size as usize;
        if size > cap.saturating_sub(self.base) {
            return false;
        }
        let end = self.base + size;
        if self.scratch.len() < end {
            self.scratch.resize(end, 0);
        }
        let out = &mut self.scratch[self.base..end];
        if self.whole.deflate_decompress(deflated, out) != Ok(size) {
            return false;
        }
        if libdeflater::crc32(out) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return false;
        }
        self.filled = end;
        true
    }

    fn inflate_streaming(&mut self, buf: &[u8], eof: bool, cap: usize) -> Inflation {
        let Progress::Streaming { mut fed } = self.progress else { return Inflation::Corrupt };
        // One byte of room past the cap tells a member that ends at it from one that goes on.
        let room = cap.saturating_add(1);
        loop {
            if self.filled == self.scratch.len() {
                let wanted = (self.filled * 2).max(64 << 10).min(room);
                self.scratch.resize(wanted.max(self.filled), 0);
            }
            let end = self.scratch.len().min(room);
            let (before_in, before_out) = (self.stream.total_in(), self.stream.total_out());
            let out = &mut self.scratch[self.filled..end];
            let status = self.stream.decompress(&buf[fed..], out, FlushDecompress::None);
            fed += (self.stream.total_in() - before_in) as usize;
            let made = (self.stream.total_out() - before_out) as usize;
            self.filled += made;
            if self.filled > cap {
                self.filled = cap;
                return Inflation::PastCap;
            }
            match status {
                Err(_) => return Inflation::Corrupt,
                Ok(Status::StreamEnd) => return self.finish_stream(buf, fed, eof),
                Ok(Status::Ok | Status::BufError) if fed == buf.len() && self.filled < end => {
                    self.progress = Progress::Streaming { fed };
                    if eof {
                        return Inflation::Cut;
                    }
                    return Inflation::NeedMore { at_least: buf.len() + (buf.len() / 2).max(64 << 10) };
                }
                Ok(Status::Ok | Status::BufError) if made == 0 && self.filled < end => {
                    return Inflation::Corrupt;
                }
                Ok(Status::Ok | Status::BufError) => {}
            }
        }
    }

    fn finish_stream(&mut self, buf: &[u8], fed: usize, eof: bool) -> Inflation {
        let Some(footer) = buf[fed..].first_chunk::<GZIP_FOOTER>() else {
            if eof {
                // All data came out; only its proof is cut off.
                return Inflation::Complete { consumed: buf.len(), checksum_ok: false };
            }
            // The footer is a few bytes away: inflate the member again rather than keep one more state.
            self.drop_member();
            self.stream.reset(false);
            if let GzipHead::Complete(head) = gzip_head(buf) {
                self.progress = Progress::Streaming { fed: head };
            }
            return Inflation::NeedMore { at_least: buf.len() + GZIP_FOOTER };
        };
        let [c0, c1, c2, c3, s0, s1, s2, s3] = *footer;
        let out = &self.scratch[self.base..self.filled];
        let checksum_ok = u32::from_le_bytes([s0, s1, s2, s3]) == out.len() as u32
            && u32::from_le_bytes([c0, c1, c2, c3]) == libdeflater::crc32(out);
        Inflation::Complete { consumed: fed + GZIP_FOOTER, checksum_ok }
    }
}

/// Looks at the first inflated bytes of possible members, without touching a [`MemberInflater`]'s state.
pub(crate) struct MemberProbe(Decompress);

impl MemberProbe {
    pub(crate) fn new() -> Self {
        Self(Decompress::new(false))
    }

    /// Does a gzip member at the start of `buf` inflate to something that begins with `prefix` (at most 16 bytes)?
    pub(crate) fn begins_with(&mut self, buf: &[u8], eof: bool, prefix: &[u8]) -> Probe {
        let mut out = [0; 16];
        let out = &mut out[..prefix.len().min(16)];
        match self.first_bytes(buf, eof, out) {
            Ok((made, _, _)) if made == out.len() && out == prefix => Probe::Yes,
            Ok(_) => Probe::No,
            Err(undecided) => undecided,
        }
    }

    /// Length of the gzip member at the start of `buf`, when it inflates to nothing. `Err` is the probe's `No` or `NeedMore`.
    pub(crate) fn empty_member(&mut self, buf: &[u8], eof: bool) -> Result<usize, Probe> {
        let mut out = [0; 1];
        let (made, ended, consumed) = self.first_bytes(buf, eof, &mut out)?;
        if made > 0 || !ended {
            return Err(Probe::No);
        }
        match buf.get(consumed..consumed + GZIP_FOOTER) {
            Some(footer) if footer.iter().all(|byte| *byte == 0) => Ok(consumed + GZIP_FOOTER),
            None if !eof => Err(Probe::NeedMore),
            _ => Err(Probe::No),
        }
    }

    /// Bytes made, whether the deflate stream ended, and input used.
    fn first_bytes(&mut self, buf: &[u8], eof: bool, out: &mut [u8]) -> Result<(usize, bool, usize), Probe> {
        let undecided = if eof { Probe::No } else { Probe::NeedMore };
        let head = match gzip_head(buf) {
            GzipHead::Complete(head) => head,
            GzipHead::Partial => return Err(undecided),
            GzipHead::Invalid => return Err(Probe::No),
        };
        let input = &buf[head..buf.len().min(head + PROBE_BYTES)];
        self.0.reset(false);
        let status = self.0.decompress(input, out, FlushDecompress::None).map_err(|_| Probe::No)?;
        let (made, used) = (self.0.total_out() as usize, self.0.total_in() as usize);
        let ended = status == Status::StreamEnd;
        if made < out.len() && !ended && input.len() < PROBE_BYTES {
            return Err(undecided);
        }
        Ok((made, ended, head + used))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TEXT: &str = "Habari za asubuhi. नमस्ते दुनिया। வணக்கம் உலகம். ሰላም ለዓለም። Γειά σου κόσμε. 你好，世界。";

    fn member(text: &[u8], level: u32) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn whole_and_streamed_members_give_the_same_bytes() {
        let long = TEXT.repeat(40_000); // 5 MB, deflated past the window in which ends are guessed when stored
        for level in [0, 6] {
            let bytes = [member(long.as_bytes(), level), member(TEXT.as_bytes(), 6)].concat();
            let first = member(long.as_bytes(), level).len();
            let mut inflater = MemberInflater::new();
            let done = inflater.inflate(&bytes, true, 64 << 20);
            assert_eq!(done, Inflation::Complete { consumed: first, checksum_ok: true });
            assert_eq!(inflater.output(), long.as_bytes());
            inflater.next_member();
            assert!(matches!(inflater.inflate(&bytes[first..], true, 64 << 20), Inflation::Complete { .. }));
            assert_eq!(inflater.output().len(), long.len() + TEXT.len());
        }
    }

    #[test]
    fn a_member_fed_in_small_pieces_gives_the_same_bytes() {
        let text = TEXT.repeat(20_000);
        let mut bytes = member(text.as_bytes(), 0);
        bytes.extend(member(b"x", 6));
        let mut inflater = MemberInflater::new();
        let mut len = 1;
        loop {
            match inflater.inflate(&bytes[..len], len == bytes.len(), 64 << 20) {
                Inflation::NeedMore { at_least } => {
                    assert!(at_least > len, "no progress is asked for");
                    len = (len + 70_000).max(at_least).min(bytes.len());
                }
                other => {
                    assert!(matches!(other, Inflation::Complete { checksum_ok: true, .. }), "{other:?}");
                    break;
                }
            }
        }
        assert_eq!(inflater.output(), text.as_bytes());
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let bytes = member(&vec![b'A'; 10 << 20], 6);
        let mut inflater = MemberInflater::new();
        assert_eq!(inflater.inflate(&bytes, true, 1 << 20), Inflation::PastCap);
        assert_eq!(inflater.output().len(), 1 << 20);
        assert_eq!(gzip(&bytes, 1000).1, Ending::PastCap);
    }

    #[test]
    fn a_wrong_checksum_is_told_and_the_bytes_are_kept() {
        let mut bytes = member(TEXT.as_bytes(), 6);
        let at = bytes.len() - 8;
        bytes[at] ^= 1;
        let mut inflater = MemberInflater::new();
        let done = inflater.inflate(&bytes, true, 1 << 20);
        assert_eq!(done, Inflation::Complete { consumed: bytes.len(), checksum_ok: false });
        assert_eq!(inflater.output(), TEXT.as_bytes());
    }

    #[test]
    fn a_cut_member_is_cut_and_a_text_is_no_member() {
        let bytes = member(TEXT.repeat(50).as_bytes(), 6);
        let mut inflater = MemberInflater::new();
        assert_eq!(inflater.inflate(&bytes[..bytes.len() / 2], true, 1 << 20), Inflation::Cut);
        inflater.clear();
        assert_eq!(inflater.inflate(TEXT.as_bytes(), true, 1 << 20), Inflation::NotGzip);
    }

    #[test]
    fn a_probe_sees_the_first_bytes_and_empty_members() {
        let mut probe = MemberProbe::new();
        let bytes = member(b"WARC/1.0\r\n", 6);
        assert_eq!(probe.begins_with(&bytes, true, b"WARC/"), Probe::Yes);
        assert_eq!(probe.begins_with(&bytes[..11], false, b"WARC/"), Probe::NeedMore);
        assert_eq!(probe.begins_with(&member(TEXT.as_bytes(), 6), true, b"WARC/"), Probe::No);
        let empty = member(b"", 6);
        assert_eq!(probe.empty_member(&empty, true), Ok(empty.len()));
        assert_eq!(probe.empty_member(&bytes, true), Err(Probe::No));
    }
}
