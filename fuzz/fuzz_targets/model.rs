//! See `kilim_fuzz::model`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilim_fuzz::model::holds(data));
