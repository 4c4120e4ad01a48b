//! Reads a config file and says everything that is wrong with it.

use std::path::{Path, PathBuf};

use garde::Validate;

use super::diagnostic::{Diagnostic, Diagnostics, code};
use super::known::{Known, bloc_names};
use super::schema::corpus_schema;
use super::tree::{self, Node};
use super::types::CorpusConfig;
use super::{meaning, shape};

/// A config that was read, and what it was read from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The config, defaults filled in.
    pub config: CorpusConfig,
    /// The file.
    pub path: PathBuf,
    /// Its text, as it stood.
    pub source_text: String,
    /// The folder of the file: paths in the config are relative to it.
    pub base_dir: PathBuf,
    /// What may not mean what it says.
    pub warnings: Diagnostics,
    tree: Node,
}

/// What `kilim validate` says about one file.
#[derive(Debug, Clone)]
pub struct Report {
    /// Every finding, in the order of the file.
    pub diagnostics: Diagnostics,
    /// The config, if there was no error.
    pub loaded: Option<Loaded>,
}

impl Report {
    /// Whether the config may run.
    pub fn is_valid(&self) -> bool {
        self.loaded.is_some()
    }
}

/// Reads the config at `path`, with what [`Known::by_shape`] knows.
pub fn load(path: &Path) -> Result<Loaded, Diagnostics> {
    load_with(path, &Known::by_shape())
}

/// Reads the config at `path`. Touches the file itself and looks whether the files it names exist; never the network.
pub fn load_with(path: &Path, known: &Known<'_>) -> Result<Loaded, Diagnostics> {
    read(path, known, |_, _| {})
}

/// Reads the config at `path` for a run: as [`load`], and a local-only node must not be served from elsewhere.
/// With `node`, only that node is served.
pub fn validate_file(path: &Path, node: Option<&str>) -> Report {
    validate_file_with(path, node, &Known::by_shape())
}

/// As [`validate_file`], with more knowledge of languages and blocs.
pub fn validate_file_with(path: &Path, node: Option<&str>, known: &Known<'_>) -> Report {
    match read(path, known, |root, found| meaning::check_for_run(root, node, known, found)) {
        Ok(loaded) => Report { diagnostics: loaded.warnings.clone(), loaded: Some(loaded) },
        Err(diagnostics) => Report { diagnostics, loaded: None },
    }
}

/// Whether a run of `loaded` may serve its nodes, or only `node`, from where it stands.
pub fn check_for_run(loaded: &Loaded, node: Option<&str>, known: &Known<'_>) -> Result<(), Diagnostics> {
    let mut found = Vec::new();
    meaning::check_for_run(&loaded.tree, node, known, &mut found);
    if found.is_empty() { Ok(()) } else { Err(Diagnostics::new(&loaded.path, &loaded.source_text, found)) }
}

fn read(
    path: &Path,
    known: &Known<'_>,
    more: impl FnOnce(&Node, &mut Vec<Diagnostic>),
) -> Result<Loaded, Diagnostics> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    let source_text = String::from_utf8(bytes).map_err(|error| not_utf8(path, &error))?;
    let base_dir = folder_of(path).to_owned();

    let mut found = Vec::new();
    let tree = tree::parse(&source_text, &mut found).filter(|root| !root.is_null());
    if let Some(root) = &tree {
        shape::check(corpus_schema(), root, &base_dir, &mut found);
        let own_blocs =
            root.get("blocs").and_then(|file| std::fs::read_to_string(base_dir.join(file.text()?)).ok());
        let own_blocs = own_blocs.as_deref().map(bloc_names);
        let is_bloc =
            |name: &str| own_blocs.as_ref().map_or_else(|| (known.is_bloc)(name), |own| own.contains(name));
        meaning::check(root, &Known { is_bloc: &is_bloc, ..*known }, &mut found);
        more(root, &mut found);
    } else if found.is_empty() {
        let hint = "start with `version: 1`; `kilim schema` shows every field";
        found.push(Diagnostic::error(code::EMPTY, "the config is empty".to_owned(), 0..0).hint(hint));
    }
    let warnings = Diagnostics::new(path, &source_text, found);
    let (Some(tree), false) = (tree, warnings.has_errors()) else { return Err(warnings) };
    match typed(&source_text, &tree) {
        Ok(config) => Ok(Loaded { config, path: path.to_owned(), source_text, base_dir, warnings, tree }),
        Err(found) => Err(Diagnostics::new(path, &source_text, found)),
    }
}

/// What paths in the config at `path` are relative to.
fn folder_of(path: &Path) -> &Path {
    // The parent of `corpus.yaml` is an empty path, which is no folder.
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The typed reader comes last. What it refuses passed the schema: a value that only the type knows to be wrong.
fn typed(source_text: &str, tree: &Node) -> Result<CorpusConfig, Vec<Diagnostic>> {
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let config: CorpusConfig =
        serde_saphyr::from_str_with_options(source_text, options).map_err(|error| {
            let at =
                error.location().and_then(|location| location.span().byte_offset()).unwrap_or(0) as usize;
            let at = at.min(source_text.len());
            vec![Diagnostic::error(code::REFUSED, error.without_snippet().to_string(), at..at)]
        })?;
    let Err(report) = config.validate() else { return Ok(config) };
    let refused = report.iter().map(|(path, error)| {
        let path = path.to_string();
        let range = tree.at(&path).map_or(tree.anchor(), Node::anchor);
        Diagnostic::error(code::REFUSED, format!("`{path}`: {}", error.message()), range)
    });
    Err(refused.collect())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostics {
    let mut finding = Diagnostic::error(code::UNREADABLE, format!("cannot read the config: {error}"), 0..0);
    finding.span = None;
    Diagnostics::new(path, "", vec![finding])
}

fn not_utf8(path: &Path, error: &std::string::FromUtf8Error) -> Diagnostics {
    let at = error.utf8_error().valid_up_to();
    let text = String::from_utf8_lossy(error.as_bytes());
    let line = text[..at].matches('\n').count() + 1;
    let message = format!("not UTF-8 at byte {at}, line {line}");
    // Up to `at` the lossy text has the same bytes as the file.
    let finding = Diagnostic::error(code::NOT_UTF8, message, at..at).hint("save the file as UTF-8");
    Diagnostics::new(path, &text, vec![finding])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_named_without_a_folder_is_in_this_one() {
        for (path, folder) in
            [("corpus.yaml", "."), ("habari/corpus.yaml", "habari"), ("/संग्रह/corpus.yaml", "/संग्रह")]
        {
            assert_eq!(folder_of(Path::new(path)), Path::new(folder), "{path}");
        }
    }
}
