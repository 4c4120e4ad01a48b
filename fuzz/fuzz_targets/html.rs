//! See `kilim_fuzz::html`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilim_fuzz::html::holds(data));
