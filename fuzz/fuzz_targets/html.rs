//! See `kilim_fuzz::html`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    // libfuzzer-sys aborts at every panic, even one that the extractor catches, as it does with those of its parser.
    // Without that hook, only what leaves the law is a finding.
    init: drop(std::panic::take_hook()),
    |data: &[u8]| kilim_fuzz::html::holds(data)
);
