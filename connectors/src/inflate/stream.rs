//! Unpacking a whole file piece by piece: bytes in, bytes out, never more of either in memory than the caller asks for.
//!
//! A file may hold several gzip members or zstd frames one after the other; their contents are one text. Behind
//! damage the next place that looks like a member is tried. Nothing is cached between files.

use flate2::{Decompress, FlushDecompress, Status};
use memchr::memmem;
use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::frames::ZSTD_MAGIC;
use super::gzip::{GZIP_FOOTER, GZIP_MAGIC, GzipHead, gzip_head};

/// Read ahead where a header or footer is cut by the end of what is at hand.
const READ_AHEAD: usize = 64 << 10;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
}

/// Whether a file begins with a zstd frame, or with one that decoders skip.
pub(crate) fn begins_like_zstd(first: &[u8]) -> bool {
    first.starts_with(&ZSTD_MAGIC) || matches!(first, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// What is wrong with packed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No member begins there.
    NoMember,
    /// The member does not unpack any further.
    Corrupt,
    /// It unpacked, and its checksum or length is another: some byte may be wrong.
    Checksum,
    /// The file ends inside the member.
    Cut,
    /// A zstd frame that wants more memory than 128 MiB (`zstd --long` above 27).
    Window,
}

/// What became of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unpacked {
    /// Something came out, or something was read; call again.
    More,
    /// Nothing can be done without so many bytes in all.
    NeedMore {
        at_least: usize,
    },
    /// A fault; the next call goes on behind it.
    Fault(Fault),
    End,
}

enum State {
    /// Before a member.
    Head,
    Body,
    /// Before a gzip footer.
    Foot,
    /// Behind a fault, looking for a member.
    Seek,
    Done,
}

/// Unpacks one file.
pub(crate) struct Unpacker {
    packing: Packing,
    state: State,
    deflate: Decompress,
    crc: libdeflater::Crc,
    size: u32,
    zstd: Decoder<'static>,
}

impl Unpacker {
    pub(crate) fn new(packing: Packing) -> std::io::Result<Self> {
        Ok(Self {
            packing,
            state: State::Head,
            deflate: Decompress::new(false),
            crc: libdeflater::Crc::new(),
            size: 0,
            zstd: Decoder::new()?,
        })
    }

    /// Takes from the front of `input` and adds at most `most` bytes to `out`; says how much was taken. `eof`: nothing
    /// follows `input`.
    pub(crate) fn step(
        &mut self,
        input: &[u8],
        eof: bool,
        out: &mut Vec<u8>,
        most: usize,
    ) -> (usize, Unpacked) {
        match self.state {
            State::Done => (input.len(), Unpacked::End),
            State::Head => self.head(input, eof),
            State::Body => {
                let before = out.len();
                out.resize(before + most, 0);
                let (taken, made, unpacked) = match self.packing {
                    Packing::Gzip => self.inflate(input, eof, &mut out[before..]),
                    Packing::Zstd => self.decode(input, eof, &mut out[before..]),
                };
                out.truncate(before + made);
                if self.packing == Packing::Gzip {
                    self.crc.update(&out[before..]);
                    self.size = self.size.wrapping_add(made as u32);
                }
                (taken, unpacked)
            }
            State::Foot => self.foot(input, eof),
            State::Seek => self.seek(input, eof),
        }
    }

    fn head(&mut self, input: &[u8], eof: bool) -> (usize, Unpacked) {
        // Archives pad with zeros; nothing is lost there.
        let zeros = input.iter().take_while(|byte| **byte == 0).count();
        if zeros > 0 {
            return (zeros, Unpacked::More);
        }
        if input.is_empty() {
            return (0, if eof { Unpacked::End } else { Unpacked::NeedMore { at_least: READ_AHEAD } });
        }
        match self.packing {
            Packing::Gzip => match gzip_head(input) {
                GzipHead::Complete(head) => {
                    self.deflate.reset(false);
                    self.crc = libdeflater::Crc::new();
                    self.size = 0;
                    self.state = State::Body;
                    (head, Unpacked::More)
                }
                GzipHead::Partial => self.short(input, eof),
                GzipHead::Invalid => self.fault(0, Fault::NoMember),
            },
            Packing::Zstd if input.len() < ZSTD_MAGIC.len() => self.short(input, eof),
            Packing::Zstd if begins_like_zstd(input) => match self.zstd.reinit() {
                Ok(()) => {
                    self.state = State::Body;
                    (0, Unpacked::More)
                }
                Err(_) => self.fault(0, Fault::Corrupt),
            },
            Packing::Zstd => self.fault(0, Fault::NoMember),
        }
    }

    fn inflate(&mut self, input: &[u8], eof: bool, out: &mut [u8]) -> (usize, usize, Unpacked) {
        let (before_in, before_out) = (self.deflate.total_in(), self.deflate.total_out());
        let status = self.deflate.decompress(input, out, FlushDecompress::None);
        let taken = (self.deflate.total_in() - before_in) as usize;
        let made = (self.deflate.total_out() - before_out) as usize;
        match status {
            Ok(Status::StreamEnd) => {
                self.state = State::Foot;
                (taken, made, Unpacked::More)
            }
            Ok(_) if taken > 0 || made > 0 => (taken, made, Unpacked::More),
            Ok(_) if !input.is_empty() => self.broke(taken, made, Fault::Corrupt),
            Ok(_) if eof => self.broke(taken, made, Fault::Cut),
            Ok(_) => (taken, made, Unpacked::NeedMore { at_least: READ_AHEAD }),
            Err(_) => self.broke(taken, made, Fault::Corrupt),
        }
    }

    fn decode(&mut self, input: &[u8], eof: bool, out: &mut [u8]) -> (usize, usize, Unpacked) {
        let mut source = InBuffer::around(input);
        let mut sink = OutBuffer::around(out);
        let status = self.zstd.run(&mut source, &mut sink);
        let (taken, made) = (source.pos(), sink.pos());
        match status {
            // The frame is whole; another may follow.
            Ok(0) => {
                self.state = State::Head;
                (taken, made, Unpacked::More)
            }
            Ok(_) if taken > 0 || made > 0 => (taken, made, Unpacked::More),
            Ok(_) if !input.is_empty() => self.broke(taken, made, Fault::Corrupt),
            Ok(_) if eof => self.broke(taken, made, Fault::Cut),
            Ok(_) => (taken, made, Unpacked::NeedMore { at_least: READ_AHEAD }),
            Err(error) => {
                let said = error.to_string();
                let fault = match () {
                    () if said.contains("too much memory") => Fault::Window,
                    () if said.contains("checksum") => Fault::Checksum,
                    () => Fault::Corrupt,
                };
                // A block that failed is passed over: what looks like a frame inside it is none.
                self.broke(taken.max(1).min(input.len()), made, fault)
            }
        }
    }

    fn foot(&mut self, input: &[u8], eof: bool) -> (usize, Unpacked) {
        let Some(footer) = input.first_chunk::<GZIP_FOOTER>() else {
            return self.short(input, eof);
        };
        let [c0, c1, c2, c3, s0, s1, s2, s3] = *footer;
        self.state = State::Head;
        let sound = u32::from_le_bytes([c0, c1, c2, c3]) == self.crc.sum()
            && u32::from_le_bytes([s0, s1, s2, s3]) == self.size;
        (GZIP_FOOTER, if sound { Unpacked::More } else { Unpacked::Fault(Fault::Checksum) })
    }

    fn seek(&mut self, input: &[u8], eof: bool) -> (usize, Unpacked) {
        let magic: &[u8] = match self.packing {
            Packing::Gzip => &GZIP_MAGIC,
            Packing::Zstd => &ZSTD_MAGIC,
        };
        if let Some(at) = memmem::find(input, magic) {
            let likely = self.packing == Packing::Zstd || gzip_head(&input[at..]) != GzipHead::Invalid;
            if likely {
                self.state = State::Head;
            }
            return (if likely { at } else { at + 1 }, Unpacked::More);
        }
        if eof {
            self.state = State::Done;
            return (input.len(), Unpacked::End);
        }
        let kept = input.len().min(magic.len() - 1);
        (input.len() - kept, Unpacked::NeedMore { at_least: READ_AHEAD })
    }

    /// More bytes are wanted, or there are none.
    fn short(&mut self, input: &[u8], eof: bool) -> (usize, Unpacked) {
        if eof {
            self.state = State::Done;
            return (input.len(), Unpacked::Fault(Fault::Cut));
        }
        (0, Unpacked::NeedMore { at_least: input.len() + READ_AHEAD })
    }

    fn fault(&mut self, taken: usize, fault: Fault) -> (usize, Unpacked) {
        self.state = State::Seek;
        (taken, Unpacked::Fault(fault))
    }

    fn broke(&mut self, taken: usize, made: usize, fault: Fault) -> (usize, usize, Unpacked) {
        self.state = if fault == Fault::Cut { State::Done } else { State::Seek };
        (taken, made, Unpacked::Fault(fault))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const TEXT: &str = "Habari za asubuhi. नमस्ते दुनिया। ሰላም ለዓለም። สวัสดีชาวโลก\n";

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// Everything that comes out of `bytes`, shown `window` bytes at a time, and the faults.
    fn unpack(packing: Packing, bytes: &[u8], window: usize, most: usize) -> (Vec<u8>, Vec<Fault>) {
        let mut unpacker = Unpacker::new(packing).unwrap();
        let (mut out, mut faults) = (Vec::new(), Vec::new());
        let (mut at, mut shown) = (0, window.min(bytes.len()));
        loop {
            let eof = shown == bytes.len();
            let (taken, unpacked) = unpacker.step(&bytes[at..shown], eof, &mut out, most);
            at += taken;
            match unpacked {
                Unpacked::More => {}
                Unpacked::NeedMore { at_least } => {
                    assert!(!eof, "more is wanted where there is none");
                    assert!(at_least > 0);
                    shown = (shown + window).min(bytes.len());
                }
                Unpacked::Fault(fault) => faults.push(fault),
                Unpacked::End => return (out, faults),
            }
            assert!(faults.len() < 1000, "it ends");
        }
    }

    #[test]
    fn members_and_frames_one_after_the_other_are_one_text_at_any_window() {
        let parts = [TEXT.repeat(3), String::new(), TEXT.repeat(5000), TEXT.to_owned()];
        let whole = parts.concat().into_bytes();
        for (packing, pack) in [(Packing::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Packing::Zstd, zstd)] {
            let mut bytes: Vec<u8> = parts.iter().flat_map(|part| pack(part.as_bytes())).collect();
            bytes.extend([0; 100]);
            for window in [1, 7, 1000, 1 << 20] {
                assert_eq!(
                    unpack(packing, &bytes, window, 4096),
                    (whole.clone(), vec![]),
                    "{packing:?} {window}"
                );
            }
        }
    }

    #[test]
    fn behind_a_damaged_member_the_next_one_is_read() {
        for (packing, pack) in [(Packing::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Packing::Zstd, zstd)] {
            let (first, second) = (pack(TEXT.repeat(200).as_bytes()), pack("Γειά σου κόσμε".as_bytes()));
            let mut torn = first[..first.len() / 2].to_vec();
            torn.extend([0xff; 64]);
            let bytes = [torn, second].concat();
            let (out, faults) = unpack(packing, &bytes, 1 << 20, 1 << 16);
            assert!(!faults.is_empty(), "{packing:?}");
            let text = String::from_utf8_lossy(&out).into_owned();
            assert!(text.ends_with("Γειά σου κόσμε"), "{packing:?} {faults:?}");
        }
    }

    #[test]
    fn a_wrong_checksum_and_a_cut_file_are_told_and_what_came_out_stays() {
        let mut bytes = gzip(TEXT.as_bytes());
        let at = bytes.len() - 6;
        bytes[at] ^= 1;
        assert_eq!(
            unpack(Packing::Gzip, &bytes, 1 << 20, 1 << 16),
            (TEXT.as_bytes().to_vec(), vec![Fault::Checksum])
        );
        for (packing, bytes) in [
            (Packing::Gzip, gzip(TEXT.repeat(900).as_bytes())),
            (Packing::Zstd, zstd(TEXT.repeat(900).as_bytes())),
        ] {
            let (out, faults) = unpack(packing, &bytes[..bytes.len() - 3], 1 << 20, 1 << 16);
            assert_eq!(faults, [Fault::Cut], "{packing:?}");
            assert!(out.len() > 10_000, "{packing:?}");
        }
    }
}
