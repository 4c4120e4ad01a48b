//! Pairs by the bits of their hash, in memory and on disk; and the stars that come out of them.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::SpillFile;
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::memory_pool::MemoryReservation;

/// A text and the hash of one of its bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    pub hash: u64,
    pub id: u64,
}

/// Bytes of a pair, in memory and on disk.
pub(super) const PAIR_BYTES: usize = 16;
/// Bits that one round of distribution uses, and the buckets it makes.
const BITS: u32 = 8;
const BUCKETS: usize = 1 << BITS;
/// Bytes read at once from a bucket on disk.
const READ_BYTES: usize = 256 << 10;

/// One round of distribution.
pub(super) struct Buckets {
    /// How many rounds came before.
    round: u32,
    /// Pairs in memory at most.
    most: usize,
    disk: Arc<DiskManager>,
    lists: Vec<Vec<Pair>>,
    /// Pairs in all lists.
    held: usize,
    spilled: Option<Spilled>,
}

/// What did not stay in memory: one file, in which every bucket has stretches of pairs.
struct Spilled {
    file: Arc<dyn SpillFile>,
    /// Bytes of the file.
    end: u64,
    /// (first byte, pairs) of each bucket's stretches.
    stretches: Vec<Vec<(u64, u64)>>,
}

impl Buckets {
    /// Buckets that hold `most` pairs in memory.
    pub(super) fn new(most: usize, disk: Arc<DiskManager>) -> Self {
        Self { round: 0, most, disk, lists: vec![Vec::new(); BUCKETS], held: 0, spilled: None }
    }

    /// For the pairs of one bucket of this round.
    fn next_round(&self) -> Self {
        Self { round: self.round + 1, ..Self::new(self.most, Arc::clone(&self.disk)) }
    }

    /// Whether a bucket of this round holds one hash only.
    fn is_last_round(&self) -> bool {
        (self.round + 1) * BITS == u64::BITS
    }

    pub(super) fn push(&mut self, pair: Pair) -> Result<()> {
        let bits = pair.hash >> (u64::BITS - BITS * (self.round + 1));
        self.lists[bits as usize % BUCKETS].push(pair);
        self.held += 1;
        if self.held >= self.most { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<()> {
        let spilled = match &mut self.spilled {
            Some(spilled) => spilled,
            none => none.insert(Spilled {
                file: self.disk.create_tmp_file("StarEdges")?,
                end: 0,
                stretches: vec![Vec::new(); BUCKETS],
            }),
        };
        let mut writer = BufWriter::with_capacity(READ_BYTES, spilled.file.open_writer()?);
        for (list, stretches) in self.lists.iter_mut().zip(&mut spilled.stretches) {
            if list.is_empty() {
                continue;
            }
            stretches.push((spilled.end, list.len() as u64));
            spilled.end += (list.len() * PAIR_BYTES) as u64;
            for pair in list.drain(..) {
                writer.write_all(&pair.hash.to_le_bytes())?;
                writer.write_all(&pair.id.to_le_bytes())?;
            }
        }
        self.held = 0;
        writer.flush()?;
        writer.get_mut().finish()
    }

    /// No more pairs come. Either all of them are in memory or all are on disk, so that memory is free for the buckets.
    fn close(&mut self) -> Result<()> {
        if self.spilled.is_some() {
            self.spill()?;
            self.lists = vec![Vec::new(); BUCKETS];
        }
        Ok(())
    }

    /// Pairs of a bucket that are on disk.
    fn on_disk(&self, bucket: usize) -> u64 {
        let stretches = self.spilled.as_ref().map(|spilled| &spilled.stretches[bucket][..]);
        stretches.unwrap_or_default().iter().map(|(_, pairs)| pairs).sum()
    }

    /// Reads the pairs of a bucket that are on disk.
    fn read(&self, bucket: usize) -> Result<BucketReader> {
        let Some(spilled) = &self.spilled else {
            return Ok(BucketReader { stretches: Vec::new(), file: None, left: 0 });
        };
        let path =
            spilled.file.path().ok_or_else(|| internal_datafusion_err!("a spill file without a path"))?;
        let file = BufReader::with_capacity(READ_BYTES, File::open(path)?);
        let mut stretches = spilled.stretches[bucket].clone();
        stretches.reverse();
        Ok(BucketReader { stretches, file: Some(file), left: 0 })
    }
}

/// The pairs of one bucket on disk.
struct BucketReader {
    /// Stretches to come, the next one last.
    stretches: Vec<(u64, u64)>,
    file: Option<BufReader<File>>,
    /// Pairs left of the stretch at hand.
    left: u64,
}

impl BucketReader {
    fn next(&mut self) -> Result<Option<Pair>> {
        let Some(file) = &mut self.file else { return Ok(None) };
        while self.left == 0 {
            let Some((from, pairs)) = self.stretches.pop() else { return Ok(None) };
            file.seek(SeekFrom::Start(from))?;
            self.left = pairs;
        }
        self.left -= 1;
        let (mut hash, mut id) = ([0; 8], [0; 8]);
        file.read_exact(&mut hash)?;
        file.read_exact(&mut id)?;
        Ok(Some(Pair { hash: u64::from_le_bytes(hash), id: u64::from_le_bytes(id) }))
    }
}

/// The edges of all stars, one after the other.
pub(super) struct Stars {
    /// Rounds at work, the innermost last, each with its next bucket.
    rounds: Vec<(Buckets, usize)>,
    bucket: Bucket,
    /// The star at hand: its hash, its least id, and the id seen last.
    star: Option<(u64, u64, u64)>,
    closed: bool,
    /// What the pairs in memory were promised.
    _memory: MemoryReservation,
}

/// The bucket at hand.
enum Bucket {
    /// Sorted, and how many pairs are done.
    Sorted(Vec<Pair>, usize),
    /// One hash, whose least id is known.
    OneHash(BucketReader, u64),
}

impl Stars {
    pub(super) fn new(buckets: Buckets, memory: MemoryReservation) -> Self {
        Self {
            rounds: vec![(buckets, 0)],
            bucket: Bucket::Sorted(Vec::new(), 0),
            star: None,
            closed: false,
            _memory: memory,
        }
    }

    /// The next edge: an id, and the least id that shares a hash with it.
    pub(super) fn next_edge(&mut self) -> Result<Option<(u64, u64)>> {
        loop {
            match &mut self.bucket {
                Bucket::Sorted(pairs, done) => {
                    while let Some(pair) = pairs.get(*done) {
                        *done += 1;
                        match &mut self.star {
                            Some((hash, least, last)) if *hash == pair.hash => {
                                if *last != pair.id {
                                    *last = pair.id;
                                    return Ok(Some((pair.id, *least)));
                                }
                            }
                            star => *star = Some((pair.hash, pair.id, pair.id)),
                        }
                    }
                }
                Bucket::OneHash(reader, least) => {
                    while let Some(pair) = reader.next()? {
                        if pair.id != *least {
                            return Ok(Some((pair.id, *least)));
                        }
                    }
                }
            }
            if !self.next_bucket()? {
                return Ok(None);
            }
        }
    }

    /// Takes the next bucket; `false` if there is none.
    fn next_bucket(&mut self) -> Result<bool> {
        if !self.closed {
            self.closed = true;
            self.rounds[0].0.close()?;
        }
        loop {
            let Some((buckets, next)) = self.rounds.last_mut() else { return Ok(false) };
            let bucket = *next;
            *next += 1;
            if bucket == BUCKETS {
                self.rounds.pop();
                continue;
            }
            let on_disk = buckets.on_disk(bucket);
            if on_disk <= buckets.most as u64 {
                let mut pairs = std::mem::take(&mut buckets.lists[bucket]);
                pairs.reserve_exact(on_disk as usize);
                let mut reader = buckets.read(bucket)?;
                while let Some(pair) = reader.next()? {
                    pairs.push(pair);
                }
                pairs.sort_unstable();
                self.bucket = Bucket::Sorted(pairs, 0);
                return Ok(true);
            }
            let mut reader = buckets.read(bucket)?;
            if buckets.is_last_round() {
                let mut least = u64::MAX;
                while let Some(pair) = reader.next()? {
                    least = least.min(pair.id);
                }
                self.bucket = Bucket::OneHash(buckets.read(bucket)?, least);
                return Ok(true);
            }
            self.bucket = Bucket::Sorted(Vec::new(), 0);
            let mut round = buckets.next_round();
            while let Some(pair) = reader.next()? {
                round.push(pair)?;
            }
            round.close()?;
            self.rounds.push((round, 0));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, UnboundedMemoryPool};
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use proptest::prelude::*;

    use super::*;

    fn edges(pairs: &[(u64, u64)], most: usize) -> Vec<(u64, u64)> {
        let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
        let runtime = RuntimeEnvBuilder::new().build().expect("the defaults are valid");
        let mut buckets = Buckets::new(most, Arc::clone(&runtime.disk_manager));
        for (hash, id) in pairs {
            buckets.push(Pair { hash: *hash, id: *id }).expect("the temporary folder can be written");
        }
        let mut stars = Stars::new(buckets, MemoryConsumer::new("test").register(&pool));
        let mut found = Vec::new();
        while let Some(edge) = stars.next_edge().expect("what was written can be read") {
            found.push(edge);
        }
        found
    }

    /// Edges without repetitions, the slow way.
    fn stars(pairs: &[(u64, u64)]) -> BTreeSet<(u64, u64)> {
        let mut by_hash: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for (hash, id) in pairs {
            by_hash.entry(*hash).or_default().insert(*id);
        }
        let star = |ids: &BTreeSet<u64>| {
            let least = *ids.first().expect("no star without ids");
            ids.iter().skip(1).map(|id| (*id, least)).collect::<Vec<_>>()
        };
        by_hash.values().flat_map(star).collect()
    }

    #[test]
    fn what_does_not_fit_in_memory_gives_the_same_edges() {
        // Uniform hashes, one that half of all ids share, and some that differ in their last bits only.
        let mut pairs = Vec::new();
        for id in 0..3000u64 {
            pairs.push((super::super::shingles::mix(id % 700 + 1), id));
            pairs.push((if id % 2 == 0 { u64::MAX } else { id % 5 }, id));
        }
        let expected = stars(&pairs);
        for most in [usize::MAX, 5000, 100, 7] {
            let found = edges(&pairs, most);
            assert_eq!(found.iter().copied().collect::<BTreeSet<_>>(), expected, "{most} pairs in memory");
        }
        let in_memory = edges(&pairs, usize::MAX);
        assert!(in_memory.iter().all(|(id, least)| least < id));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn edges_are_the_stars_whatever_the_memory(
            pairs in prop::collection::vec((prop_oneof![0u64..4, any::<u64>()], 0u64..20), 0..60),
            most in 1usize..80,
        ) {
            let found: BTreeSet<_> = edges(&pairs, most).into_iter().collect();
            prop_assert_eq!(found, stars(&pairs));
        }
    }
}
