//! `cargo run -p kilim-benches --bin make-samples`: writes the generated files of `data-samples/` again.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data-samples");
    for (name, bytes) in kilim_benches::samples::make(&samples)? {
        let path = samples.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
