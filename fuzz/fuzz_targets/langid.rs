//! See `kilim_fuzz::langid`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilim_fuzz::langid::holds(data));
