//! A look at Thrift bytes before the Parquet library reads them.
//!
//! The library allocates what a list or a binary field says it holds, follows the schema as deep as it goes, and
//! unpacks a page into as much memory as its header asks for. A hostile file of a few bytes can so end the process.
//! This walks the compact protocol without allocating and refuses what cannot be true.

/// Deepest nesting of structs and lists; Parquet's own metadata has about 10.
const MAX_DEPTH: u32 = 32;
/// Deepest schema; deeper ones are made to break readers.
const MAX_SCHEMA_DEPTH: usize = 64;

/// The bytes are no sound Thrift, or claim more than there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsound;

/// What a page header says about sizes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageSizes {
    pub(super) unpacked: i64,
    pub(super) packed: i64,
}

/// Walks the file metadata that a footer holds.
pub(super) fn check_file_metadata(bytes: &[u8]) -> Result<(), Unsound> {
    let mut walker = Walker { bytes };
    let mut schema = SchemaDepth::default();
    walker.walk(Kind::Struct, &mut Vec::new(), &mut |path, value| schema.see(path, value))?;
    if schema.is_too_deep { Err(Unsound) } else { Ok(()) }
}

/// Walks one page header at the start of `bytes`.
pub(super) fn page_sizes(bytes: &[u8]) -> Result<PageSizes, Unsound> {
    let mut sizes = PageSizes { unpacked: -1, packed: -1 };
    let mut walker = Walker { bytes };
    walker.walk(Kind::Struct, &mut Vec::new(), &mut |path, value| match path {
        [2] => sizes.unpacked = value,
        [3] => sizes.packed = value,
        _ => {}
    })?;
    if sizes.unpacked < 0 || sizes.packed < 0 { Err(Unsound) } else { Ok(sizes) }
}

/// Follows the schema: a list of elements, each of which says how many of those behind it are its children.
#[derive(Default)]
struct SchemaDepth {
    /// Children that are still to come, by depth.
    open: Vec<i64>,
    is_too_deep: bool,
}

impl SchemaDepth {
    /// Field 2 of the metadata is the schema, field 5 of its elements the number of children.
    fn see(&mut self, path: &[i16], value: i64) {
        match path {
            [2, ELEMENT] => {
                while self.open.last().is_some_and(|left| *left <= 0) {
                    self.open.pop();
                }
                if let Some(left) = self.open.last_mut() {
                    *left -= 1;
                }
            }
            [2, ELEMENT, 5] if value > 0 => {
                self.open.push(value);
                self.is_too_deep |= self.open.len() > MAX_SCHEMA_DEPTH;
            }
            _ => {}
        }
    }
}

/// Stands in a path for an element of a list.
const ELEMENT: i16 = -1;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Flag,
    Byte,
    Number,
    Double,
    Binary,
    List,
    Map,
    Struct,
    Uuid,
}

fn kind(code: u8) -> Result<Kind, Unsound> {
    Ok(match code {
        1 | 2 => Kind::Flag,
        3 => Kind::Byte,
        4..=6 => Kind::Number,
        7 => Kind::Double,
        8 => Kind::Binary,
        9 | 10 => Kind::List,
        11 => Kind::Map,
        12 => Kind::Struct,
        13 => Kind::Uuid,
        _ => return Err(Unsound),
    })
}

struct Walker<'a> {
    bytes: &'a [u8],
}

impl Walker<'_> {
    /// Walks one value; `see` is told of every number, and of every element of a list before what it holds.
    fn walk(
        &mut self,
        kind_of: Kind,
        path: &mut Vec<i16>,
        see: &mut dyn FnMut(&[i16], i64),
    ) -> Result<(), Unsound> {
        if path.len() as u32 > MAX_DEPTH {
            return Err(Unsound);
        }
        match kind_of {
            Kind::Flag => Ok(()),
            Kind::Byte => self.skip(1),
            Kind::Double => self.skip(8),
            Kind::Uuid => self.skip(16),
            Kind::Number => {
                see(path, self.number()?);
                Ok(())
            }
            Kind::Binary => {
                let length = self.varint()?;
                self.skip(length)
            }
            Kind::List => {
                let head = self.byte()?;
                let size = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                self.elements(size, kind(head & 15)?, path, see)
            }
            Kind::Map => {
                let size = self.varint()?;
                if size == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                let (keys, values) = (kind(kinds >> 4)?, kind(kinds & 15)?);
                for _ in 0..self.believable(size)? {
                    self.element(keys, path, see)?;
                    self.element(values, path, see)?;
                }
                Ok(())
            }
            Kind::Struct => {
                let mut id: i16 = 0;
                loop {
                    let head = self.byte()?;
                    if head == 0 {
                        return Ok(());
                    }
                    let step = i16::from(head >> 4);
                    id = if step > 0 {
                        id.checked_add(step).ok_or(Unsound)?
                    } else {
                        i16::try_from(self.number()?).map_err(|_| Unsound)?
                    };
                    path.push(id);
                    self.walk(kind(head & 15)?, path, see)?;
                    path.pop();
                }
            }
        }
    }

    fn elements(
        &mut self,
        size: u64,
        kind_of: Kind,
        path: &mut Vec<i16>,
        see: &mut dyn FnMut(&[i16], i64),
    ) -> Result<(), Unsound> {
        for _ in 0..self.believable(size)? {
            self.element(kind_of, path, see)?;
        }
        Ok(())
    }

    fn element(
        &mut self,
        kind_of: Kind,
        path: &mut Vec<i16>,
        see: &mut dyn FnMut(&[i16], i64),
    ) -> Result<(), Unsound> {
        path.push(ELEMENT);
        if kind_of == Kind::Struct {
            see(path, 0);
        }
        // A truth value in a list has a byte of its own, other than in a struct.
        let walked = if kind_of == Kind::Flag { self.skip(1) } else { self.walk(kind_of, path, see) };
        path.pop();
        walked
    }

    /// Every element takes a byte at least.
    fn believable(&self, size: u64) -> Result<u64, Unsound> {
        if size > self.bytes.len() as u64 { Err(Unsound) } else { Ok(size) }
    }

    fn byte(&mut self) -> Result<u8, Unsound> {
        let (first, rest) = self.bytes.split_first().ok_or(Unsound)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn skip(&mut self, count: u64) -> Result<(), Unsound> {
        let count = usize::try_from(count).map_err(|_| Unsound)?;
        self.bytes = self.bytes.get(count..).ok_or(Unsound)?;
        Ok(())
    }

    /// A signed number: the sign is the lowest bit.
    fn number(&mut self) -> Result<i64, Unsound> {
        let raw = self.varint()?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    fn varint(&mut self) -> Result<u64, Unsound> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Unsound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_claim_more_than_there_is_are_unsound() {
        // Field 4, a list of 2^31 - 1 structs.
        let row_groups = [0x49, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00];
        assert_eq!(check_file_metadata(&row_groups), Err(Unsound));
        // Field 1, a number; field 6, a text of 100 bytes of which 2 are there.
        assert_eq!(check_file_metadata(&[0x15, 0x02, 0x58, 100, b'a', b'b', 0]), Err(Unsound));
        assert_eq!(check_file_metadata(&[0x15, 0x02, 0x58, 2, b'a', b'b', 0]), Ok(()));
        for nested in [100, 100_000] {
            assert_eq!(check_file_metadata(&vec![0x1c; nested]), Err(Unsound));
        }
    }

    #[test]
    fn a_schema_is_followed_as_deep_as_it_goes() {
        let schema = |depth: usize| {
            let mut bytes = vec![0x29, 0xfc, (depth & 0x7f) as u8 | 0x80, (depth >> 7) as u8];
            // Field 5, one child.
            bytes.extend([0x55, 0x02, 0x00].repeat(depth));
            bytes.push(0);
            bytes
        };
        assert_eq!(check_file_metadata(&schema(60)), Ok(()));
        assert_eq!(check_file_metadata(&schema(5000)), Err(Unsound));
    }

    #[test]
    fn a_page_header_says_its_sizes() {
        // Type, unpacked size 1000, packed size 300, end.
        let header = [0x15, 0x00, 0x15, 0xd0, 0x0f, 0x15, 0xd8, 0x04, 0x00];
        assert_eq!(page_sizes(&header), Ok(PageSizes { unpacked: 1000, packed: 300 }));
        assert_eq!(page_sizes(&header[..5]), Err(Unsound));
        assert_eq!(page_sizes(&[0x15, 0x00, 0x00]), Err(Unsound));
    }
}
