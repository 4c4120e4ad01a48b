//! Pages of the Global African Storybook are marked CC BY or CC BY-NC, and one must never pass for the other.
//!
//! The pages are read in place; without them the test says so and passes.

use std::collections::BTreeSet;

use kilim_benches::fixtures;
use kilim_benches::licences::Reader;

#[test]
fn storybook_pages_are_told_by_from_by_nc() {
    let Some(shared) = fixtures::shared() else {
        eprintln!("skipped: there is no ../shared/fixtures");
        return;
    };
    let wanted = ["fixtures/html/site_african_storybook/", "bench/site_african_storybook/"];
    let pages = fixtures::pages(&shared, &wanted.map(str::to_owned).into()).unwrap();
    let mut reader = Reader::new().unwrap();
    let (mut right, mut all) = (0, 0);
    let mut licences = BTreeSet::new();
    for page in &pages {
        let html = String::from_utf8_lossy(&page.body);
        // The truth is in the markup's own words, one licence a page.
        let codes: BTreeSet<&str> = html
            .split("rel=\"license\" href=\"http://creativecommons.org/licenses/")
            .skip(1)
            .filter_map(|rest| rest.split('/').next())
            .collect();
        let expected = match codes.iter().copied().collect::<Vec<_>>().as_slice() {
            [] => None,
            ["by"] => Some("CC-BY-3.0"),
            ["by-nc"] => Some("CC-BY-NC-3.0"),
            other => panic!("{}: {other:?}", page.path),
        };
        let found = reader.read(page);
        all += 1;
        if found.license.as_deref() == expected {
            right += 1;
        } else {
            eprintln!("{}: {:?}, not {expected:?}: {:?}", page.path, found.license, found.evidence);
        }
        licences.extend(found.license);
    }
    eprintln!("{right} of {all} pages: {licences:?}");
    assert!(all >= 400 && licences.len() == 2, "{all} pages, {licences:?}");
    assert!(f64::from(right) >= 0.99 * f64::from(all), "{right} of {all}");
}
