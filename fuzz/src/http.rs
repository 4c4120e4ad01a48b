//! The law of HTTP answers.
//!
//! The input is the block of a `response` record, as it would lie in a WARC file.

use std::borrow::Cow;

use kilim_connectors::http::{BodyProblem, HttpError, HttpLimits, Response};

/// Reached by ordinary pages of a corpus.
const SMALL: HttpLimits = HttpLimits { max_head_bytes: 2 << 10, max_body_bytes: 1 << 10 };
/// Reached by decompression only: inputs are shorter.
const LARGE: HttpLimits = HttpLimits { max_head_bytes: 256 << 10, max_body_bytes: 1 << 20 };

/// Panics if the promises of `kilim_connectors::http` do not hold for this block.
pub fn holds(data: &[u8]) {
    let large = Response::parse(data, LARGE);
    let small = Response::parse(data, SMALL);
    for (read, limits) in [(&large, LARGE), (&small, SMALL)] {
        match read {
            Ok(response) => answer(data, response, limits),
            Err(error) => refusal(data, *error, limits),
        }
    }
    if let (Ok(small), Ok(large)) = (&small, &large) {
        assert_eq!((small.status, &small.fields), (large.status, &large.fields), "the cap changes the head");
        smaller_cap(small, large);
    }
}

fn answer(data: &[u8], response: &Response<'_>, limits: HttpLimits) {
    assert!((100..1000).contains(&response.status), "status {}", response.status);
    assert!(response.body.len() <= limits.max_body_bytes, "the body is {} bytes", response.body.len());
    let past_cap = response.problems.contains(&BodyProblem::PastCap);
    assert!(
        !past_cap || response.body.len() == limits.max_body_bytes || codings(response).len() > 1,
        "cut at the cap, yet shorter"
    );
    for (name, value) in response.fields.iter() {
        assert!(!name.contains(['\n', ':']), "a field is named {name:?}");
        assert!(!value.contains('\n'), "{name} holds a line end");
        assert!(response.fields.get_all(name).any(|other| other == value), "{name} is not found by its name");
    }
    let content_type = response.content_type();
    assert!(!content_type.essence.contains([';', ',']), "{content_type:?}");
    assert_eq!(content_type.essence, content_type.essence.trim().to_ascii_lowercase());

    let codings = codings(response);
    if codings.is_empty() {
        let Cow::Borrowed(body) = &response.body else { panic!("a body without coding was copied") };
        assert_eq!(past_cap, !response.problems.is_empty(), "{:?}", response.problems);
        assert!(past_cap || data.ends_with(body), "a body without coding was changed");
    }
    if codings.iter().all(|coding| coding == "chunked") {
        assert!(response.body.len() <= data.len(), "chunks hold more than they are");
    }
}

fn refusal(data: &[u8], error: HttpError, limits: HttpLimits) {
    match error {
        HttpError::Empty => assert!(data.is_empty()),
        HttpError::NoStatusLine => assert!(!data.is_empty()),
        HttpError::HeadTooLong { max_bytes } => {
            assert_eq!(max_bytes, limits.max_head_bytes);
            assert!(data.len() > max_bytes, "a head of at most {} bytes is too long", data.len());
        }
    }
}

/// What a smaller cap keeps is the beginning of what a larger one keeps. Not so where the reader has to guess whether
/// there is a coding at all: it may see that there is none only behind the smaller cap.
fn smaller_cap(small: &Response<'_>, large: &Response<'_>) {
    let marked = match codings(small).as_slice() {
        [] => true,
        [coding] => matches!(coding.as_str(), "chunked" | "gzip" | "x-gzip" | "zstd"),
        _ => false,
    };
    if marked {
        assert!(large.body.starts_with(&small.body), "a smaller cap gives other bytes");
        assert_eq!(
            small.body.len(),
            large.body.len().min(SMALL.max_body_bytes),
            "a smaller cap gives fewer bytes than it could"
        );
    }
}

/// The codings that the fields name, first put on first.
fn codings(response: &Response<'_>) -> Vec<String> {
    ["Content-Encoding", "Transfer-Encoding"]
        .iter()
        .flat_map(|name| response.fields.get_all(name).flat_map(|value| value.split(',')))
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !matches!(coding.as_str(), "" | "identity" | "none" | "binary"))
        .collect()
}
