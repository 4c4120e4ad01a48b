//! `make-corpus`: the inputs that cargo-fuzz starts from.
//!
//! ```text
//! cargo run -p kilim-fuzz --example make-corpus -- fuzz/corpus
//! ```

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use kilim_fuzz::corpus::LAWS;

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).context("name a folder, such as fuzz/corpus")?);
    for &(law, make) in LAWS {
        let folder = folder.join(law);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for (name, bytes) in make() {
            let file = folder.join(name);
            fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    Ok(())
}
