//! See `kilim_fuzz::warc`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilim_fuzz::warc::holds(data));
