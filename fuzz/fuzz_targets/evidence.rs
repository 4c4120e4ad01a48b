//! See `kilim_fuzz::evidence`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilim_fuzz::evidence::holds(data));
