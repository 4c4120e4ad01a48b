//! The buffer that members inflate into.

/// Kept between members; what a larger member needed is given back.
const KEPT: usize = 8 << 20;

/// Output of members, one behind the other.
#[derive(Default)]
pub(super) struct Output {
    /// Always initialised to its length; the first `filled` bytes are output.
    bytes: Vec<u8>,
    filled: usize,
    /// Where the current member's output begins.
    base: usize,
    /// The byte behind `filled` is output as well: it is what showed that a member goes on past the cap.
    spilled: bool,
}

impl Output {
    pub(super) fn all(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// What the current member has given.
    pub(super) fn member(&self) -> &[u8] {
        &self.bytes[self.base..self.filled]
    }

    pub(super) fn into_vec(self) -> Vec<u8> {
        let Self { mut bytes, filled, .. } = self;
        bytes.truncate(filled);
        bytes
    }

    pub(super) fn clear(&mut self) {
        if self.bytes.len() > KEPT {
            self.bytes.truncate(KEPT);
            self.bytes.shrink_to_fit();
        }
        self.filled = 0;
        self.next_member();
    }

    pub(super) fn next_member(&mut self) {
        self.base = self.filled;
        self.spilled = false;
    }

    pub(super) fn drop_member(&mut self) {
        self.filled = self.base;
        self.spilled = false;
    }

    /// Forgets the first `count` bytes.
    pub(super) fn discard(&mut self, count: usize) {
        let count = count.min(self.filled);
        let end = self.filled + usize::from(self.spilled);
        self.bytes.copy_within(count..end, 0);
        self.filled -= count;
        self.base = self.base.saturating_sub(count);
    }

    /// Room for a member of `size` bytes, of which [`filled_whole`](Self::filled_whole) makes output.
    pub(super) fn whole(&mut self, size: usize) -> &mut [u8] {
        let end = self.base + size;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        &mut self.bytes[self.base..end]
    }

    pub(super) fn filled_whole(&mut self, size: usize) {
        self.filled = self.base + size;
    }

    /// A cap on the whole buffer that does not forbid what earlier members gave.
    pub(super) fn lawful_cap(&self, cap: usize) -> usize {
        cap.max(self.base)
    }

    /// Bytes that the current member may still give under a cap on the whole buffer.
    pub(super) fn left_for_member(&self, cap: usize) -> usize {
        cap.saturating_sub(self.base)
    }

    /// Room behind the output, growing as it fills, up to `limit` bytes in all. Empty only at the limit.
    pub(super) fn room(&mut self, limit: usize) -> &mut [u8] {
        if self.filled == self.bytes.len() {
            let wanted = (self.filled * 2).max(64 << 10).min(limit);
            self.bytes.resize(wanted.max(self.filled), 0);
        }
        let end = self.bytes.len().min(limit).max(self.filled);
        &mut self.bytes[self.filled..end]
    }

    pub(super) fn made(&mut self, count: usize) {
        self.filled += count;
    }

    /// Hides what lies past the cap, which is one byte at most, until [`resume`](Self::resume).
    pub(super) fn is_past(&mut self, cap: usize) -> bool {
        self.spilled = self.spilled || self.filled > cap;
        self.filled = self.filled.min(cap);
        self.spilled
    }

    /// Shows what [`is_past`](Self::is_past) hid.
    pub(super) fn resume(&mut self) {
        self.filled += usize::from(self.spilled);
        self.spilled = false;
    }
}
