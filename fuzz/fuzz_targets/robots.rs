//! See `kilim_fuzz::robots`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilim_fuzz::robots::holds(data));
