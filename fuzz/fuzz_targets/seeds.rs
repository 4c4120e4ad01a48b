//! See `kilim_fuzz::seeds`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilim_fuzz::seeds::holds(data));
