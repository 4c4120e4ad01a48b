//! Lists from files.
//!
//! A list of words has an entry a line, or the columns `language,entry` under that header; a language is an ISO 639-3
//! code, and empty means all. A list of hosts has a host a line, as a `hosts` file or without an address before it.
//! Lines that begin with `#` are comments, and so is what follows ` #` behind a host.

use super::hosts::{HostSet, host};
use super::words::{ALLOWED, Entries};
use super::{ListError, ListFile};

/// The most that a file of hosts may have, so that places in it are numbers of four bytes.
const MAX_BYTES: usize = 1 << 31;

/// Longest entry, in bytes: no phrase is as long.
const MAX_ENTRY_BYTES: usize = 512;

const TABLE_HINT: &str =
    "the columns are language,entry; a list for all languages has an entry a line and no columns";

fn wrong(file: &ListFile, line: usize, problem: impl Into<String>, hint: &'static str) -> ListError {
    ListError::Line { path: file.path.clone(), line, problem: problem.into(), hint }
}

/// Calls `each` with the number and the text of every line that is neither empty nor a comment.
fn lines(
    file: &ListFile,
    mut each: impl FnMut(usize, &str) -> Result<(), ListError>,
) -> Result<(), ListError> {
    let bytes = file.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.bytes);
    for (line, bytes) in (1..).zip(bytes.split(|b| *b == b'\n')) {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| wrong(file, line, "not UTF-8", "save the file in UTF-8"))?
            .trim();
        if !text.is_empty() && !text.starts_with('#') {
            each(line, text)?;
        }
    }
    Ok(())
}

/// Adds the entries of a file to list number `list`.
pub(super) fn words(file: &ListFile, list: u32, entries: &mut Entries) -> Result<(), ListError> {
    let mut is_table = None;
    let mut any = false;
    lines(file, |line, text| {
        let columns: Vec<&str> = text.split(',').map(str::trim).collect();
        if is_table.is_none() {
            is_table = Some(columns == ["language", "entry"]);
            if columns == ["language", "entry"] {
                return Ok(());
            }
            if columns.contains(&"entry") && columns.len() > 1 {
                return Err(wrong(file, line, "the columns are not language,entry", TABLE_HINT));
            }
        }
        let (language, entry) = if is_table == Some(true) {
            let Some((language, entry)) = text.split_once(',') else {
                return Err(wrong(file, line, "not two columns", TABLE_HINT));
            };
            (Some(language.trim()).filter(|language| !language.is_empty()), entry)
        } else {
            (None, text)
        };
        if let Some(unknown) = language.filter(|language| !kilim_langid::known_code(language)) {
            let problem = format!("`{unknown}` is not an ISO 639-3 code");
            return Err(wrong(file, line, problem, "three letters, as in `swa`; empty for all languages"));
        }
        if entry.len() > MAX_ENTRY_BYTES {
            return Err(wrong(
                file,
                line,
                format!("an entry of {} bytes", entry.len()),
                "one word or phrase a line",
            ));
        }
        match entries.add(list, language.or(file.language.as_deref()), entry) {
            None => Err(wrong(file, line, "an entry without letters", "leave the line out")),
            Some(1) if list != ALLOWED => Err(wrong(
                file,
                line,
                "an entry of one letter",
                "leave the line out: it is part of too many words",
            )),
            Some(_) => {
                any = true;
                Ok(())
            }
        }
    })?;
    if any { Ok(()) } else { Err(ListError::Empty { path: file.path.clone() }) }
}

/// The hosts in a file.
pub(super) fn hosts(file: &ListFile) -> Result<HostSet, ListError> {
    if file.bytes.len() > MAX_BYTES {
        return Err(ListError::TooLarge {
            path: file.path.clone(),
            problem: format!("{} bytes", file.bytes.len()),
            hint: "cut the list in two: several lists may have one kind",
        });
    }
    let (mut names, mut ends) = (String::new(), Vec::new());
    lines(file, |line, text| {
        let text = text.split_once(" #").map_or(text, |(text, _)| text).trim();
        let name =
            host(text).map_err(|problem| wrong(file, line, problem, "a host a line: `mfano.example`"))?;
        names.push_str(&name);
        ends.push(names.len() as u32);
        Ok(())
    })?;
    let hosts = HostSet::new(&names, &ends);
    if hosts.len() == 0 { Err(ListError::Empty { path: file.path.clone() }) } else { Ok(hosts) }
}
