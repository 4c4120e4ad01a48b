use super::*;
use crate::quality::{SIGNALS, Unit};
use proptest::prelude::*;

fn measured(text: &str) -> Signals {
    Measurer::new().measure(text, &LanguageProfile::default())
}

#[test]
fn an_empty_text_has_nothing() {
    let signals = measured("");
    for signal in SIGNALS {
        let value = (signal.get)(&signals);
        assert!(value == 0.0 || value.is_nan(), "{}: {value}", signal.name);
    }
}
