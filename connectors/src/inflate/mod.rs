//! Decompression with a cap on every output: the one place where compressed bytes become plain ones.
//!
//! A crawl file is packed in *members*, as gzip calls them (*frames*, says zstd): pieces that unpack on their own.
//! [`Codec`] is what reading such a file asks of a compression: where a member may begin, what its first bytes are, all
//! of it at once ([`Codec::inflate`]), or, for one larger than memory allows, piece by piece ([`Codec::stream`]).
//! [`GzipCodec`] and [`ZstdCodec`] answer. The bodies of HTTP answers, whole and small, have functions of their own.
//!
//! Nothing here allocates what an input claims: buffers grow with the bytes that really come out, up to the cap. And
//! no answer depends on how many bytes are shown at a time, only on the bytes.

mod body;
mod frames;
mod gzip;
mod output;
mod stream;
mod zstd;

pub(crate) use body::{Ending, brotli, deflate, gzip, zstd};
pub(crate) use frames::{Head, SKIPPABLE_MAGIC, ZSTD_MAGIC, head as zstd_head};
pub(crate) use gzip::{GZIP_MAGIC, GzipCodec};
pub(crate) use stream::{Fault, Packing, Unpacked, Unpacker, begins_like_zstd};
pub(crate) use zstd::ZstdCodec;

/// Answer of a look at the first bytes of what may be a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    Yes,
    No,
    /// More bytes are needed; never said at the end of the file.
    NeedMore,
}

/// How the inflation of one member went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inflation {
    /// The packed stream ended properly; the member takes `consumed` bytes of the input.
    Complete { consumed: usize, checksum_ok: bool },
    /// The bytes are not a member.
    NotPacked,
    /// It wants a dictionary that the file does not have.
    NoDictionary,
    /// The packed stream is damaged; what came out before stays in the buffer.
    Corrupt,
    /// More came out than the cap allows, or went in than such a member should need: the buffer holds the cap's worth.
    /// `fed` bytes of the member were used; [`Codec::stream`] goes on behind them.
    PastCap { fed: usize },
    /// The input ended inside the member.
    Cut,
    /// Call again with the same bytes and at least so many in all.
    NeedMore { at_least: usize },
}

/// How far the piecewise inflation of a member has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Streamed {
    /// The output has the bytes that were asked for, or some more.
    Filled,
    /// The input shown is used as far as it goes; at least so many bytes behind what was consumed are needed.
    NeedMore { at_least: usize },
    /// The member ended.
    Ended { checksum_ok: bool },
    /// The packed stream is damaged.
    Corrupt,
}

/// What members of a crawl file are packed with. One buffer collects the output of members until it is cleared.
pub(crate) trait Codec {
    /// Length of the magic that [`find_magic`](Self::find_magic) looks for.
    const MAGIC_BYTES: usize;

    /// The first place in `buf` where a member that holds something may begin.
    fn find_magic(&self, buf: &[u8]) -> Option<usize>;

    /// The first bytes that a member at the start of `buf` holds, as many as `out` takes; how many they are.
    /// `Err` is the probe's `No` or `NeedMore`. Touches no other state.
    fn first_bytes(&mut self, buf: &[u8], eof: bool, out: &mut [u8]) -> Result<usize, Probe>;

    /// Length of the member at the start of `buf`, when it holds nothing and is whole. Otherwise as above.
    fn empty_member(&mut self, buf: &[u8], eof: bool) -> Result<usize, Probe>;

    /// What has come out since [`clear`](Self::clear), of all members.
    fn output(&self) -> &[u8];

    /// Forgets all output and prepares for a first member.
    fn clear(&mut self);

    /// Prepares for a member whose output is appended.
    fn next_member(&mut self);

    /// Forgets the output of the member begun last.
    fn drop_member(&mut self);

    /// Forgets the first `count` bytes of the output; for members that are [streamed](Self::stream).
    fn discard(&mut self, count: usize);

    /// Inflates the member at the start of `buf`, with at most `cap` bytes in the output buffer, earlier members
    /// included. `eof` says that nothing follows `buf`.
    fn inflate(&mut self, buf: &[u8], eof: bool, cap: usize) -> Inflation;

    /// Goes on with a member that was [`Inflation::PastCap`], until the output buffer holds `fill` bytes. `buf` begins
    /// behind what was used before; the first of what comes back is how much of it is used now.
    fn stream(&mut self, buf: &[u8], fill: usize) -> (usize, Streamed);
}

/// Most packed bytes that a member may take without its output reaching `cap`: members of nothing but empty blocks
/// would otherwise fill memory. Every real packing adds less than this.
fn packed_cap(cap: usize) -> usize {
    cap.saturating_mul(2).saturating_add(1 << 20)
}

/// Does the member at the start of `buf` hold something that begins with `prefix` (at most 16 bytes)?
pub(crate) fn begins_with(codec: &mut impl Codec, buf: &[u8], eof: bool, prefix: &[u8]) -> Probe {
    let mut out = [0; 16];
    let out = &mut out[..prefix.len().min(16)];
    match codec.first_bytes(buf, eof, out) {
        Ok(made) if made == out.len() && out == prefix => Probe::Yes,
        Ok(_) => Probe::No,
        Err(undecided) => undecided,
    }
}
