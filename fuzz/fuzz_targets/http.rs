//! See `kilim_fuzz::http`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilim_fuzz::http::holds(data));
