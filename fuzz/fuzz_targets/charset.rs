//! See `kilim_fuzz::charset`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilim_fuzz::charset::holds(data));
