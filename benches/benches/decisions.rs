//! What a decision costs a document: rows gather their answer from those of the distinct tuples. Items are documents.
//!
//! ```text
//! cargo bench -p kilim-benches --bench decisions
//! ```
//!
//! `gather` is the path of stage 3: a row's tuple in canonical JSON, its language and its kinds of personal data to the
//! nodes that take it, in batches of as many rows as DataFusion hands out. `by_number` is the
//! same once a row has the number of its tuple. `cedar` is what the policies themselves take, once a distinct tuple and
//! node. 200 tuples are what the sample crawl has, 5,000 a crawl of a billion documents.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::ItemsCount;
use kilim::policy::{
    Decider, DecisionTable, Gather, LICENCES, NodeFacts, OptOut, Policies, RESIDENCY, Tuple,
};

/// Documents: above 100,000, where a decision may cost 50 ns.
const DOCUMENTS: usize = 1 << 18;
/// Rows of a batch.
const BATCH: usize = 8192;
const COUNTRIES: [&str; 12] = ["KE", "TZ", "UG", "IN", "DE", "GR", "FR", "PL", "NG", "ET", "TH", "RU"];
const LANGUAGES: [&str; 8] =
    ["swa_Latn", "luo_Latn", "hin_Deva", "tam_Taml", "ell_Grek", "amh_Ethi", "tha_Thai", "arb_Arab"];

fn main() {
    divan::main();
}

/// Distinct tuples, as a crawl with many stewards has them.
fn tuples(count: usize) -> Vec<Tuple> {
    (0..count)
        .map(|number| {
            let country = COUNTRIES[number % COUNTRIES.len()].to_owned();
            let jurisdictions = [country].into();
            Tuple {
                cluster_jurisdictions: [COUNTRIES[number / 3 % COUNTRIES.len()].to_owned()]
                    .into_iter()
                    .chain(std::iter::once(COUNTRIES[number % COUNTRIES.len()].to_owned()))
                    .collect(),
                community: [format!("community-{}", number % 7)].into(),
                jurisdictions,
                license_tier: (number % 6) as u8,
                mode: ["open", "restricted", "local-only"][number % 3].to_owned(),
                optout_train: [OptOut::Unknown, OptOut::Allow, OptOut::Disallow][number / 2 % 3],
                personal: number.is_multiple_of(5),
                source: "crawl".to_owned(),
                steward: format!("steward-{number}"),
            }
        })
        .collect()
}

fn nodes() -> Vec<NodeFacts> {
    let node = |name: &str, jurisdiction: &str, accepts: &[&str]| NodeFacts {
        name: name.to_owned(),
        jurisdiction: jurisdiction.to_owned(),
        mode: "open".to_owned(),
        accepts: accepts.iter().map(|&country| country.to_owned()).collect(),
    };
    vec![
        node("ke", "KE", &["KE", "TZ", "UG"]),
        node("in", "IN", &["IN"]),
        node("eu", "EU", &["DE", "EU", "FR", "GR", "PL"]),
    ]
}

fn decider() -> Decider {
    let policies = Policies::load(&[("residency.cedar", RESIDENCY), ("licences.cedar", LICENCES)]);
    Decider::new(policies.expect("a test loads the shipped policies"), nodes(), &[]).expect("names differ")
}

/// Rows of documents: tuple in canonical JSON, language, kinds of personal data. Neighbours differ, as those of a crawl
/// in another order than its sites; the worst case for a table.
fn rows(tuples: &[Tuple]) -> Vec<(String, &'static str, &'static str)> {
    let forms: Vec<String> = tuples.iter().map(Tuple::canonical).collect();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    (0..DOCUMENTS)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let pick = state as usize >> 8;
            let kinds = if pick.is_multiple_of(16) { "email,phone" } else { "" };
            (forms[pick % forms.len()].clone(), LANGUAGES[pick % 3], kinds)
        })
        .collect()
}

#[divan::bench(args = [200, 5_000], sample_count = 20)]
fn gather(bencher: Bencher<'_, '_>, distinct: usize) {
    let tuples = tuples(distinct);
    let table = DecisionTable::build(&decider(), tuples.iter().cloned().map(|tuple| (tuple, 1)), distinct)
        .expect("as many as are asked for");
    let rows = rows(&tuples);
    bencher.counter(ItemsCount::new(DOCUMENTS)).bench(|| {
        let mut takers = 0usize;
        for batch in rows.chunks(BATCH) {
            let mut wants: Gather<'_, 2, [bool; 3]> = Gather::default();
            for (tuple, lang, kinds) in batch {
                let index = table.index_of_form(tuple).expect("all tuples were decided");
                let wants = wants.answer([lang, kinds], || [lang.starts_with('s'), kinds.is_empty(), true]);
                let allowed = table.allowed_nodes(index).iter().zip(wants);
                takers += allowed.map(|(allowed, wants)| usize::from(*allowed && *wants)).sum::<usize>();
            }
        }
        takers
    });
}

#[divan::bench(args = [200, 5_000], sample_count = 50)]
fn by_number(bencher: Bencher<'_, '_>, distinct: usize) {
    let tuples = tuples(distinct);
    let table = DecisionTable::build(&decider(), tuples.iter().cloned().map(|tuple| (tuple, 1)), distinct)
        .expect("as many as are asked for");
    let numbers: Vec<u32> = (0..DOCUMENTS).map(|row| (row * 7919 % distinct) as u32).collect();
    bencher
        .counter(ItemsCount::new(DOCUMENTS))
        .bench(|| numbers.iter().filter(|&&number| table.allowed(black_box(number), 0)).count());
}

#[divan::bench(sample_count = 10)]
fn cedar(bencher: Bencher<'_, '_>) {
    let (tuples, decider) = (tuples(200), decider());
    let questions = tuples.len() * decider.nodes().len();
    bencher.counter(ItemsCount::new(questions)).bench(|| {
        tuples.iter().map(|tuple| decider.decide_afresh(black_box(tuple)).emit.len()).sum::<usize>()
    });
}
